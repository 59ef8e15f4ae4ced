//! `wechat-pay migrate [--dry-run]`

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Settings;
use crate::dry_run::tell;
use crate::language::Language;
use crate::store::{Store, StoreError};

use super::{Outcome, say, words};

pub async fn migrate(language: Language) -> Outcome {
    let steps = Store::migrate(&Settings::load()?.database, Clock::System.now()).await?;
    let said = match steps.as_slice() {
        [] => words::schema_is_up_to_date(),
        steps => words::steps_taken(&steps.join(", ")),
    };
    say(&format!("{}\n", said.read(language)));
    Ok(ExitCode::SUCCESS)
}

pub async fn dry_run(language: Language) -> Outcome {
    let plan = Store::dry_run(&Settings::load()?.database, Clock::System.now()).await?;
    say(&tell(&plan, language));
    plan.refused.map_or(Ok(ExitCode::SUCCESS), |wrong| Err(StoreError::WrongSchema(wrong).into()))
}
