//! What can be wrong with a configuration. No message ever shows a secret, nor the value of a key into which one may have been
//! pasted; names, keys, files and paths are shown.

use std::fmt;

use crate::auth::InvalidList;
use crate::channel::wechat::v2::{InvalidApiKey, InvalidClientCertificate, InvalidProxy};
use crate::language::{Language, Text};
use crate::store::InvalidDatabaseUrl;

/// Why the service does not start.
#[derive(Debug)]
pub enum ConfigError {
    /// A value that the library does not take; its key, where that is known.
    Unreadable(Option<String>),
    /// There is no such key.
    Unknown {
        /// `section.key`, or a section.
        key: String,
        /// The file in which it stands, if it is one.
        place: Option<String>,
        /// A key that there is.
        similar: Option<String>,
    },
    /// A value is of another type.
    Type {
        /// `section.key`.
        key: String,
        /// The file in which it stands, if it is one.
        place: Option<String>,
        /// Which type.
        expected: Text,
    },
    /// A variable of ours cannot be read.
    NotUtf8(String),
    /// Two variables are of one key.
    TwoVariables(String, String),
    /// The profile's name is not one.
    Profile,
    /// The profile's file cannot be read.
    ProfileFile {
        /// Which file.
        file: String,
        /// What the system or the parser says, without the file's text.
        why: String,
    },
    /// Some of an account's credentials, but not all.
    Credentials {
        /// The account's section.
        section: String,
        /// Which are missing.
        missing: Vec<&'static str>,
    },
    /// Without credentials the simulator would be WeChat, and this looks like a service that is meant to have them.
    Simulator(Vec<Text>),
    /// A key's value is not allowed.
    Value {
        /// `section.key`.
        key: String,
        /// What is expected.
        why: Text,
    },
    /// A key's value is no duration.
    Duration {
        /// `section.key`.
        key: String,
        /// What was written, if it is no secret in the wrong place.
        shown: Option<String>,
        /// Which durations are allowed.
        range: Text,
    },
    /// The API key cannot be one.
    ApiKey {
        /// `section.key`.
        key: String,
        /// What is wrong with it.
        why: InvalidApiKey,
    },
    /// A client certificate without its key, or a key without its certificate.
    HalfCertificate {
        /// Whose section.
        section: String,
        /// Which half is given.
        given: &'static str,
        /// Which is not.
        missing: &'static str,
    },
    /// The client certificate cannot be used.
    Certificate {
        /// Whose section.
        section: String,
        /// What is wrong with it.
        why: InvalidClientCertificate,
    },
    /// The proxy's URL cannot be one.
    Proxy {
        /// `section.key`.
        key: String,
        /// What is wrong with it.
        why: InvalidProxy,
    },
    /// A secret's file cannot be taken.
    SecretFile {
        /// Which secret's file.
        key: String,
        /// What is wrong with it.
        why: Text,
    },
    /// A secret stands in more than one place.
    SecretPlaces {
        /// Which secret.
        key: String,
        /// Where it stands.
        places: Vec<Text>,
    },
    /// A list of keys or secrets is none.
    List {
        /// `section.key`.
        key: String,
        /// What is wrong with it.
        why: InvalidList,
    },
    /// The database URL cannot be one.
    Database(InvalidDatabaseUrl),
}

/// In English, as the log has it.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.told().read(Language::English))
    }
}

impl std::error::Error for ConfigError {}

impl From<InvalidDatabaseUrl> for ConfigError {
    fn from(error: InvalidDatabaseUrl) -> Self {
        Self::Database(error)
    }
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        // The library's messages quote values.
        Self::Unreadable(match error {
            config::ConfigError::At { key, .. } | config::ConfigError::Type { key, .. } => key,
            _ => None,
        })
    }
}
