//! Who can read what should be ours alone: the SQLite file, and files with secrets.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::{Settings, secret_files};
use crate::store::Store;

use super::Finding;

const CHECK: &str = "files";

pub fn examine(settings: &Settings, variables: &HashMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(file) = settings.database.file() {
        findings.push(match Store::try_to_write(&settings.database) {
            Ok(()) if file.exists() => database(file),
            Ok(()) => Finding::ok(CHECK, format!("{} can be made by this user", file.display())),
            Err(error) => {
                let advice = "run this as the service's user; if it is, chown the file and its folder to it";
                Finding::fail(CHECK, error.to_string(), advice)
            }
        });
    }
    let secrets = secret_files(variables);
    let open: Vec<_> = secrets.iter().filter(|file| is_open_to_all(file)).map(|file| file.display().to_string()).collect();
    if open.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} with secrets, none of them open to everybody", secrets.len())));
    } else {
        let files = open.join(" ");
        findings.push(Finding::fail(CHECK, format!("everybody on this machine can read secrets in {files}"), format!("chmod 600 {files}")));
    }
    findings
}

/// Deals name payers.
fn database(file: &Path) -> Finding {
    match is_open_to_all(file) {
        true => {
            let directory = directory(file);
            let found = format!("everybody on this machine can read the deals in {}", file.display());
            Finding::fail(CHECK, found, format!("chmod 700 {}", directory.display()))
        }
        false => Finding::ok(CHECK, format!("{} is this user's to write, and not everybody's to read", file.display())),
    }
}

/// Whether users who are neither owner nor of the group can read it, its directory letting them in.
fn is_open_to_all(file: &Path) -> bool {
    let mode = |path: &Path| path.metadata().map_or(0, |metadata| metadata.permissions().mode());
    mode(file) & 0o004 != 0 && mode(directory(file)) & 0o001 != 0
}

fn directory(file: &Path) -> &Path {
    file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
