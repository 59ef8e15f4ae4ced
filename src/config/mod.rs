//! Configuration: `config/default.toml`, compiled in ← `config/<profile>.toml` ← the environment
//! (`WECHAT_PAY__<SECTION>__<KEY>`). Read once, at start, into types that cannot be wrong.

mod account;
mod accounts;
mod auth;
mod auth_keys;
mod bill;
mod certificate_words;
mod certificates;
mod checks;
mod console;
mod database;
mod deal;
mod duration;
mod environment;
mod error;
mod error_words;
mod events;
mod keys;
mod limits;
mod metrics;
mod mistakes;
mod origin;
mod overview;
mod page;
mod page_color;
mod page_frames;
mod page_logo;
mod raw;
mod reach;
mod refund;
mod renumbered;
mod return_url;
mod secret_files;
mod secrets;
mod server;
mod settings;
mod simulator;
mod simulator_merchants;
mod sweep;
mod table;
mod way_words;
mod ways;
mod webhook_url;
mod webhook_words;
mod webhooks;
mod words;

pub use account::{AccountSettings, CertificateSettings, CertificateSource, section};
pub use console::{ConsoleSettings, ConsoleUser};
pub use error::ConfigError;
pub use limits::LimitSettings;
pub use mistakes::ConfigErrors;
pub use overview::Overview;
pub use page::PageSettings;
pub use page_color::Color;
pub use page_frames::FrameAncestors;
pub use page_logo::Logo;
pub use renumbered::Renumbered;
pub use return_url::{ReturnHosts, ReturnUrl};
pub use secret_files::secret_files;
pub use server::ServerSettings;
pub use settings::Settings;
pub use simulator::SimulatorSettings;
pub use webhooks::WebhookSettings;

use std::collections::HashMap;

use config::{Config, Environment, File, FileFormat};

use mistakes::Mistakes;
use origin::Origins;
use raw::Raw;
use secrets::Secrets;
use serde::Deserialize;

use crate::auth::{Caller, Scope};
use crate::language::Text;

const DEFAULTS: &str = include_str!("../../config/default.toml");
const PREFIX: &str = "WECHAT_PAY__";
const PROFILE: &str = "WECHAT_PAY__PROFILE";

/// The environment variables of this process, as far as they are readable; or which of ours are not.
pub fn variables() -> Result<HashMap<String, String>, ConfigErrors> {
    let mut mistakes = Mistakes::default();
    let variables = environment::read(std::env::vars_os(), &mut mistakes);
    mistakes.or_else(Some(variables))
}

impl Settings {
    /// Reads the configuration of this process.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load() -> Result<Self, ConfigErrors> {
        Self::from_environment(variables()?)
    }

    /// Reads the configuration that these environment variables make, with the profile's file if one is named.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_environment(variables: HashMap<String, String>) -> Result<Self, ConfigErrors> {
        Overview::of(&variables).map(|overview| overview.settings)
    }
}

impl Overview {
    /// Reads the configuration that these environment variables make, and keeps where each value comes from.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn of(variables: &HashMap<String, String>) -> Result<Self, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let profile = mistakes.take(variables.get(PROFILE).map(|profile| profile_file(profile)).transpose()).flatten();
        let (raw, mut origins) = read(variables, profile.as_deref(), &mut mistakes)?;
        let raw = mistakes.take(raw.with_secrets(&Secrets::beside(variables), &mut origins));
        let settings = raw.as_ref().and_then(|raw| mistakes.take(raw.validate()));
        let made = raw.zip(settings).map(|(raw, settings)| {
            let settings = Settings { warnings: warnings(variables, &settings), ..settings };
            Self { profile, rows: raw.rows(&origins), settings }
        });
        mistakes.or_else(made)
    }
}

/// What is written in the profile and the environment, over the defaults.
fn read(variables: &HashMap<String, String>, profile: Option<&str>, mistakes: &mut Mistakes) -> Result<(Raw, Origins), ConfigError> {
    environment::each_once(variables, mistakes);
    let given = match profile {
        Some(file) => Config::builder().add_source(File::new(file, FileFormat::Toml)),
        None => Config::builder(),
    };
    let ours = variables.iter().filter(|(name, _)| name.starts_with(PREFIX) && *name != PROFILE);
    let ours = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
    let environment = Environment::with_prefix("WECHAT_PAY").prefix_separator("__").separator("__").source(Some(ours));
    let known = keys::known(given.add_source(environment).build()?, defaults()?, mistakes)?;
    let origins = Origins::of(&known, variables);
    Ok((Raw::deserialize(known)?, origins))
}

fn defaults() -> Result<Config, config::ConfigError> {
    Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build()
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
fn warnings(variables: &HashMap<String, String>, settings: &Settings) -> Vec<Text> {
    let mut warnings = environment::mistyped(variables);
    if settings.all_accounts().filter_map(|account| account.endpoints.as_ref()).any(|endpoints| endpoints.proxy.is_none()) {
        warnings.extend(environment::proxies(variables));
    }
    warnings.extend(auth::idle_keys(&settings.auth).into_iter().map(words::idle_key));
    let opens_for_all = |key: &&Caller| key.may(Scope::Pay) && key.reach().accounts.is_some() && key.reach().sellers.is_none();
    warnings.extend(settings.auth.keys.callers().filter(opens_for_all).map(|key| words::key_for_all_sellers(key.name())));
    warnings.extend(settings.uncertified_automatic_refunds());
    warnings.extend(settings.idle_app_secrets());
    warnings.extend(webhooks::at_one_address(&settings.webhooks).map(|(name, other)| webhook_words::same_url(name, other)));
    warnings
}
