//! The real program in a process of its own, with all that it writes.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

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
    child: Child,
    written: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Program {
    /// With these environment variables (`SECTION__KEY`, or a whole name in lower or upper case) and no others,
    /// in a directory of its own.
    pub fn start(command: &str, directory: &std::path::Path, variables: &[(&str, String)]) -> Self {
        Self::start_with(&[command], directory, variables)
    }

    /// The same, with several words for a command.
    pub fn start_with(words: &[&str], directory: &std::path::Path, variables: &[(&str, String)]) -> Self {
        Self::spawn([&[env!("CARGO_BIN_EXE_wechat-pay")], words].concat(), directory, variables)
    }

    /// The same, started by another program that changes what it may do: `prlimit`, `sh -c`.
    pub fn start_under(starter: &[&str], command: &str, directory: &std::path::Path, variables: &[(&str, String)]) -> Self {
        Self::spawn([starter, &[env!("CARGO_BIN_EXE_wechat-pay"), command]].concat(), directory, variables)
    }

    fn spawn(words: Vec<&str>, directory: &std::path::Path, variables: &[(&str, String)]) -> Self {
        let mut words = words.into_iter();
        let mut program = Command::new(words.next().unwrap());
        program.args(words).env_clear().current_dir(directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in variables {
            let name = if name.contains("__") { format!("WECHAT_PAY__{name}") } else { (*name).to_owned() };
            program.env(name, value);
        }
        let mut child = program.spawn().unwrap();
        let written = Arc::new(Mutex::new(String::new()));
        let outputs: [Box<dyn Read + Send>; 2] = [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        let readers = outputs.map(|output| {
            let written = Arc::clone(&written);
            std::thread::spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                    let mut written = written.lock().unwrap();
                    written.push_str(&String::from_utf8_lossy(&line));
                    written.push('\n');
                }
            })
        });
        Self { child, written, readers: readers.into() }
    }

    /// Everything written so far, to standard output and standard error.
    pub fn written(&self) -> String {
        self.written.lock().unwrap().clone()
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

    /// The most memory that it has had so far.
    pub fn most_resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Its number in `/proc`.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still lives.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Changes what the system lets it have, by an option of `prlimit`.
    pub fn limit(&self, option: &str) {
        let limited = Command::new("prlimit").args(["--pid", &self.pid().to_string(), option]).status().unwrap();
        assert!(limited.success());
    }

    /// Asks it to stop, as `kill` does.
    pub fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits for its end; kills it when that does not come in time.
    pub async fn end(mut self, patience: Duration) -> (Option<ExitStatus>, String) {
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if started.elapsed() > patience => break None,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let _ = self.child.kill();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.written())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
