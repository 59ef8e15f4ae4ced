//! Configuration: `config/default.toml`, compiled in ← `config/<profile>.toml` ← the environment
//! (`WECHAT_PAY__<SECTION>__<KEY>`). Read once, at start, into types that cannot be wrong.

mod error;
mod page;
mod raw;
mod secrets;
mod settings;

pub use error::ConfigError;
pub use settings::{LimitSettings, PageSettings, ReturnUrl, ServerSettings, Settings, SimulatorSettings, Wechat};

use std::collections::HashMap;
use std::path::PathBuf;

use config::{Config, Environment, File, FileFormat};

use raw::Raw;
use secrets::Secrets;

const PREFIX: &str = "WECHAT_PAY__";
const PROFILE: &str = "WECHAT_PAY__PROFILE";

/// The files in which secrets may stand, by these variables: the profile's, if it holds any, those that it or a variable
/// names (`…_file`), and what systemd hands to the service. For the doctor, who looks at who can read them.
pub fn secret_files(variables: &HashMap<String, String>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if let Some(profile) = variables.get(PROFILE) {
        let path = PathBuf::from(format!("config/{profile}.toml"));
        let read = Config::builder().add_source(File::from(path.clone()).format(FileFormat::Toml)).build();
        let sections = read.and_then(Config::try_deserialize::<HashMap<String, HashMap<String, config::Value>>>).unwrap_or_default();
        let values: Vec<_> = sections.into_values().flatten().map(|(key, value)| (key, value.to_string())).collect();
        let is_secret = |(key, value): &(String, String)| {
            !value.is_empty() && (key.ends_with("key") || key.contains("secret") || (key == "url" && value.contains('@')))
        };
        files.extend(values.iter().any(is_secret).then_some(path));
        files.extend(values.iter().filter(|(key, _)| key.ends_with("_file")).map(|(_, file)| PathBuf::from(file)));
    }
    let named = variables.iter().filter(|(name, _)| name.starts_with(PREFIX) && name.ends_with("_FILE"));
    files.extend(named.map(|(_, file)| PathBuf::from(file)));
    let handed = variables.get("CREDENTIALS_DIRECTORY").and_then(|directory| std::fs::read_dir(directory).ok());
    files.extend(handed.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())));
    files.retain(|file| file.is_file());
    files
}

impl Settings {
    /// Reads the configuration of this process.
    pub fn load() -> Result<Self, ConfigError> {
        Self::from_environment(std::env::vars().collect())
    }

    /// Reads the configuration that these environment variables make, with the profile's file if one is named.
    pub fn from_environment(variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        let profile = variables.get(PROFILE).cloned();
        let secrets = Secrets::beside(&variables);
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
        raw.with_secrets(&secrets)?.validate()
    }
}
