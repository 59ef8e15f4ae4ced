//! Configuration: `config/default.toml`, compiled in ← `config/<profile>.toml` ← the environment
//! (`WECHAT_PAY__<SECTION>__<KEY>`). Read once, at start, into types that cannot be wrong.

mod error;
mod page;
mod raw;
mod settings;

pub use error::ConfigError;
pub use settings::{LimitSettings, PageSettings, ReturnUrl, ServerSettings, Settings, SimulatorSettings, Wechat};

use std::collections::HashMap;

use config::{Config, Environment, File, FileFormat};

use raw::Raw;

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
