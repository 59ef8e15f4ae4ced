//! The `wechat-pay` program. Everything is in the library; here is what an operator types.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use wechat_pay::app::{self, Service};
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::deal::OrderId;
use wechat_pay::explain;
use wechat_pay::store::Store;
use wechat_pay::telemetry;

const USAGE: &str = "\
wechat-pay: a self-hosted payment gateway for WeChat Pay

usage: wechat-pay [COMMAND]

  serve          serve front ends and WeChat (the default); with no configuration, on SQLite and the built-in simulator
  simulator      only the simulator of WeChat, for other programs' tests
  migrate        bring the database's schema up to date and check it
  check-config   read the configuration, say what is in force or what is wrong
  explain ORDER  tell the story of an order, and what comes next
  help           this

Configuration: config/<profile>.toml with WECHAT_PAY__PROFILE, and WECHAT_PAY__<SECTION>__<KEY> in the environment.
The keys are those of config/default.toml.
";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (command, operand) = (arguments.next(), arguments.next());
    if arguments.next().is_some() || operand.is_some() != (command.as_deref() == Some("explain")) {
        return usage_error();
    }
    let _log = telemetry::start();
    let outcome = match command.as_deref() {
        None | Some("serve") => serve().await,
        Some("simulator") => simulator().await,
        Some("migrate") => migrate().await,
        Some("check-config") => check_config(),
        Some("explain") => explain(operand.as_deref().unwrap_or_default()).await,
        Some("help" | "--help" | "-h") => {
            say(USAGE);
            Ok(())
        }
        Some("--version" | "-V") => {
            say(concat!("wechat-pay ", env!("CARGO_PKG_VERSION"), "\n"));
            Ok(())
        }
        Some(_) => return usage_error(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn serve() -> Outcome {
    let stop = stop_signal()?;
    let settings = Settings::load()?;
    app::allow_connections(&settings.server);
    let service = Service::start(settings, Clock::System, Chance::System).await?;
    app::announce(&service);
    stop.cancelled().await;
    tracing::info!("stopping");
    service.stop().await;
    tracing::info!("stopped");
    Ok(())
}

async fn simulator() -> Outcome {
    let stop = stop_signal()?;
    let (address, server) = app::run_simulator(Settings::load()?, Clock::System, Chance::System, stop).await?;
    tracing::info!(%address, "simulating WeChat");
    server.await?;
    Ok(())
}

async fn migrate() -> Outcome {
    let steps = Store::migrate(&Settings::load()?.database, Clock::System.now()).await?;
    match steps.as_slice() {
        [] => say("the schema is up to date\n"),
        steps => say(&format!("taken: {}\n", steps.join(", "))),
    }
    Ok(())
}

fn check_config() -> Outcome {
    let settings = Settings::load()?;
    say(&settings.to_string());
    Ok(())
}

async fn explain(order_id: &str) -> Outcome {
    let order_id: OrderId = order_id.parse()?;
    let now = Clock::System.now();
    let store = Store::open(&Settings::load()?.database, "explain", 1, now).await?;
    match explain::explain(&store, &order_id, now).await? {
        Some(story) => say(&story),
        None => return Err("there is no such order, and WeChat has never told of one".into()),
    }
    Ok(())
}

fn usage_error() -> ExitCode {
    use std::io::Write;
    let _ = std::io::stderr().write_all(USAGE.as_bytes());
    ExitCode::from(2)
}

/// To standard output; a closed pipe is nobody's fault.
fn say(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Cancelled by SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}
