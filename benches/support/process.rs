//! Processes that end with the bench.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that the bench started; killed when it is dropped.
pub struct Process(Child);

impl Process {
    /// Starts it. If the program is missing, `package` is what to install.
    pub fn start(command: &mut Command, package: &str) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap_or_else(|error| missing(command, package, &error)))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(&mut self) {
        output(Command::new("kill").args(["-TERM", &self.id().to_string()]), "coreutils");
        while !self.has_ended() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its end and gives what it said.
pub fn output(command: &mut Command, package: &str) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| missing(command, package, &error));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn missing(command: &Command, package: &str, error: &std::io::Error) -> ! {
    panic!("{}: {error}. Install it: apt-get install {package}", command.get_program().display())
}
