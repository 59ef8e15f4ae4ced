//! Everything there is: a MariaDB, a WeChat, instances of the service and a door for notifications, each a process of
//! its own but the door.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, MySqlConnection};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::clients::{Phone, Till};
use crate::forwarder::Forwarder;
use crate::process::Process;
use crate::random::Random;

/// How much of the log of a process is worth reading.
const LOG_LEVEL: &str = "warn,wechat_pay::gateway=info,wechat_pay=info,wechat_pay::http::edge=warn";
/// For a process to come up on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an instance of the service is configured with, beside its addresses.
pub type Variables = BTreeMap<&'static str, String>;

pub struct Environment {
    // The processes go before the directory that they write to.
    pub instances: Vec<Instance>,
    pub simulator: Simulator,
    pub database: Database,
    _door: Forwarder,
    _home: Home,
}

impl Environment {
    /// Everything is up and ready when this returns.
    pub async fn build(instances: usize, random: &Random, chosen: &[(&'static str, &str)]) -> Self {
        let home = Home(TempDir::with_prefix("wechat-pay-torture-").unwrap());
        // MariaDB has a user of its own, who must get through.
        std::fs::set_permissions(home.0.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let database = Database::make(home.0.path(), free_port(random)).await;
        let simulator = Simulator::start(home.0.path(), free_port(random)).await;
        let addresses: Vec<SocketAddr> = (0..instances).map(|_| free_port(random)).map(local).collect();
        let door = Forwarder::start(addresses.clone()).await;
        let mut variables: Variables = chosen.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let own = [
            ("DATABASE__URL", database.url()),
            ("WECHAT__APPID", DEFAULT_MERCHANT.appid.to_owned()),
            ("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id.to_owned()),
            ("WECHAT__API_KEY", DEFAULT_MERCHANT.api_key.to_owned()),
            ("WECHAT__BASE_URL", format!("http://{}", simulator.address)),
            ("WECHAT__NOTIFY_URL", format!("http://{}/wxPay/notify", door.address)),
            ("AUTH__MODE", "open".to_owned()),
        ];
        variables.extend(own);
        let mut environment = Self { instances: Vec::new(), simulator, database, _door: door, _home: home };
        for (number, address) in addresses.into_iter().enumerate() {
            let log = environment._home.0.path().join(format!("instance-{number}.log"));
            let instance = Instance { address, variables: variables.clone(), log, process: None };
            environment.instances.push(instance);
            environment.instances[number].start();
        }
        for instance in &environment.instances {
            instance.ready_within(PATIENCE).await.expect("an instance that is ready");
        }
        environment
    }

    /// A front end that calls all instances in turn.
    pub fn till(&self) -> Till {
        Till::new(self.instances.iter().map(|instance| instance.address).collect())
    }

    pub fn phone(&self) -> Phone {
        Phone::new(self.simulator.address)
    }
}

/// Where the processes live. After a failure their logs stay.
struct Home(TempDir);

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.disable_cleanup(true);
            eprintln!("the logs are in {}", self.0.path().display());
        }
    }
}

/// A process of the service.
pub struct Instance {
    pub address: SocketAddr,
    variables: Variables,
    log: PathBuf,
    pub process: Option<Process>,
}

impl Instance {
    pub fn start(&mut self) {
        let mut command = program("serve", &self.log);
        command.env("WECHAT_PAY__SERVER__LISTEN", self.address.to_string());
        command.envs(self.variables.iter().map(|(key, value)| (format!("WECHAT_PAY__{key}"), value)));
        self.process = Some(Process::start(&mut command, &self.log));
    }

    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Whether it runs as it should. A service never ends by itself.
    pub fn lives(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// How long it took to be ready, from now.
    pub async fn ready_within(&self, limit: Duration) -> Option<Duration> {
        until(limit, async || Till::new(vec![self.address]).get("/readyz").await.is_ok_and(|answer| answer.status == 200)).await
    }
}

/// The simulated WeChat. It is never killed: what it knows is the truth.
pub struct Simulator {
    pub address: SocketAddr,
    _process: Process,
}

impl Simulator {
    async fn start(home: &Path, port: u16) -> Self {
        let address = local(port);
        let log = home.join("simulator.log");
        let mut command = program("simulator", &log);
        command.env("WECHAT_PAY__SIMULATOR__LISTEN", address.to_string());
        // A quarter of a minute becomes a quarter of a second, and a day half an hour.
        command.env("WECHAT_PAY__SIMULATOR__TIME_SCALE", "60");
        let simulator = Self { address, _process: Process::start(&mut command, &log) };
        let phone = Phone::new(address);
        until(PATIENCE, async || phone.try_orders().await.is_some()).await.expect("a simulator that answers");
        simulator
    }
}

/// The database server, its data and nothing else's.
pub struct Database {
    home: PathBuf,
    port: u16,
    process: Option<Process>,
}

const PASSWORD: &str = "till-of-the-torture";

impl Database {
    async fn make(home: &Path, port: u16) -> Self {
        let mut install = tool("mariadb-install-db");
        install.arg("--no-defaults").args(as_user()).arg(format!("--datadir={}", home.join("data").display()));
        install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
        let made = install.output().unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        assert!(made.status.success(), "{}{}", String::from_utf8_lossy(&made.stdout), String::from_utf8_lossy(&made.stderr));
        let users = home.join("users.sql");
        let words = format!(
            "CREATE USER till@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO till@'127.0.0.1';\nCREATE DATABASE shop CHARACTER SET utf8mb4;\n"
        );
        std::fs::write(&users, words).unwrap();
        let mut database = Self { home: home.to_owned(), port, process: None };
        database.launch(&[format!("--init-file={}", users.display())]);
        database.ready_within(PATIENCE).await.expect("MariaDB is up");
        database
    }

    pub fn start(&mut self) {
        self.launch(&[]);
    }

    fn launch(&mut self, more: &[String]) {
        let mut command = tool("mariadbd");
        command.arg("--no-defaults").args(as_user()).args(more);
        command.arg(format!("--datadir={}", self.home.join("data").display()));
        command.arg(format!("--socket={}", self.home.join("data/socket").display()));
        command.arg(format!("--port={}", self.port));
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=200"]);
        command.args(["--innodb-flush-log-at-trx-commit=1", "--innodb-log-file-size=32M", "--innodb-buffer-pool-size=64M"]);
        self.process = Some(Process::start(&mut command, &self.home.join("mariadb.log")));
    }

    pub fn kill(&mut self) {
        self.process = None;
    }

    pub fn url(&self) -> String {
        format!("mysql://till:{PASSWORD}@127.0.0.1:{}/shop", self.port)
    }

    pub async fn ready_within(&self, limit: Duration) -> Option<Duration> {
        until(limit, async || matches!(timeout(Duration::from_secs(2), self.try_look()).await, Ok(Ok(_)))).await
    }

    /// A connection behind the service's back.
    pub async fn look(&self) -> MySqlConnection {
        self.try_look().await.unwrap()
    }

    async fn try_look(&self) -> Result<MySqlConnection, sqlx::Error> {
        let options: MySqlConnectOptions = self.url().parse().unwrap();
        options.timezone(Some("+08:00".to_owned())).disable_statement_logging().connect().await
    }
}

/// Runs any SQL.
pub async fn run(connection: &mut MySqlConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

const MISSING: &str =
    "MariaDB is not installed: the torture needs mariadbd and mariadb-install-db (Debian: apt-get install mariadb-server)";

/// A program of MariaDB's. Servers live in sbin, which is not on everybody's path.
fn tool(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let places = path.split(':').chain(["/usr/sbin", "/usr/local/sbin", "/sbin"]);
    let found = places.map(|place| Path::new(place).join(name)).find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| panic!("{MISSING}")))
}

/// MariaDB refuses to be root.
fn as_user() -> Option<&'static str> {
    (std::fs::metadata("/proc/self").unwrap().uid() == 0).then_some("--user=mysql")
}

/// The program under torture (`TORTURE_PROGRAM`, or the one that was just built), with nothing of this process's configuration.
fn program(name: &str, log: &Path) -> Command {
    let just_built = || env!("CARGO_BIN_EXE_wechat-pay").to_owned();
    let mut command = Command::new(std::env::var("TORTURE_PROGRAM").unwrap_or_else(|_| just_built()));
    command.arg(name).current_dir(log.parent().unwrap()).env("RUST_LOG", LOG_LEVEL);
    for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("WECHAT_PAY__")) {
        command.env_remove(key);
    }
    command
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A port that nobody has, below those that the system gives to outgoing connections: it must be free after a kill too.
fn free_port(random: &Random) -> u16 {
    let mut ports = (0..1000).map(|_| u16::try_from(random.number(20_000, 31_999)).unwrap());
    ports.find(|port| TcpListener::bind(local(*port)).is_ok()).expect("a free port")
}

/// Asks ten times a second; how long it took until the answer was yes.
pub async fn until(limit: Duration, asked: impl AsyncFn() -> bool) -> Option<Duration> {
    let start = Instant::now();
    loop {
        if asked().await {
            return Some(start.elapsed());
        }
        if start.elapsed() > limit {
            return None;
        }
        sleep(Duration::from_millis(100)).await;
    }
}
