//! The `wechat-pay` program. Everything is in the library; here is what an operator types.

use std::io::IsTerminal;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use wechat_pay::app::{self, Service};
use wechat_pay::auth::ApiKeys;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::deal::OrderId;
use wechat_pay::doctor::{self, Doctor, Finding, Verdict};
use wechat_pay::store::Store;
use wechat_pay::telemetry;
use wechat_pay::{dry_run, explain};

/// Chosen by measurement under the load of `cargo bench --bench load`: a notification cost the service a sixth less than with
/// glibc's, in the same memory; mimalloc was as quick and took more. What is not used goes back to the system.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const USAGE: &str = "\
wechat-pay: a self-hosted payment gateway for WeChat Pay

usage: wechat-pay [COMMAND]

  serve          serve front ends and WeChat (the default); with no configuration, on SQLite and the built-in simulator
  simulator      only the simulator of WeChat, for other programs' tests
  migrate        bring the database's schema up to date and check it; with --dry-run, only say what would be done
  check-config   read the configuration, say what is in force or what is wrong
  new-key [NAME] draw a key for auth.mode api_key: print it, and its entry for the configuration
  explain ORDER  tell the story of an order, and what comes next
  doctor         look for what goes wrong in practice, and say what to do about it; nothing is changed. With --fetch, the
                 notify URL is visited through its public name. Exits with 1 when something must be mended
  help           this

Configuration: config/<profile>.toml with WECHAT_PAY__PROFILE, and WECHAT_PAY__<SECTION>__<KEY> in the environment.
The keys are those of config/default.toml.
";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (command, operand) = (arguments.next(), arguments.next());
    let is_lawful = match (command.as_deref(), operand.as_deref()) {
        (Some("explain"), operand) => operand.is_some(),
        (Some("migrate"), Some("--dry-run")) | (Some("doctor"), Some("--fetch")) | (Some("new-key"), _) => true,
        (_, operand) => operand.is_none(),
    };
    if arguments.next().is_some() || !is_lawful {
        return usage_error();
    }
    let _last_lines = telemetry::start();
    let outcome = match command.as_deref() {
        None | Some("serve") => serve().await,
        Some("simulator") => simulator().await,
        Some("migrate") if operand.is_some() => dry_run().await,
        Some("migrate") => migrate().await,
        Some("doctor") => return doctor(operand.is_some()).await,
        Some("check-config") => check_config(),
        Some("new-key") => new_key(operand.as_deref().unwrap_or("key")),
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

async fn dry_run() -> Outcome {
    let plan = Store::dry_run(&Settings::load()?.database, Clock::System.now()).await?;
    say(&dry_run::tell(&plan));
    plan.refused.map_or(Ok(()), |wrong| Err(wrong.into()))
}

async fn doctor(fetch: bool) -> ExitCode {
    let findings = match Settings::load() {
        Ok(settings) => {
            let variables = std::env::vars().collect();
            Doctor { settings, variables, clock: Clock::System, chance: Chance::System, fetch }.examine().await
        }
        Err(error) => {
            vec![Finding::fail("configuration", error.to_string(), "see config/default.toml; nothing else can be looked at before")]
        }
    };
    say(&doctor::tell(&findings, std::io::stdout().is_terminal()));
    match findings.iter().any(|finding| finding.verdict == Verdict::Fail) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn check_config() -> Outcome {
    let settings = Settings::load()?;
    say(&settings.to_string());
    Ok(())
}

fn new_key(name: &str) -> Outcome {
    let (key, entry) = ApiKeys::draw(name, &Chance::System)?;
    say(&format!("{key}\nis the key, for the caller; nobody can show it again. Its entry for auth.api_keys is\n{entry}\n"));
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
