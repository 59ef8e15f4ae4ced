//! `wechat-pay completions SHELL` and `wechat-pay man`, made from the description of the command line.

use std::process::ExitCode;

use clap_complete::Shell;

use crate::language::Language;

use super::{Outcome, described, say};

pub fn completions(shell: Shell, language: Language) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut described(language), "wechat-pay", &mut script);
    say(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}

pub fn man(language: Language) -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(described(language)).render(&mut page)?;
    say(&String::from_utf8_lossy(&page));
    Ok(ExitCode::SUCCESS)
}
