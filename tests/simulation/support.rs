//! What the simulation uses of the library that all tests share.

#[path = "../support/random.rs"]
#[allow(dead_code, reason = "the torture uses the rest")]
pub mod random;
