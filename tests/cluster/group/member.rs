//! One member: a `mysqld` with the plugin of Group Replication.

use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::freeze::freeze;
use crate::load::database::until;
use crate::patience::WHOLE;
use crate::sql;
use crate::support::ports::free_port;
use crate::support::process::{Process, log_at};

/// Small enough for three beside one another; a member that was away comes back by itself, as an operator sets it.
const SERVER: [&str; 15] = [
    "--bind-address=127.0.0.1",
    "--report-host=127.0.0.1",
    "--mysqlx=OFF",
    "--secure-file-priv=NULL",
    "--innodb-buffer-pool-size=48M",
    "--innodb-redo-log-capacity=64M",
    "--max-connections=200",
    // Or one that fails to join takes changes, by itself.
    "--super-read-only=ON",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--plugin-load-add=group_replication.so",
    "--group-replication-group-name=7f4f2f0c-5a6b-4e0f-9d6e-1c2d3e4f5a6b",
    "--group-replication-single-primary-mode=ON",
    // Or what a member that is gone would have had to say is waited for again and again until it is given up, and by so much later it is.
    "--group-replication-paxos-single-leader=ON",
    "--group-replication-message-cache-size=134217728",
];

/// How soon, beyond five seconds, a member of a LAN is given up that says nothing. MySQL's own is 5, which makes up to 20.
const OF_A_LAN: &str = "0";

pub struct Member {
    pub port: u16,
    /// Where it hears the others.
    pub address: String,
    /// `None`: it was killed, and has not been started again.
    process: Option<Process>,
    options: Vec<String>,
    pub directory: TempDir,
}

impl Member {
    /// Lays its data out, and does not start it.
    pub fn new(number: usize) -> Self {
        let directory = TempDir::with_prefix("wechat-pay-mysql-").unwrap();
        let mut member =
            Self { port: free_port(), address: format!("127.0.0.1:{}", free_port()), process: None, options: Vec::new(), directory };
        let made = member.command().arg("--initialize-insecure").output().unwrap();
        assert!(made.status.success(), "{}{}", String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&made.stderr));
        member.options = SERVER.map(str::to_owned).into();
        member.options.extend([
            format!("--server-id={}", number + 1),
            format!("--port={}", member.port),
            format!("--socket={}", member.directory.path().join("s").display()),
            format!("--group-replication-local-address={}", member.address),
        ]);
        let seconds = std::env::var("GROUP_EXPEL_TIMEOUT").unwrap_or_else(|_| OF_A_LAN.to_owned());
        member.options.push(format!("--group-replication-member-expel-timeout={seconds}"));
        member
    }

    /// Starts it for the first time, as one that knows where the others are, and how it is let in to them.
    pub async fn prepare(&mut self, addresses: &[String]) {
        self.options.push(format!("--group-replication-group-seeds={}", addresses.join(",")));
        self.options.push("--group-replication-start-on-boot=OFF".to_owned());
        self.launch();
        // The last of an option counts.
        self.options.push("--group-replication-start-on-boot=ON".to_owned());
        until(WHOLE, async || sql::connect(&self.url()).await.is_some()).await.expect("MySQL answers");
        let source = "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'root', SOURCE_PASSWORD = '' FOR CHANNEL 'group_replication_recovery'";
        assert!(self.run(source).await);
    }

    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    /// Starts it on the data that it left, and does not wait for it.
    pub fn launch(&mut self) {
        let log = log_at(&self.directory.path().join("mysql.log"));
        self.process = Some(Process::start(self.command().args(&self.options), log));
    }

    /// Runs SQL on a connection of its own; `false`: it was not to be had, or refused.
    pub async fn run(&self, sql: &str) -> bool {
        sql::run(&self.url(), sql).await
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Stands still for so long; the guard lets it go on, whatever becomes of the test.
    pub fn freeze(&self, length: Duration) -> Process {
        freeze(self.process.as_ref().expect("a member that runs"), length)
    }

    fn command(&self) -> Command {
        let home = self.directory.path();
        let mysqld = std::env::var("MYSQLD").expect("MYSQLD names the MySQL to use: tests/cluster/group-replication fetches one");
        let mut command = Command::new(mysqld);
        command.arg("--no-defaults").arg(format!("--datadir={}", home.join("data").display()));
        command.arg(format!("--tmpdir={}", home.display()));
        // It is not root unless that is asked for.
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.arg("--user=root");
        }
        command
    }
}
