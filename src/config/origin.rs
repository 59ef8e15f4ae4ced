//! Where a value of the configuration comes from.

use std::collections::HashMap;
use std::path::PathBuf;

use config::Value;

use super::{PREFIX, keys};

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
    /// The key of `[wechat]` that an account takes over.
    Inherited(String),
    /// One of the credentials that systemd hands to the service.
    Credential(PathBuf),
}

/// The origin of each key that there is, by its name `section.key`.
#[derive(Default)]
pub struct Origins(HashMap<String, Origin>);

impl Origins {
    /// Those of a configuration's values.
    pub fn of(known: &Value, variables: &HashMap<String, String>) -> Self {
        let typed: HashMap<_, _> = variables.keys().map(|name| (name.to_uppercase(), name)).collect();
        let keys = keys::flattened(known.clone().into_table().unwrap_or_default());
        Self(keys.into_iter().map(|(key, value)| (key.clone(), origin(&key, &value, &typed))).collect())
    }

    /// A secret's, which stands in a file.
    pub fn set(&mut self, key: &str, origin: Origin) {
        self.0.insert(key.to_owned(), origin);
    }

    pub fn get(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or(Origin::Default)
    }
}

/// `typed`: the variables by their names in capitals, in which they have one form.
fn origin(key: &str, value: &Value, typed: &HashMap<String, &String>) -> Origin {
    match value.origin() {
        None => Origin::Default,
        Some(file) if file.ends_with(".toml") => Origin::Profile(file.to_owned()),
        // The library's word is the same for all variables.
        Some(_) => {
            let name = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
            Origin::Environment(typed.get(&name).map_or(name, |typed| (*typed).clone()))
        }
    }
}
