//! The file of an SQLite database before SQLite opens it: whether it may be written, and its folder, where SQLite keeps its log
//! beside it. SQLite itself would say no more than that it cannot, or open the file for reading only and say nothing.

use std::fs::{DirBuilder, File, OpenOptions, remove_file};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::cannot_open::{CannotOpen, Reason};
use super::database_url::DatabaseUrl;

/// Makes the folder that is missing, for this user alone (deals name payers), and tries to write.
pub fn prepare(url: &DatabaseUrl) -> Result<(), CannotOpen> {
    let Some(file) = url.file() else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder(file));
    made.map_err(|error| CannotOpen::no_access(url, Reason::NoFolder, &error))?;
    try_to_write(url)
}

/// Whether the file could be written, or made where it is missing. Nothing is left behind.
///
/// # Errors
/// It could not.
pub fn try_to_write(url: &DatabaseUrl) -> Result<(), CannotOpen> {
    let Some(file) = url.file() else { return Ok(()) };
    match OpenOptions::new().read(true).write(true).open(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(CannotOpen::no_access(url, Reason::FileNotWritable, &error));
        }
        _ => {}
    }
    let folder = folder(file);
    // A folder that is missing too will be made in one that is there; of a relative path the last is the present one.
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let trial = there.join(format!(".{name}.trial-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&trial) {
        Ok(made) => {
            drop(made);
            remove_file(&trial).map_err(|error| CannotOpen::no_access(url, Reason::FolderNotWritable, &error))
        }
        // Another instance's, which could make it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(CannotOpen::no_access(url, Reason::FolderNotWritable, &error)),
    }
}

/// Whether the file can be read.
pub fn try_to_read(url: &DatabaseUrl) -> Result<(), CannotOpen> {
    let Some(file) = url.file() else { return Ok(()) };
    File::open(file).map(drop).map_err(|error| CannotOpen::no_access(url, Reason::FileNotReadable, &error))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
