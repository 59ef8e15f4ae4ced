//! Secrets beside the configuration: in a file of their own (`…_file`: Docker's and Kubernetes' secrets), or among the
//! credentials that systemd hands to the service. More people read the environment and a profile.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::language::{Text, pair, text};

use super::error::ConfigError;
use super::origin::{Origin, Origins};

/// systemd's `LoadCredential=` puts each into a file of this directory: `wechat.api_key`, `database.url`, …
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Reads secrets that are not written where other keys are.
pub struct Secrets {
    credentials: Option<PathBuf>,
}

impl Secrets {
    /// Those that belong to a process with this environment.
    pub fn beside(variables: &HashMap<String, String>) -> Self {
        Self { credentials: variables.get(CREDENTIALS).filter(|path| !path.is_empty()).map(PathBuf::from) }
    }

    /// Fills in the value of `key` (`section.key`) if it is written elsewhere.
    pub fn fill(&self, key: &str, value: &mut String, file: &str, origins: &mut Origins) -> Result<(), ConfigError> {
        if let Some(path) = self.place(key, value, file, origins)? {
            *value = read(&path).map_err(|why| ConfigError::SecretFile { key: key.to_owned(), why })?;
        }
        Ok(())
    }

    /// In which file the value of `key` stands, if it is written elsewhere: in `file`, if one is named, or among the
    /// credentials; and notes that. Two places at once are a mistake, for one of the two would silently be the wrong one.
    pub fn place(&self, key: &str, value: &str, file: &str, origins: &mut Origins) -> Result<Option<PathBuf>, ConfigError> {
        let handed = self.credentials.as_ref().map(|directory| directory.join(key)).filter(|file| file.exists());
        let places = [
            (!value.is_empty()).then(|| pair("by itself", "直接写出")),
            (!file.is_empty()).then(|| text(format!("by {key}_file"), format!("由 {key}_file 指定"))),
            handed.is_some().then(|| text(format!("by systemd's credential {key}"), format!("由 systemd 凭据 {key} 给出"))),
        ];
        let places: Vec<_> = places.into_iter().flatten().collect();
        if places.len() > 1 {
            return Err(ConfigError::SecretPlaces { key: key.to_owned(), places });
        }
        let (path, origin) = match handed {
            Some(path) => (path.clone(), Origin::Credential(path)),
            None if file.is_empty() => return Ok(None),
            None => (PathBuf::from(file), Origin::File(PathBuf::from(file))),
        };
        origins.set(key, origin);
        Ok(Some(path))
    }
}

/// The text of a file without the line end that editors and `echo` leave, or what is wrong with it.
fn read(path: &Path) -> Result<String, Text> {
    let shown = shown(path);
    let secret =
        String::from_utf8(bytes(path)?).map_err(|_| text(format!("{shown}it is no UTF-8 text"), format!("{shown}不是 UTF-8 文本")))?;
    let secret = secret.strip_suffix('\n').map_or(&*secret, |line| line.strip_suffix('\r').unwrap_or(line));
    match secret {
        "" => Err(text(format!("{shown}it is empty"), format!("{shown}是空的"))),
        secret => Ok(secret.to_owned()),
    }
}

/// What a file holds.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Text> {
    std::fs::read(path).map_err(|error| Text::untranslated(format!("{}{error}", shown(path))))
}

/// A path that is none may be the secret itself, pasted into the wrong place.
fn shown(path: &Path) -> String {
    if path.is_absolute() { format!("{}: ", path.display()) } else { String::new() }
}
