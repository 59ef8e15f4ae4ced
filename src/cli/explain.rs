//! `wechat-pay explain ORDER`

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::OrderId;
use crate::explain::tell;
use crate::language::Language;
use crate::store::Store;

use super::{Failure, Outcome, say, words};

pub async fn explain(order_id: &OrderId, language: Language) -> Outcome {
    let settings = Settings::load()?;
    let database = &settings.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![words::no_database(database, &format!("explain {order_id}"))]));
    }
    let story = Store::story(database, order_id).await?;
    let Some(text) = tell(&story, order_id, Clock::System.now(), |account| settings.has_account(account), language) else {
        return Err(Failure(vec![words::no_such_order(database)]));
    };
    say(&format!("{text}{}\n", words::so_it_stands(database).read(language)));
    Ok(ExitCode::SUCCESS)
}
