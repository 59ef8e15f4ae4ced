//! `wechat-pay new-key [NAME]`

use std::process::ExitCode;

use crate::auth::ApiKeys;
use crate::chance::Chance;

use super::{Outcome, say};

pub fn new_key(name: &str) -> Outcome {
    let (key, entry) = ApiKeys::draw(name, &Chance::System)?;
    say(&format!("{key}\nis the key, for the caller; nobody can show it again. Its entry for auth.api_keys is\n{entry}\n"));
    Ok(ExitCode::SUCCESS)
}
