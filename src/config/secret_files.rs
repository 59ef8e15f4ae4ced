//! Which files hold secrets of a configuration, so that the doctor can look at their permissions.

use std::collections::HashMap;
use std::path::PathBuf;

use config::{Config, File, FileFormat};

use super::secrets::CREDENTIALS;
use super::{PREFIX, PROFILE, keys};

/// The files in which secrets may stand, by these variables: the profile's, if it holds any, those that it or a variable
/// names (`…_file`), and what systemd hands to the service.
pub fn secret_files(variables: &HashMap<String, String>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if let Some(profile) = variables.get(PROFILE) {
        let path = PathBuf::from(format!("config/{profile}.toml"));
        let read = Config::builder().add_source(File::from(path.clone()).format(FileFormat::Toml)).build();
        let sections = read.and_then(|read| read.cache.into_table()).unwrap_or_default();
        let values: Vec<_> = keys::flattened(sections).into_iter().map(|(key, value)| (key, value.to_string())).collect();
        let is_secret = |(key, value): &(String, String)| {
            let name = key.rsplit('.').next().unwrap_or_default();
            !value.is_empty()
                && (name.ends_with("key") || name.contains("secret") || (matches!(name, "url" | "proxy") && value.contains('@')))
        };
        files.extend(values.iter().any(is_secret).then_some(path));
        files.extend(values.iter().filter(|(key, _)| holds_secret(key)).map(|(_, file)| PathBuf::from(file)));
    }
    let named = variables.iter().filter(|(name, _)| name.starts_with(PREFIX) && holds_secret(&name.to_lowercase()));
    files.extend(named.map(|(_, file)| PathBuf::from(file)));
    let handed = variables.get(CREDENTIALS).and_then(|directory| std::fs::read_dir(directory).ok());
    files.extend(handed.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())));
    files.retain(|file| file.is_file());
    files
}

/// Whether the file that a key (or a variable, in small letters) names holds a secret. Certificates are none.
fn holds_secret(key: &str) -> bool {
    key.ends_with("_file") && !key.ends_with("client_cert_file") && !key.ends_with("ca_file")
}
