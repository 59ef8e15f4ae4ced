//! What can be wrong with a configuration. No message ever shows a value: one of them may be the API key.

use crate::auth::InvalidList;
use crate::store::InvalidDatabaseUrl;
use crate::wechat::InvalidApiKey;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not readable, an unknown key, or a value of another type.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// The profile's name is not one.
    #[error("WECHAT_PAY__PROFILE is a name of letters, digits, - and _")]
    Profile,
    /// Some of the credentials, but not all.
    #[error("{missing} is missing: wechat.appid, wechat.mch_id and wechat.api_key belong together (leave out all three for the simulator)")]
    Credentials {
        /// Which are missing.
        missing: String,
    },
    /// A key's value is not allowed.
    #[error("{key}: {why}")]
    Value {
        /// `section.key`.
        key: &'static str,
        /// What is expected.
        why: &'static str,
    },
    /// The API key cannot be one.
    #[error("wechat.api_key: {0}")]
    ApiKey(#[from] InvalidApiKey),
    /// A secret's file cannot be taken.
    #[error("the file of {key}: {why}")]
    SecretFile {
        /// Whose file.
        key: &'static str,
        /// What is wrong with it.
        why: String,
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

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        // The library's messages for a wrong type quote the value.
        Self::Unreadable(match &error {
            config::ConfigError::Type { key, expected, .. } => {
                format!("{} must be {expected}", key.as_deref().unwrap_or("a value"))
            }
            config::ConfigError::At { error, key, .. } => match &**error {
                config::ConfigError::Type { expected, .. } => format!("{} must be {expected}", key.as_deref().unwrap_or("a value")),
                other => format!("{}: {}", key.as_deref().unwrap_or("a value"), quiet(other)),
            },
            other => quiet(other),
        })
    }
}

fn quiet(error: &config::ConfigError) -> String {
    match error {
        config::ConfigError::Message(message) if message.starts_with("unknown field") => message.clone(),
        config::ConfigError::NotFound(key) => format!("{key} is missing"),
        config::ConfigError::FileParse { uri, .. } => format!("{} is not valid TOML", uri.as_deref().unwrap_or("the file")),
        config::ConfigError::Foreign(_) => "the profile's file cannot be read".to_owned(),
        config::ConfigError::Message(message) if message.contains("not found") => message.clone(),
        _ => "a key or value that is not known".to_owned(),
    }
}
