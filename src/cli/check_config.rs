//! `wechat-pay check-config`

use std::io::Write;
use std::process::ExitCode;

use crate::config::{ConfigErrors, Settings};

use super::{Outcome, say};

pub fn check_config() -> Outcome {
    let settings = Settings::load()?;
    say(&settings.to_string());
    for warning in &settings.warnings {
        let _ = writeln!(std::io::stderr(), "wechat-pay: {warning}");
    }
    settings.may_simulate().map_err(ConfigErrors::from)?;
    Ok(ExitCode::SUCCESS)
}
