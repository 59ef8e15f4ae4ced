//! Where a secret may stand instead of in the environment or a profile, which more people read: in a file of its own
//! (`…_file`: Docker's and Kubernetes' secrets), or among the credentials that systemd hands to the service.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::ConfigError;

/// systemd's `LoadCredential=` puts each into a file of this directory: `wechat.api_key`, `database.url`, …
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Reads secrets that are not written where other keys are.
pub struct Secrets {
    credentials: Option<PathBuf>,
}

impl Secrets {
    /// Those that belong to a process with this environment.
    pub fn beside(variables: &HashMap<String, String>) -> Self {
        Self { credentials: variables.get(CREDENTIALS).filter(|path| !path.is_empty()).map(PathBuf::from) }
    }

    /// Fills in the value of `key` (`section.key`) if it is written elsewhere: in `file`, if one is named, or among the
    /// credentials. Two places at once are a mistake, for one of the two would silently be the wrong one.
    pub fn fill(&self, key: &'static str, value: &mut String, file: &str) -> Result<(), ConfigError> {
        match (value.is_empty(), file.is_empty()) {
            (false, false) => Err(ConfigError::SecretFile { key, why: format!("{key} is given as well; leave one of the two out") }),
            (false, true) => Ok(()),
            (true, false) => {
                *value = read(key, Path::new(file))?.ok_or_else(|| fault(key, "there is none"))?;
                Ok(())
            }
            (true, true) => {
                if let Some(directory) = &self.credentials {
                    *value = read(key, &directory.join(key))?.unwrap_or_default();
                }
                Ok(())
            }
        }
    }
}

/// The text of a file without the line end that editors and `echo` leave; `None` if there is no file.
fn read(key: &'static str, path: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
            if text.is_empty() { Err(fault(key, "it is empty")) } else { Ok(Some(text.to_owned())) }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // Neither the path, which may be the secret pasted into the wrong place, nor what stands in the file is shown.
        Err(error) => Err(fault(key, &error.kind().to_string())),
    }
}

fn fault(key: &'static str, why: &str) -> ConfigError {
    ConfigError::SecretFile { key, why: why.to_owned() }
}
