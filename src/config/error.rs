//! What can be wrong with a configuration. No message ever shows a secret, nor the value of a key into which one may have been
//! pasted; names, keys, files and paths are shown.

use crate::auth::InvalidList;
use crate::channel::wechat::v2::{InvalidApiKey, InvalidProxy};
use crate::store::InvalidDatabaseUrl;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that the library does not take.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// There is no such key.
    #[error("{key}{place}: there is no such key{}", .similar.as_ref().map(|known| format!("; did you mean {known}?")).unwrap_or_default())]
    Unknown {
        /// `section.key`, or a section.
        key: String,
        /// Where it stands, if that is a file.
        place: String,
        /// A key that there is.
        similar: Option<String>,
    },
    /// A value is of another type.
    #[error("{key}{place} must be {expected}")]
    Type {
        /// `section.key`.
        key: String,
        /// Where it stands, if that is a file.
        place: String,
        /// Which type.
        expected: &'static str,
    },
    /// A variable of ours cannot be read.
    #[error("the variable {0} is not UTF-8")]
    NotUtf8(String),
    /// The profile's name is not one.
    #[error("WECHAT_PAY__PROFILE is a name of letters, digits, - and _")]
    Profile,
    /// The profile's file cannot be read.
    #[error("{file}, which WECHAT_PAY__PROFILE names: {why}")]
    ProfileFile {
        /// Which file.
        file: String,
        /// What the system or the parser says, without the file's text.
        why: String,
    },
    /// Some of the credentials, but not all.
    #[error(
        "{} missing: wechat.appid, wechat.mch_id and wechat.api_key belong together (leave out all three for the simulator)",
        list_of_missing(.0)
    )]
    Credentials(Vec<&'static str>),
    /// Without credentials the simulator would be WeChat, and this looks like a service that is meant to have them.
    #[error(
        "no WeChat credentials are configured, so the simulator, whose key is published, would be WeChat; but {}. Set wechat.appid, \
         wechat.mch_id and wechat.api_key; or, for a database of tests, simulator.accept_database = true",
        .0.join(", and ")
    )]
    Simulator(Vec<String>),
    /// A key's value is not allowed.
    #[error("{key}: {why}")]
    Value {
        /// `section.key`.
        key: &'static str,
        /// What is expected.
        why: &'static str,
    },
    /// A key's value is no duration.
    #[error(
        "{key}: {}a duration such as \"2h\", \"90s\" or \"500ms\", or plain seconds; {range}",
        .shown.as_ref().map(|text| format!("{text:?} is no duration; ")).unwrap_or_default()
    )]
    Duration {
        /// `section.key`.
        key: &'static str,
        /// What was written, if it is no secret in the wrong place.
        shown: Option<String>,
        /// Which durations are allowed.
        range: &'static str,
    },
    /// The API key cannot be one.
    #[error("wechat.api_key: {0}")]
    ApiKey(#[from] InvalidApiKey),
    /// The proxy's URL cannot be one.
    #[error("wechat.proxy: {0}")]
    Proxy(#[from] InvalidProxy),
    /// A secret's file cannot be taken.
    #[error("the file of {key}: {why}")]
    SecretFile {
        /// Which secret's file.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A secret stands in more than one place.
    #[error("{key} is given {}: in one place only, for one of them would silently be the wrong one", .places.join(" as well as "))]
    SecretPlaces {
        /// Which secret.
        key: &'static str,
        /// Where it stands.
        places: Vec<String>,
    },
    /// A list of keys or secrets is none.
    #[error("{key}: {why}")]
    List {
        /// `section.key`.
        key: &'static str,
        /// What is wrong with it.
        why: InvalidList,
    },
    /// The database URL cannot be one.
    #[error("database.url: {0}")]
    Database(#[from] InvalidDatabaseUrl),
}

fn list_of_missing(keys: &[&str]) -> String {
    format!("{} {}", keys.join(" and "), if keys.len() == 1 { "is" } else { "are" })
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        // The library's messages quote values.
        Self::Unreadable(match error {
            config::ConfigError::At { key: Some(key), .. } | config::ConfigError::Type { key: Some(key), .. } => {
                format!("{key} has a value that cannot be taken")
            }
            _ => "a value cannot be taken".to_owned(),
        })
    }
}
