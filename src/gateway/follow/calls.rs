//! A count of the calls that were made to WeChat for one deal: what a rate limit is charged with in the end.

use std::sync::atomic::{AtomicU32, Ordering};

/// The calls so far.
#[derive(Debug, Default)]
pub struct Calls(AtomicU32);

impl Calls {
    pub fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}
