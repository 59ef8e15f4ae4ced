//! A child process that ends with the test which started it, and a log of what it writes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running process, and the only kind that a test kills; killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: File,
}

impl Process {
    /// Starts it. Standard output and standard error go to the end of the log.
    pub fn start(command: &mut Command, log: File) -> Self {
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log.try_clone().unwrap());
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        Self { child, log }
    }

    /// Everything written to its log so far.
    pub fn written(&self) -> String {
        let mut bytes = vec![0; usize::try_from(self.log.metadata().unwrap().len()).unwrap()];
        // At a place of its own choice: the file's own position is where the process writes.
        self.log.read_exact_at(&mut bytes, 0).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its number in `/proc`.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory by its name in `/proc/<id>/status`: `VmRSS` is resident now, `VmHWM` the most that ever was. In KiB.
    pub fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end, however long that takes.
    pub fn wait(&mut self) {
        let _ = self.child.wait();
    }

    /// `kill -TERM`.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// `kill -HUP`.
    #[allow(dead_code, reason = "the stories use it")]
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// How it ends, if it does in time.
    pub async fn end_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < limit {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A log without a name, gone with the process.
pub fn unnamed_log() -> File {
    tempfile::tempfile().unwrap()
}

/// A log at this place, continued if it is there.
pub fn log_at(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).read(true).open(path).unwrap()
}
