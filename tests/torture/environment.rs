//! Everything there is: a MariaDB, a WeChat, instances of the service and a door for notifications, each a process of
//! its own but the door.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, MySqlConnection};
use tokio::time::sleep;
use wechat_pay::simulator::published_key;

use crate::clients::{BACK_END_HASH, Phone, Till};
use crate::forwarder::Forwarder;
use crate::support::mariadb::MariaDb;
use crate::support::merchant;
use crate::support::ports::free_address;
use crate::support::process::{Process, log_at};
use crate::support::program::{JUST_BUILT, Program};

/// How much of the log of a process is worth reading.
const LOG_LEVEL: &str = "warn,wechat_pay::gateway=info,wechat_pay=info,wechat_pay::http::edge=warn";
/// For a process to come up on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);
const SERVER: [&str; 3] = ["--max-connections=200", "--innodb-log-file-size=32M", "--innodb-buffer-pool-size=64M"];

/// Another account of ours, and whose deals go through it.
pub const OTHER_ACCOUNT: &str = "shop2";
pub const OTHER_MCH_ID: &str = "1900000002";
pub const OTHER_SELLERS: RangeInclusive<i64> = 4..=5;

/// What a process of the program is configured with.
type Variables = Vec<(&'static str, String)>;

pub struct Environment {
    // The processes go before the database's directory, which they write to.
    pub instances: Vec<Instance>,
    pub simulator: Simulator,
    pub database: MariaDb,
    _door: Forwarder,
}

impl Environment {
    /// Everything is up and ready when this returns.
    pub async fn build(instances: usize, chosen: &[(&'static str, &str)]) -> Self {
        let database = MariaDb::start(&SERVER).await;
        run(&mut connect(&database.url()).await, "CREATE DATABASE shop CHARACTER SET utf8mb4").await;
        let url = format!("{}/shop", database.url());
        let home = database.directory.path().to_owned();
        let simulator = Simulator::start(&home).await;
        let addresses: Vec<SocketAddr> = (0..instances).map(|_| free_address()).collect();
        let door = Forwarder::start(addresses.clone()).await;
        let mut variables: Variables = vec![("RUST_LOG", LOG_LEVEL.to_owned()), ("DATABASE__URL", url)];
        let (base_url, notify_url) = (format!("http://{}", simulator.address), format!("http://{}/wxPay/notify", door.address));
        variables.extend(merchant::variables(&base_url, &notify_url));
        variables.extend(other_account());
        variables.extend([("AUTH__KEYS__SHOP__HASH", BACK_END_HASH.to_owned()), ("AUTH__KEYS__SHOP__SCOPES", "refund,read".to_owned())]);
        variables.extend(chosen.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let mut environment = Self { instances: Vec::new(), simulator, database, _door: door };
        for (number, address) in addresses.into_iter().enumerate() {
            let own = [variables.clone(), vec![("SERVER__LISTEN", address.to_string())]].concat();
            let log = home.join(format!("instance-{number}.log"));
            environment.instances.push(Instance { address, process: serve("serve", &log, &own), variables: own, log });
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

    /// A connection to the database behind the service's back.
    pub async fn look(&self) -> MySqlConnection {
        connect(&format!("{}/shop", self.database.url())).await
    }

    pub fn phone(&self) -> Phone {
        Phone::new(self.simulator.address)
    }
}

impl Drop for Environment {
    /// After a failure the logs stay.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.database.directory.disable_cleanup(true);
            eprintln!("the logs are in {}", self.database.directory.path().display());
        }
    }
}

/// What configures it beside the account `default`.
fn other_account() -> Variables {
    vec![
        ("ACCOUNTS__SHOP2__APPID", "wx0000000000000002".to_owned()),
        ("ACCOUNTS__SHOP2__MCH_ID", OTHER_MCH_ID.to_owned()),
        ("ACCOUNTS__SHOP2__API_KEY", published_key(OTHER_MCH_ID)),
        ("ACCOUNTS__SHOP2__SELLERS", format!("{}-{}", OTHER_SELLERS.start(), OTHER_SELLERS.end())),
    ]
}

/// A process of the service.
pub struct Instance {
    pub address: SocketAddr,
    pub process: Process,
    variables: Variables,
    log: PathBuf,
}

impl Instance {
    /// Starts it again.
    pub fn start(&mut self) {
        self.process = serve("serve", &self.log, &self.variables);
    }

    /// Whether it runs as it should. A service never ends by itself.
    pub fn lives(&mut self) -> bool {
        self.process.ended().is_none()
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
    async fn start(home: &Path) -> Self {
        let address = free_address();
        let mut variables = vec![
            ("RUST_LOG", LOG_LEVEL.to_owned()),
            ("SIMULATOR__LISTEN", address.to_string()),
            // A quarter of a minute becomes a quarter of a second, and a day half an hour.
            ("SIMULATOR__TIME_SCALE", "60".to_owned()),
        ];
        variables.extend(merchant::variables(&format!("http://{address}"), merchant::NOTIFY_URL));
        variables.extend(other_account());
        let simulator = Self { address, _process: serve("simulator", &home.join("simulator.log"), &variables) };
        let phone = Phone::new(address);
        until(PATIENCE, async || phone.try_orders().await.is_some()).await.expect("a simulator that answers");
        simulator
    }
}

/// The program under torture: `TORTURE_PROGRAM`, or the one that was just built.
fn serve(command: &str, log: &Path, variables: &Variables) -> Process {
    let program = std::env::var("TORTURE_PROGRAM").unwrap_or_else(|_| JUST_BUILT.to_owned());
    Program::run(&[&program, command], log.parent().unwrap(), variables, log_at(log)).process
}

async fn connect(url: &str) -> MySqlConnection {
    let options: MySqlConnectOptions = url.parse().unwrap();
    options.timezone(Some("+08:00".to_owned())).disable_statement_logging().connect().await.unwrap()
}

/// Runs any SQL.
pub async fn run(connection: &mut MySqlConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
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
