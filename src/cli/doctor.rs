//! `wechat-pay doctor [--fetch]`

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::doctor::{Doctor, Verdict, tell, unreadable};
use crate::language::Language;

use super::{Outcome, say};

pub async fn doctor(fetch: bool, language: Language) -> Outcome {
    let findings = match config::variables().and_then(|variables| Ok((Settings::from_environment(variables.clone())?, variables))) {
        Ok((settings, variables)) => Doctor { settings, variables, clock: Clock::System, chance: Chance::System, fetch }.examine().await,
        Err(errors) => unreadable(&errors),
    };
    say(&tell(&findings, language, std::io::stdout().is_terminal()));
    Ok(match findings.iter().any(|finding| finding.verdict == Verdict::Fail) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}
