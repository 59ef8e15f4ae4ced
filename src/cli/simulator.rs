//! `wechat-pay simulator`

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::app;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;

use super::Outcome;
use super::signals::Signals;

pub async fn simulator(signals: &mut Signals) -> Outcome {
    let stop = CancellationToken::new();
    let (address, server) = app::run_simulator(Settings::load()?, Clock::System, Chance::System, stop.clone()).await?;
    info!(%address, "simulating WeChat");
    signals.next().await;
    stop.cancel();
    server.await?;
    Ok(ExitCode::SUCCESS)
}
