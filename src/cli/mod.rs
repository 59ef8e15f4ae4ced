//! What an operator types: one file a command.
//!
//! `serve` and `simulator` are services: they write a log (`telemetry`) and end in order when a signal tells them to. The others are
//! tools: their findings go to standard output, what went wrong to standard error in plain sentences, and a signal ends them at once.

mod check_config;
mod doctor;
mod explain;
mod migrate;
mod new_key;
mod papers;
mod serve;
mod signals;
mod simulator;

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigErrors;
use crate::deal::OrderId;
use crate::telemetry;

use signals::Signals;

/// A self-hosted payment gateway for WeChat Pay
#[derive(Parser)]
#[command(name = "wechat-pay", version, about, after_help = CONFIGURATION)]
#[command(help_template = "{name}: {about}\n\nusage: {usage}\n\n{all-args}{after-help}\n")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const CONFIGURATION: &str = "\
Configuration: config/<profile>.toml with WECHAT_PAY__PROFILE, and WECHAT_PAY__<SECTION>__<KEY> in the environment.
The keys are those of config/default.toml.";

#[derive(Subcommand)]
enum Command {
    /// Serve front ends and WeChat (the default); with no configuration, on SQLite and the built-in simulator
    Serve,
    /// Only the simulator of WeChat, for other programs' tests
    Simulator,
    /// Bring the database's schema up to date and check it
    Migrate {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Read the configuration, say what is in force or what is wrong
    CheckConfig,
    /// Draw a key for auth.mode api_key: print it, and its entry for the configuration
    NewKey {
        /// What the key is called in the configuration and in logs
        #[arg(default_value = "key")]
        name: String,
    },
    /// Tell the story of an order, and what comes next; nothing is changed
    Explain {
        /// The order's number: out_trade_no
        order: OrderId,
    },
    /// Look for what goes wrong in practice, and say what to do about it; nothing is changed. Exits with 1 when something must be mended
    Doctor {
        /// Visit the notify URL through its public name
        #[arg(long)]
        fetch: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell's
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Does what was typed.
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    let is_service = matches!(command, Command::Serve | Command::Simulator);
    let _last_lines = if is_service { telemetry::start() } else { telemetry::start_plain() };
    match in_runtime(carry_out(command)) {
        Ok(code) => code,
        Err(Failure(sentences)) => {
            for sentence in sentences {
                match is_service {
                    true => tracing::error!(error = sentence, "cannot start"),
                    false => _ = writeln!(std::io::stderr(), "wechat-pay: {sentence}"),
                }
            }
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(command: Command) -> Outcome {
    let mut signals = Signals::listen()?;
    match command {
        Command::Serve => serve::serve(&mut signals).await,
        Command::Simulator => simulator::simulator(&mut signals).await,
        tool => tokio::select! {
            outcome = use_tool(tool) => outcome,
            // In a container nobody else would end it: the first process there has no default for a signal.
            () = signals.next() => Err(Failure(vec!["ended by a signal".to_owned()])),
        },
    }
}

async fn use_tool(tool: Command) -> Outcome {
    match tool {
        // Services, which are no tools.
        Command::Serve | Command::Simulator => Ok(ExitCode::SUCCESS),
        Command::Migrate { dry_run: true } => migrate::dry_run().await,
        Command::Migrate { dry_run: false } => migrate::migrate().await,
        Command::CheckConfig => check_config::check_config(),
        Command::NewKey { name } => new_key::new_key(&name),
        Command::Explain { order } => explain::explain(&order).await,
        Command::Doctor { fetch } => doctor::doctor(fetch).await,
        Command::Completions { shell } => papers::completions(shell),
        Command::Man => papers::man(),
    }
}

/// The exit code, or sentences about what went wrong.
type Outcome = Result<ExitCode, Failure>;

/// What went wrong, a sentence each.
struct Failure(Vec<String>);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(vec![error.to_string()])
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self(errors.iter().map(ToString::to_string).collect())
    }
}

/// Runs it to its end, and waits for nothing else: a name look-up that hangs would keep the process for half a minute.
fn in_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}

/// To standard output; a closed pipe is nobody's fault.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_described_without_a_mistake() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_look_up_that_hangs_does_not_keep_the_process() {
        let begun = Instant::now();
        let outcome = in_runtime(async {
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(20)));
            Ok(ExitCode::SUCCESS)
        });
        assert!(outcome.is_ok() && begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
