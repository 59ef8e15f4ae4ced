//! `wechat-pay new-key [NAME]`

use std::process::ExitCode;

use crate::auth::Key;
use crate::chance::Chance;
use crate::language::Language;

use super::{Outcome, say, words};

pub fn new_key(name: &str, language: Language) -> Outcome {
    let (key, hash) = Key::draw(&Chance::System);
    // Refuses a name that the configuration would refuse.
    Key::list(&format!("{name}:{hash}"))?;
    say(&format!("{key}\n{}\n{name}:{hash}\n", words::new_key().read(language)));
    Ok(ExitCode::SUCCESS)
}
