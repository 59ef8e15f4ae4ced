//! The real program in a process of its own, with all that it writes.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::{Process, unnamed_log};

/// As cargo has just built it.
pub const JUST_BUILT: &str = env!("CARGO_BIN_EXE_wechat-pay");

/// The variables of a service that listens there, has this database, and is its own WeChat.
pub fn environment(database_url: &str, listen: &str) -> Vec<(&'static str, String)> {
    vec![
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("SERVER__LISTEN", listen.to_owned()),
        ("SIMULATOR__LISTEN", "127.0.0.1:0".to_owned()),
        ("DATABASE__URL", database_url.to_owned()),
        ("SIMULATOR__ACCEPT_DATABASE", "true".to_owned()),
    ]
}

/// A running `wechat-pay`; killed when it is dropped.
pub struct Program {
    pub process: Process,
}

impl Program {
    /// With these environment variables (`SECTION__KEY`, or a whole name in lower or upper case) and no others,
    /// in a directory of its own.
    pub fn start(command: &str, directory: &Path, variables: &[(&str, String)]) -> Self {
        Self::start_with(&[command], directory, variables)
    }

    /// The same, with several words for a command.
    pub fn start_with(words: &[&str], directory: &Path, variables: &[(&str, String)]) -> Self {
        Self::run(&[&[JUST_BUILT], words].concat(), directory, variables, unnamed_log())
    }

    /// The same, started by another program that changes what it may do: `prlimit`, `sh -c`.
    pub fn start_under(starter: &[&str], command: &str, directory: &Path, variables: &[(&str, String)]) -> Self {
        Self::run(&[starter, &[JUST_BUILT, command]].concat(), directory, variables, unnamed_log())
    }

    /// All of it in the test's hand: the program and its arguments, and the log.
    pub fn run(words: &[&str], directory: &Path, variables: &[(&str, String)], log: File) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().current_dir(directory);
        for (name, value) in variables {
            let name = if name.contains("__") { format!("WECHAT_PAY__{name}") } else { (*name).to_owned() };
            command.env(name, value);
        }
        Self { process: Process::start(&mut command, log) }
    }

    /// Everything written so far, to standard output and standard error.
    pub fn written(&self) -> String {
        self.process.written()
    }

    /// Waits until a line of the log has this message, and gives it.
    pub async fn says(&self, message: &str) -> Value {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            let lines = self.written();
            let events = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(event) = events.into_iter().find(|event| event["message"] == message) {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never said {message:?}: {}", self.written());
    }

    /// Where it serves.
    pub async fn address(&self) -> SocketAddr {
        self.says("serving").await["address"].as_str().unwrap().parse().unwrap()
    }

    /// Whether it still lives.
    pub fn lives(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Changes what the system lets it have, by an option of `prlimit`.
    pub fn limit(&self, option: &str) {
        let limited = Command::new("prlimit").args(["--pid", &self.process.id().to_string(), option]).status().unwrap();
        assert!(limited.success());
    }

    /// Asks it to stop, as `kill` does.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits for its end; kills it when that does not come in time.
    pub async fn end(mut self, patience: Duration) -> (Option<ExitStatus>, String) {
        let status = self.process.end_within(patience).await;
        self.process.kill();
        (status, self.written())
    }
}
