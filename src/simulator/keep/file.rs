//! The file of a snapshot: written beside its place and renamed into it, so that it is always whole.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::snapshot::{Snapshot, VERSION};

/// What the file holds; none: there is no file.
///
/// # Errors
/// It cannot be read, or holds something else: why, without a word of what it holds.
pub fn read(path: &Path) -> Result<Option<Snapshot>, String> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| error.kind().to_string())?,
    };
    let snapshot: Snapshot =
        serde_json::from_slice(&text).map_err(|error| format!("it is none from line {}, column {} on", error.line(), error.column()))?;
    match snapshot.version {
        VERSION => Ok(Some(snapshot)),
        other => Err(format!("it is of version {other}, and this program knows {VERSION}")),
    }
}

/// Replaces the file. It is for this user alone: orders name payers.
///
/// # Errors
/// It cannot be written; what was there before still is.
pub fn write(path: &Path, snapshot: &Snapshot) -> io::Result<()> {
    let new = with_ending(path, "new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&serde_json::to_vec(snapshot)?)?;
    file.sync_all()?;
    fs::rename(new, path)
}

/// Moves a file that cannot be read out of the way; an older one there is replaced.
///
/// # Errors
/// It cannot be moved.
pub fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = with_ending(path, "unreadable");
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
