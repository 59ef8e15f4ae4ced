//! `wechat-pay serve`

use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::app::{self, Service};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Settings;
use crate::language::{Language, pair};
use crate::telemetry::{self, Lines};

use super::signals::Signals;
use super::{Failure, Outcome, words};

/// A terminal and a wrapper may both pass the same Ctrl-C on: what comes so soon is no second wish.
const SAME_WISH: Duration = Duration::from_secs(1);

/// `lines`: where the log goes, and what is said to a person who has typed it.
pub async fn serve(signals: &mut Signals, language: Language, lines: &Lines) -> Outcome {
    // From now on it ends nothing: not a start that waits for the database, nor a service whose terminal is closed.
    let mut hangup = signal(SignalKind::hangup())?;
    let settings = Settings::load()?;
    for warning in settings.warnings.iter().chain(&settings.expired_certificates(Clock::System.now())) {
        warn!("{}", warning.read(Language::English));
    }
    app::allow_connections(&settings);
    let started = tokio::select! {
        started = Service::demonstrate(settings, Clock::System, Chance::System) => started,
        // Nothing is in hand yet, and a step of the schema can be taken again from any point.
        () = signals.next() => {
            info!("stopped before the database was open");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let service = started?;
    service.hear_of_refunds_by_hand();
    app::announce(&service);
    if let Some(places) = service.places().filter(|_| telemetry::is_read_by_a_person()) {
        lines.put(words::places(&places, language));
    }
    loop {
        tokio::select! {
            () = signals.next() => break,
            _ = hangup.recv() => service.reload_certificates(),
        }
    }
    info!("stopping");
    tokio::select! {
        () = service.stop() => info!("stopped"),
        outcome = again() => return outcome,
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits to be told again.
async fn again() -> Outcome {
    sleep(SAME_WISH).await;
    Signals::listen()?.next().await;
    Err(Failure(vec![pair(
        "told twice to stop: what was in hand is left undone, and will be learned again from WeChat",
        "两次收到停止信号：手头的事没有做完，之后会从微信重新查到",
    )]))
}
