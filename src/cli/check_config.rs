//! `wechat-pay check-config`

use std::io::Write;
use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::{self, ConfigErrors, Overview};
use crate::language::Language;

use super::{Outcome, say};

pub fn check_config(language: Language) -> Outcome {
    let overview = Overview::of(&config::variables()?)?;
    say(&overview.tell(language));
    let settings = &overview.settings;
    for warning in settings.warnings.iter().chain(&settings.expired_certificates(Clock::System.now())) {
        let _ = writeln!(std::io::stderr(), "wechat-pay: {}", warning.read(language));
    }
    settings.may_simulate().map_err(ConfigErrors::from)?;
    Ok(ExitCode::SUCCESS)
}
