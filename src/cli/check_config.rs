//! `wechat-pay check-config`

use std::io::Write;
use std::process::ExitCode;

use crate::config::{self, ConfigErrors, Overview};
use crate::language::Language;

use super::{Outcome, say};

pub fn check_config(language: Language) -> Outcome {
    let overview = Overview::of(&config::variables()?)?;
    say(&overview.tell(language));
    for warning in &overview.settings.warnings {
        let _ = writeln!(std::io::stderr(), "wechat-pay: {}", warning.read(language));
    }
    overview.settings.may_simulate().map_err(ConfigErrors::from)?;
    Ok(ExitCode::SUCCESS)
}
