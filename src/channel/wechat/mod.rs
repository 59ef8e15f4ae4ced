//! WeChat Pay, by the versions of its API; and WeChat's login of payers, which is no part of them.

mod login;
pub mod v2;

pub use login::{Login, LoginEndpoints, LoginError};
