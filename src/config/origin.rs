//! Where a value of the configuration comes from.

use std::collections::HashMap;
use std::path::PathBuf;

use config::Value;

use super::PREFIX;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, as compiled in.
    Default,
    /// The profile's file.
    Profile(String),
    /// An environment variable, by its name.
    Environment(String),
    /// A file that the key `…_file` names.
    File(PathBuf),
    /// One of the credentials that systemd hands to the service.
    Credential(PathBuf),
}

/// The origin of each key that there is, by its name `section.key`.
#[derive(Default)]
pub struct Origins(HashMap<String, Origin>);

impl Origins {
    /// Those of a configuration's values.
    pub fn of(known: &Value, variables: &HashMap<String, String>) -> Self {
        let sections = known.clone().into_table().unwrap_or_default();
        let keys = sections.into_iter().flat_map(|(section, keys)| {
            let keys = keys.into_table().unwrap_or_default();
            keys.into_iter().map(move |(key, value)| (format!("{section}.{key}"), value))
        });
        Self(keys.map(|(key, value)| (key.clone(), origin(&key, &value, variables))).collect())
    }

    /// A secret's, which stands in a file.
    pub fn set(&mut self, key: &str, origin: Origin) {
        self.0.insert(key.to_owned(), origin);
    }

    pub fn get(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }
}

fn origin(key: &str, value: &Value, variables: &HashMap<String, String>) -> Origin {
    match value.origin() {
        None => Origin::Default,
        Some(file) if file.ends_with(".toml") => Origin::Profile(file.to_owned()),
        // The library's word is the same for all variables.
        Some(_) => {
            let name = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
            let typed = variables.keys().find(|typed| typed.to_uppercase() == name).cloned();
            Origin::Environment(typed.unwrap_or(name))
        }
    }
}
