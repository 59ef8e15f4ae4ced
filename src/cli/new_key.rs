//! `wechat-pay new-key [NAME]`

use std::process::ExitCode;

use crate::auth::ApiKeys;
use crate::chance::Chance;
use crate::language::Language;

use super::{Outcome, say, words};

pub fn new_key(name: &str, language: Language) -> Outcome {
    let (key, entry) = ApiKeys::draw(name, &Chance::System)?;
    say(&format!("{key}\n{}\n{entry}\n", words::new_key().read(language)));
    Ok(ExitCode::SUCCESS)
}
