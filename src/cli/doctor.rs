//! `wechat-pay doctor [--fetch]`

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::doctor::{Doctor, Finding, Verdict, tell};

use super::{Outcome, say};

pub async fn doctor(fetch: bool) -> Outcome {
    let findings = match config::variables().and_then(|variables| Ok((Settings::from_environment(variables.clone())?, variables))) {
        Ok((settings, variables)) => Doctor { settings, variables, clock: Clock::System, chance: Chance::System, fetch }.examine().await,
        Err(errors) => {
            let advice = "see config/default.toml; nothing else can be looked at before";
            errors.iter().map(|error| Finding::fail("configuration", error.to_string(), advice)).collect()
        }
    };
    say(&tell(&findings, std::io::stdout().is_terminal()));
    Ok(match findings.iter().any(|finding| finding.verdict == Verdict::Fail) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}
