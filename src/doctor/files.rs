//! Permissions of files that should be ours alone: the SQLite file, and files with secrets.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::{Settings, secret_files};
use crate::store::Store;

use super::words::files as words;
use super::{Check, Finding};

const CHECK: Check = Check::Files;

pub fn examine(settings: &Settings, variables: &HashMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(file) = settings.database.file() {
        findings.push(match Store::try_to_write(&settings.database) {
            Ok(()) if file.exists() => database(file),
            Ok(()) => Finding::ok(CHECK, words::can_be_made(file)),
            Err(error) => Finding::fail(CHECK, words::cannot_be_written(&error)),
        });
    }
    let secrets = secret_files(variables);
    let open: Vec<_> = secrets.iter().filter(|file| is_open_to_all(file)).map(|file| file.display().to_string()).collect();
    findings.push(match open.is_empty() {
        true => Finding::ok(CHECK, words::secrets_are_closed(secrets.len())),
        false => Finding::fail(CHECK, words::secrets_are_open(&open.join(" "))),
    });
    findings
}

/// Deals name payers.
fn database(file: &Path) -> Finding {
    match is_open_to_all(file) {
        true => Finding::fail(CHECK, words::deals_are_open(file, directory(file))),
        false => Finding::ok(CHECK, words::deals_are_closed(file)),
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
