//! Configuration: `config/default.toml`, compiled in ← `config/<profile>.toml` ← the environment
//! (`WECHAT_PAY__<SECTION>__<KEY>`). Read once, at start, into types that cannot be wrong.

mod error;
mod raw;
mod settings;

pub use error::ConfigError;
pub use settings::{LimitSettings, ServerSettings, Settings, SimulatorSettings, Wechat};

use std::collections::HashMap;

use config::{Config, Environment, File, FileFormat};

use raw::Raw;

/// The file of the profile that is named in these variables, if the API key or a database password may stand in it.
pub fn profile_with_secrets(variables: &HashMap<String, String>) -> Option<std::path::PathBuf> {
    let path = std::path::PathBuf::from(format!("config/{}.toml", variables.get(PROFILE)?));
    let file = Config::builder().add_source(File::from(path.clone()).format(FileFormat::Toml)).build().ok()?;
    let holds = |key: &str| file.get_string(key).is_ok_and(|value| !value.is_empty());
    let has_password = file.get_string("database.url").is_ok_and(|url| url.contains('@'));
    (holds("wechat.api_key") || has_password).then_some(path)
}

const PREFIX: &str = "WECHAT_PAY__";
const PROFILE: &str = "WECHAT_PAY__PROFILE";

impl Settings {
    /// Reads the configuration of this process.
    pub fn load() -> Result<Self, ConfigError> {
        Self::from_environment(std::env::vars().collect())
    }

    /// Reads the configuration that these environment variables make, with the profile's file if one is named.
    pub fn from_environment(variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        let profile = variables.get(PROFILE).cloned();
        let ours: HashMap<_, _> = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX) && name != PROFILE).collect();
        let mut builder = Config::builder().add_source(File::from_str(include_str!("../../config/default.toml"), FileFormat::Toml));
        if let Some(profile) = profile {
            let plain = !profile.is_empty() && profile.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !plain {
                return Err(ConfigError::Profile);
            }
            builder = builder.add_source(File::new(&format!("config/{profile}.toml"), FileFormat::Toml));
        }
        let environment = Environment::with_prefix("WECHAT_PAY").prefix_separator("__").separator("__").source(Some(ours));
        let raw: Raw = builder.add_source(environment).build()?.try_deserialize()?;
        raw.validate()
    }
}
