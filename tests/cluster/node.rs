//! One node: a `mariadbd` with Galera's provider, and what may happen to it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::{MySqlConnection, Row};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::freeze::freeze;
use crate::patience::WHOLE;
use crate::sql::{self, SILENT};
use crate::support::mariadb::MariaDb;
use crate::support::ports::free_port;
use crate::support::process::Process;

/// Small enough for three beside one another; and what Galera asks for.
const SERVER: [&str; 11] = [
    "--wsrep-on=ON",
    "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
    "--wsrep-cluster-name=shop",
    "--wsrep-sst-method=rsync",
    "--wsrep-slave-threads=2",
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
    "--innodb-log-file-size=32M",
    "--innodb-buffer-pool-size=48M",
    "--aria-pagecache-buffer-size=8M",
    "--max-connections=200",
];
/// How soon nodes of a LAN give one up that says nothing: 3 s. Galera's own is 5 s.
const OF_A_LAN: &str = "evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.25S;evs.suspect_timeout=PT3S;evs.inactive_timeout=PT6S";

pub struct Node {
    pub server: MariaDb,
    /// Where it hears the others.
    pub address: String,
    /// Of `mariadbd`, whichever start it is.
    options: Vec<String>,
}

impl Node {
    /// Lays its data out, and does not start it.
    pub fn new(number: usize) -> Self {
        let server = MariaDb::lay_out(&[]);
        let [group, donation, changes] = std::array::from_fn(|_| format!("127.0.0.1:{}", free_port()));
        let evs = std::env::var("CLUSTER_EVS").unwrap_or_else(|_| OF_A_LAN.to_owned());
        let provider = format!("gcache.size=64M;gmcast.listen_addr=tcp://{group};ist.recv_addr={changes};{evs}");
        let mut options: Vec<_> = SERVER.map(str::to_owned).into();
        options.extend([
            format!("--wsrep-node-name=node-{number}"),
            format!("--wsrep-node-address={group}"),
            format!("--wsrep-sst-receive-address={donation}"),
            format!("--wsrep-provider-options={provider}"),
        ]);
        Self { server, address: group, options }
    }

    /// As the first of a new cluster.
    pub fn found(&mut self) {
        self.launch(&["--wsrep-cluster-address=gcomm://".to_owned(), "--wsrep-new-cluster".to_owned()]);
    }

    /// As one of these, from where it stood; and does not wait for it. A node that was killed must read out of its own files where that
    /// was, as Debian's unit has it do. Without that it would be given all data anew; and of nodes that all do not know it, as after a power
    /// cut, each would take the others' state for its own, though one has a transaction that another has not.
    pub async fn join(&mut self, cluster: &str) {
        let address = format!("--wsrep-cluster-address={cluster}");
        // Not with what its last start was told: of a position it was given it would not look for one.
        self.server.options = [self.options.as_slice(), std::slice::from_ref(&address)].concat();
        let position = where_it_stood(self.server.command()).await.expect("the node says where it stood");
        let mut further = vec![address];
        if !position.starts_with("0000") {
            further.push(format!("--wsrep-start-position={position}"));
        }
        self.launch(&further);
    }

    fn launch(&mut self, further: &[String]) {
        self.server.options = [self.options.as_slice(), further].concat();
        self.server.launch();
    }

    /// A connection, if it gives one.
    pub async fn connect(&self) -> Option<MySqlConnection> {
        sql::connect(&self.server.url()).await
    }

    /// Whether it is synced and one of so many that have the quorum.
    pub async fn is_one_of(&self, size: usize) -> bool {
        const STATE: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN \
            ('wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_local_state_comment', 'wsrep_ready')";
        let Some(mut connection) = self.connect().await else { return false };
        let Ok(Ok(rows)) = timeout(SILENT, sqlx::raw_sql(STATE).fetch_all(&mut connection)).await else { return false };
        let values: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        values.into_values().eq([size.to_string().as_str(), "Primary", "Synced", "ON"])
    }

    /// Runs SQL on a connection of its own; `false`: it was not to be had, or refused.
    pub async fn run(&self, sql: &str) -> bool {
        sql::run(&self.server.url(), sql).await
    }

    /// `kill -9`, with what it has started.
    pub fn kill(&mut self) {
        self.server.kill();
        end_scripts_of(self.server.directory.path());
    }

    /// Stands still for so long; the guard lets it go on, whatever becomes of the test.
    pub fn freeze(&self, length: Duration) -> Process {
        freeze(self.server.process.as_ref().expect("a node that runs"), length)
    }

    /// Hears no other node and is heard by none, or hears them again.
    pub async fn isolate(&self, is_cut: bool) -> bool {
        self.run(&format!("SET GLOBAL wsrep_provider_options = 'gmcast.isolate={}'", u8::from(is_cut))).await
    }

    /// Asks it to stop, and waits for that.
    pub async fn stop(&mut self, limit: Duration) -> bool {
        let Some(process) = &mut self.server.process else { return true };
        process.terminate();
        process.end_within(limit).await.is_some()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a node reads out of its own files when it is started for that alone. It is not waited for to end by itself, which MariaDB 10.11 may
/// never do then, and nobody may call it meanwhile.
async fn where_it_stood(mut node: Command) -> Option<String> {
    node.args(["--wsrep-recover", "--skip-networking"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut node = node.spawn().unwrap();
    let said = BufReader::new(node.stderr.take().unwrap()).lines();
    let position = |line: String| line.split_once("Recovered position:").map(|(_, position)| position.trim().to_owned());
    let reading = spawn_blocking(move || said.map_while(Result::ok).find_map(position));
    let position = timeout(WHOLE, reading).await;
    let _ = (node.kill(), node.wait());
    position.ok()?.unwrap()
}

/// Ends the scripts that carry a node's data from and to this folder: they outlive a server that is killed.
fn end_scripts_of(home: &Path) {
    let home = home.to_str().unwrap();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&words).contains(home) {
            let _ = Command::new("kill").args(["-KILL", &id.to_string()]).output();
        }
    }
}
