//! `tests/mutants` plants faults in a copy of the sources. One that fits them no more is not to wait for the day on which it is planted.

use std::fs::File;
use std::path::Path;
use std::process::Command;

#[test]
fn each_fits_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/simulation/mutants").read_dir().unwrap();
    let patches: Vec<_> = folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension() == Some("patch".as_ref())).collect();
    assert!(!patches.is_empty());
    let misfits = patches.iter().filter(|patch| {
        let trial = ["--dry-run", "--quiet", "--strip=1", "--fuzz=3"];
        let tried = Command::new("patch").args(trial).current_dir(root).stdin(File::open(patch).unwrap()).output();
        !tried.expect("patch (apt-get install patch)").status.success()
    });
    let misfits: Vec<_> = misfits.map(|patch| patch.file_name().unwrap()).collect();
    assert!(misfits.is_empty(), "bring up to date: {misfits:?}");
}
