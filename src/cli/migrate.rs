//! `wechat-pay migrate [--dry-run]`

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Settings;
use crate::dry_run::tell;
use crate::store::{Store, StoreError};

use super::{Outcome, say};

pub async fn migrate() -> Outcome {
    let steps = Store::migrate(&Settings::load()?.database, Clock::System.now()).await?;
    match steps.as_slice() {
        [] => say("the schema is up to date\n"),
        steps => say(&format!("taken: {}\n", steps.join(", "))),
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn dry_run() -> Outcome {
    let plan = Store::dry_run(&Settings::load()?.database, Clock::System.now()).await?;
    say(&tell(&plan));
    plan.refused.map_or(Ok(ExitCode::SUCCESS), |wrong| Err(StoreError::WrongSchema(wrong).into()))
}
