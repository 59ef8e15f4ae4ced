//! Error accumulation: what is wrong is collected, so that an operator hears of all of it at once.

use std::fmt;

use crate::language::Text;

use super::checks::value;
use super::error::ConfigError;

/// All that is wrong with a configuration.
#[derive(Debug)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// One a line.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences: Vec<_> = self.0.iter().map(ConfigError::to_string).collect();
        f.write_str(&sentences.join("\n"))
    }
}

/// What has been found wrong so far.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<ConfigError>);

impl Mistakes {
    pub fn add(&mut self, error: ConfigError) {
        self.0.push(error);
    }

    /// Notes a mistake, unless it is none.
    pub fn check(&mut self, is_right: bool, key: &str, why: Text) {
        if !is_right {
            self.add(value(key, why));
        }
    }

    /// The value, or a note of what is wrong with it.
    pub fn take<T>(&mut self, checked: Result<T, impl Into<ConfigErrors>>) -> Option<T> {
        checked.map_err(|errors| self.0.extend(errors.into().0)).ok()
    }

    /// What was made of right values only.
    pub fn or_else<T>(self, made: Option<T>) -> Result<T, ConfigErrors> {
        match made {
            Some(made) if self.0.is_empty() => Ok(made),
            _ => Err(ConfigErrors(self.0)),
        }
    }
}
