//! `wechat-pay migrate [--dry-run]`

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::sleep;

use crate::clock::Clock;
use crate::config::Settings;
use crate::dry_run::tell;
use crate::language::Language;
use crate::store::{Store, StoreError};

use super::{Outcome, say, words};

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// A server that cannot do it now is waited for, as a service would: only a signal ends that.
pub async fn migrate(language: Language) -> Outcome {
    let database = Settings::load()?.database;
    let mut waits = false;
    let steps = loop {
        match Store::migrate(&database, Clock::System.now()).await {
            Err(error) if error.is_held_up() => {
                if !waits {
                    say(&format!("{}\n", words::waits_for_the_schema(&error).read(language)));
                    waits = true;
                }
                sleep(PAUSE).await;
            }
            migrated => break migrated?,
        }
    };
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
