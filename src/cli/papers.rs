//! `wechat-pay completions SHELL`, `wechat-pay man` and `wechat-pay help [COMMAND]`, made from the description of the command line.

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

/// `help COMMAND` is `COMMAND --help`.
pub fn help(command: Option<String>, language: Language) -> Outcome {
    let words = ["wechat-pay".to_owned()].into_iter().chain(command).chain(["--help".to_owned()]);
    match described(language).try_get_matches_from(words) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        // The help is one of the library's errors.
        Err(error) => error.exit(),
    }
}
