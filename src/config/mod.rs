//! Configuration: `config/default.toml`, compiled in ← `config/<profile>.toml` ← the environment
//! (`WECHAT_PAY__<SECTION>__<KEY>`). Read once, at start, into types that cannot be wrong.

mod environment;
mod error;
mod keys;
mod mistakes;
mod page;
mod raw;
mod secrets;
mod settings;

pub use error::ConfigError;
pub use mistakes::ConfigErrors;
pub use settings::{LimitSettings, PageSettings, ReturnUrl, ServerSettings, Settings, SimulatorSettings, Wechat};

use std::collections::HashMap;
use std::path::PathBuf;

use config::{Config, Environment, File, FileFormat};

use mistakes::Mistakes;
use raw::Raw;
use secrets::Secrets;
use serde::Deserialize;

const DEFAULTS: &str = include_str!("../../config/default.toml");
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
            !value.is_empty()
                && (key.ends_with("key") || key.contains("secret") || (matches!(key.as_str(), "url" | "proxy") && value.contains('@')))
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

/// The environment variables of this process, as far as they are readable; or which of ours are not.
pub fn variables() -> Result<HashMap<String, String>, ConfigErrors> {
    let mut mistakes = Mistakes::default();
    let variables = environment::read(std::env::vars_os(), &mut mistakes);
    mistakes.or_else(Some(variables))
}

impl Settings {
    /// Reads the configuration of this process.
    pub fn load() -> Result<Self, ConfigErrors> {
        Self::from_environment(variables()?)
    }

    /// Reads the configuration that these environment variables make, with the profile's file if one is named.
    pub fn from_environment(variables: HashMap<String, String>) -> Result<Self, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let profile = mistakes.take(variables.get(PROFILE).map(|profile| profile_file(profile)).transpose()).flatten();
        let raw = read(&variables, profile.as_deref(), &mut mistakes)?;
        let settings = mistakes.take(raw.with_secrets(&Secrets::beside(&variables)).and_then(Raw::validate));
        mistakes.or_else(settings.map(|settings| Self { profile, warnings: warnings(&variables, &settings), ..settings }))
    }
}

/// What is written in the profile and the environment, over the defaults.
fn read(variables: &HashMap<String, String>, profile: Option<&str>, mistakes: &mut Mistakes) -> Result<Raw, ConfigError> {
    let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    let given = match profile {
        Some(file) => defaults.clone().add_source(File::new(file, FileFormat::Toml)),
        None => defaults.clone(),
    };
    let ours = variables.iter().filter(|(name, _)| name.starts_with(PREFIX) && *name != PROFILE);
    let ours = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
    let environment = Environment::with_prefix("WECHAT_PAY").prefix_separator("__").separator("__").source(Some(ours));
    let known = keys::known(given.add_source(environment).build()?, defaults.build()?, mistakes)?;
    Ok(Raw::deserialize(known)?)
}

/// The file of a profile, if it is one that can be read.
fn profile_file(profile: &str) -> Result<String, ConfigError> {
    let plain = !profile.is_empty() && profile.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !plain {
        return Err(ConfigError::Profile);
    }
    let file = format!("config/{profile}.toml");
    let broken =
        |why| ConfigError::ProfileFile { file: std::path::absolute(&file).map_or(file.clone(), |file| file.display().to_string()), why };
    let text = std::fs::read_to_string(&file).map_err(|error| broken(error.to_string()))?;
    match Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build() {
        Ok(_) => Ok(file),
        // The first line says where; the others show what stands there.
        Err(error) => Err(broken(error.to_string().lines().next().unwrap_or_default().to_owned())),
    }
}

/// What is no mistake, and most likely not meant.
fn warnings(variables: &HashMap<String, String>, settings: &Settings) -> Vec<String> {
    let mut warnings = environment::mistyped(variables);
    if settings.wechat.as_ref().is_some_and(|wechat| wechat.endpoints.proxy.is_none()) {
        warnings.extend(environment::proxies(variables));
    }
    warnings
}
