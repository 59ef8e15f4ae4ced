//! The simulated WeChat as the real one is: behind TLS, with certificates demanded below `/secapi`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use wechat_pay::app;
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;

use super::http::Caller;
use super::ports::free_address;

/// A merchant that it knows beside the simulator's own.
pub const BAKERY: &str = "1900000077";

/// A simulator by the system's clock, for as long as this lives.
pub struct SecuredWeChat {
    /// Where it listens with TLS.
    pub url: String,
    /// Where it is controlled.
    pub phone: Caller,
    /// Its certificates.
    folder: TempDir,
    _stop: DropGuard,
}

impl SecuredWeChat {
    pub async fn new() -> Self {
        let (folder, stop, address) = (TempDir::new().unwrap(), CancellationToken::new(), free_address());
        let variables = [
            ("LISTEN", "127.0.0.1:0"),
            ("TLS_LISTEN", &address.to_string()),
            ("TLS_DIR", folder.path().to_str().unwrap()),
            ("MERCHANTS__BAKERY__APPID", "wx2421b1c4370ec43b"),
            ("MERCHANTS__BAKERY__MCH_ID", BAKERY),
            ("MERCHANTS__BAKERY__API_KEY", "8934e7d15453e97507ef794cf7b0519d"),
        ];
        let variables = variables.map(|(key, value)| (format!("WECHAT_PAY__SIMULATOR__{key}"), value.to_owned())).into();
        let settings = Settings::from_environment(variables).unwrap();
        let (plain, _) = app::run_simulator(settings, Clock::System, Chance::System, stop.clone()).await.unwrap();
        Self { url: format!("https://{address}"), phone: Caller::new(plain), folder, _stop: stop.drop_guard() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder().join("ca.pem")
    }

    /// The PEM texts of the pair that it has issued to a merchant.
    pub fn pair(&self, mch_id: &str) -> [String; 2] {
        [format!("{mch_id}.pem"), format!("{mch_id}-key.pem")].map(|name| fs::read_to_string(self.folder().join(name)).unwrap())
    }
}
