//! `wechat-pay explain ORDER`

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::Settings;
use crate::deal::OrderId;
use crate::explain::tell;
use crate::store::Store;

use super::{Failure, Outcome, say};

pub async fn explain(order_id: &OrderId) -> Outcome {
    let database = Settings::load()?.database;
    if database.file().is_some_and(|file| !file.exists()) {
        return Err(Failure(vec![format!(
            "there is no {database}: the database is that of the configuration which this command is given. Run it as the service runs, \
             in its folder and with its environment and credentials (under systemd: wechat-pay-ctl explain {order_id})"
        )]));
    }
    let story = Store::story(&database, order_id).await?;
    match tell(&story, order_id, Clock::System.now()) {
        Some(text) => say(&format!("{text}So it stands in the {database}.\n")),
        None => return Err(Failure(vec![format!("there is no such order in the {database}, and WeChat has never told of one")])),
    }
    Ok(ExitCode::SUCCESS)
}
