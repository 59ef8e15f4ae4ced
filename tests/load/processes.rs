//! The program as processes: instances of the service, and the simulated WeChat.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wechat_pay::simulator::published_key;

use super::clients::{BACK_END_HASH, Phone, Till};
use super::database::until;
use crate::support::merchant;
use crate::support::ports::free_address;
use crate::support::process::{Process, log_at};
use crate::support::program::{JUST_BUILT, Program};

/// How much of the log of a process is worth reading.
const LOG_LEVEL: &str = "warn,wechat_pay::gateway=info,wechat_pay=info,wechat_pay::http::edge=warn";
/// For a process to come up on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Another account of ours, and whose deals go through it.
pub const OTHER_ACCOUNT: &str = "shop2";
pub const OTHER_MCH_ID: &str = "1900000002";
pub const OTHER_SELLERS: RangeInclusive<i64> = 4..=5;

/// What a process of the program is configured with.
pub type Variables = Vec<(&'static str, String)>;

/// What every instance is configured with: WeChat, by which door its notifications come, two accounts, and what was chosen.
pub fn of_instances(simulator: &Simulator, door: SocketAddr, chosen: &[(&'static str, &str)]) -> Variables {
    let mut variables = vec![("RUST_LOG", LOG_LEVEL.to_owned())];
    let (base_url, notify_url) = (format!("http://{}", simulator.address), format!("http://{door}/wxPay/notify"));
    variables.extend(merchant::variables(&base_url, &notify_url));
    variables.extend(other_account());
    variables.extend([("AUTH__KEYS__SHOP__HASH", BACK_END_HASH.to_owned()), ("AUTH__KEYS__SHOP__SCOPES", "refund,read".to_owned())]);
    variables.extend(chosen.iter().map(|(key, value)| (*key, (*value).to_owned())));
    variables
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
    /// Starts the one with this number at this address, on this database.
    pub fn new(number: usize, address: SocketAddr, database: &str, home: &Path, mut variables: Variables) -> Self {
        variables.extend([("SERVER__LISTEN", address.to_string()), ("DATABASE__URL", database.to_owned())]);
        let log = home.join(format!("instance-{number}.log"));
        Self { address, process: serve("serve", &log, &variables), variables, log }
    }

    /// Starts it again.
    pub fn start(&mut self) {
        self.process = serve("serve", &self.log, &self.variables);
    }

    /// Whether it runs as it should. A service never ends by itself.
    pub fn lives(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Whether it says that it may be sent callers.
    pub async fn is_ready(&self) -> bool {
        Till::new(vec![self.address]).get("/readyz").await.is_ok_and(|answer| answer.status == 200)
    }

    /// How long it took to be ready, from now.
    pub async fn ready_within(&self, limit: Duration) -> Option<Duration> {
        until(limit, async || self.is_ready().await).await
    }
}

/// The simulated WeChat. It is never killed: what it knows is the truth.
pub struct Simulator {
    pub address: SocketAddr,
    _process: Process,
}

impl Simulator {
    pub async fn start(home: &Path) -> Self {
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

/// The program on trial: `TORTURE_PROGRAM`, or the one that was just built.
fn serve(command: &str, log: &Path, variables: &Variables) -> Process {
    let program = std::env::var("TORTURE_PROGRAM").unwrap_or_else(|_| JUST_BUILT.to_owned());
    Program::run(&[&program, command], log.parent().unwrap(), variables, log_at(log)).process
}
