//! The command line: one file a command. Help, `explain`, `doctor`, `check-config` and `migrate` speak Chinese or English, as the
//! locale says; logs are English.
//!
//! `serve` and `simulator` are services: they write a log (`telemetry`) and end in order when a signal tells them to. The others are
//! tools: their findings go to standard output, what went wrong to standard error in plain sentences, and a signal ends them at once.

mod books_words;
mod check_config;
mod console_user;
mod deals;
mod doctor;
mod explain;
mod help;
mod migrate;
mod new_key;
mod papers;
mod reconcile;
mod refund;
mod serve;
mod signals;
mod silent;
mod simulator;
mod takings;
mod webhooks;
mod words;

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{ConfigError, ConfigErrors};
use crate::deal::OrderId;
use crate::language::{Language, Text};
use crate::telemetry::{self, Lines};

use signals::Signals;

/// Both languages of the help stand in [`help`].
#[derive(Parser)]
#[command(name = "wechat-pay", version, disable_help_flag = true, disable_help_subcommand = true, disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Subcommand)]
enum Command {
    Serve,
    Simulator,
    Migrate {
        #[arg(long)]
        dry_run: bool,
    },
    CheckConfig,
    NewKey(new_key::NewKey),
    ConsoleUser(console_user::NewUser),
    Explain {
        /// An order's, or a checkout's, which has the form of one.
        number: OrderId,
    },
    Deals(deals::Deals),
    Takings(takings::Takings),
    Refund(refund::Refund),
    Reconcile(reconcile::Reconcile),
    Webhooks(webhooks::Webhooks),
    Doctor {
        #[arg(long)]
        fetch: bool,
    },
    Completions {
        shell: clap_complete::Shell,
    },
    Man,
    Help {
        command: Option<String>,
    },
}

/// The description of the command line.
fn described(language: Language) -> clap::Command {
    help::in_language(Cli::command(), language)
}

fn typed(language: Language) -> Command {
    let matches = described(language).get_matches();
    // The library has checked them; what it cannot read is told as any mistake of the operator's is.
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.command.unwrap_or(Command::Serve)
}

/// Does what was typed.
pub fn run() -> ExitCode {
    let language = Language::of_terminal();
    let command = typed(language);
    let is_service = matches!(command, Command::Serve | Command::Simulator);
    // There 1 says that the refund was refused, or that the books differ.
    let failure = if matches!(command, Command::Refund(_) | Command::Reconcile(_)) { ExitCode::from(2) } else { ExitCode::FAILURE };
    let lines = if is_service { telemetry::start() } else { telemetry::start_plain() };
    match in_runtime(carry_out(command, language, &lines)) {
        Ok(code) => code,
        Err(Failure(sentences)) => {
            for sentence in sentences {
                match is_service {
                    true => tracing::error!(error = sentence.read(Language::English), "cannot start"),
                    false => _ = writeln!(std::io::stderr(), "wechat-pay: {}", sentence.read(language)),
                }
            }
            failure
        }
    }
}

async fn carry_out(command: Command, language: Language, lines: &Lines) -> Outcome {
    let mut signals = Signals::listen()?;
    match command {
        Command::Serve => serve::serve(&mut signals, language, lines).await,
        Command::Simulator => simulator::simulator(&mut signals).await,
        tool => tokio::select! {
            outcome = use_tool(tool, language) => outcome,
            // In a container nothing else would end it: the first process there has no default for a signal.
            () = signals.next() => Err(Failure(vec![words::ended_by_a_signal()])),
        },
    }
}

async fn use_tool(tool: Command, language: Language) -> Outcome {
    match tool {
        // Services, which are no tools.
        Command::Serve | Command::Simulator => Ok(ExitCode::SUCCESS),
        Command::Migrate { dry_run: true } => migrate::dry_run(language).await,
        Command::Migrate { dry_run: false } => migrate::migrate(language).await,
        Command::CheckConfig => check_config::check_config(language),
        Command::NewKey(wish) => new_key::new_key(&wish, language),
        Command::ConsoleUser(wish) => console_user::console_user(wish, language).await,
        Command::Explain { number } => explain::explain(&number, language).await,
        Command::Deals(wish) => deals::deals(wish, language).await,
        Command::Takings(wish) => takings::takings(wish, language).await,
        Command::Refund(wish) => refund::refund(wish, language).await,
        Command::Reconcile(wish) => reconcile::reconcile(wish, language).await,
        Command::Webhooks(wish) => webhooks::webhooks(wish, language).await,
        Command::Doctor { fetch } => doctor::doctor(fetch, language).await,
        Command::Completions { shell } => papers::completions(shell, language),
        Command::Man => papers::man(language),
        Command::Help { command } => papers::help(command, language),
    }
}

/// The exit code, or sentences about what went wrong.
type Outcome = Result<ExitCode, Failure>;

/// What went wrong, a sentence each.
struct Failure(Vec<Text>);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(vec![Text::untranslated(error.to_string())])
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self(errors.iter().map(ConfigError::told).collect())
    }
}

/// Runs it to its end, and waits for nothing else: a name look-up that hangs would keep the process for half a minute.
fn in_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}

/// Whether a variable can carry a name: a shell takes no `-`, and `__` ends the name.
fn fits_a_variable(name: &str) -> bool {
    !name.contains('-') && !name.contains("__") && !name.ends_with('_')
}

/// To standard output; a closed pipe is no mistake.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

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
