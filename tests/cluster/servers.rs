//! What the proof wants of several servers that hold one database, whatever they are.

use std::path::PathBuf;

pub trait Servers {
    /// Has a session answer only once its server has what any other had acknowledged.
    const CAUSAL: &str;

    /// Each server alone, as its owner reaches it.
    fn urls(&self) -> Vec<String>;

    /// What the instance with this number is told.
    fn url_for(&self, instance: usize) -> String;

    /// Keeps the servers' folders, and says where they are.
    fn keep(&mut self) -> Vec<PathBuf>;
}
