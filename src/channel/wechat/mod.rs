//! WeChat Pay, by the versions of its API.

pub mod v2;
