//! A simulator of WeChat, the other side, to run and test against, since no merchant gets a sandbox that knows QR codes or pages.
//!
//! `world` is a plain model of it (merchants, orders, payers, money; no HTTP, no clock of its own) with its `answers`, its
//! `notifications` and its `refunds`; `rules` checks a request as the real gateway does, in its order and with its texts, and never skips a
//! signature. `bills` are written from its books, and `calendar` lets a day pass for them. `unified_order` takes orders of all trade types, `payers` pay them, and `login`, `invocations` and `h5` are what a payer's
//! WeChat checks before. The rest are façades: the pay API, the notifier, the control calls, the phone, a page that lives on them, and the
//! `browser`, what a payer's browser meets below `/_wechat/`. `tls` serves the same behind certificates; `keep` has its orders survive a
//! restart. What passes through them is kept in the `message_log`, for people to read. It shares the wire codec and the domain's types with
//! the client and knows nothing of gateway, store or http; what both could get wrong alike is pinned by WeChat's published vectors.

mod acts;
mod answers;
mod bills;
mod browser;
mod calendar;
mod codes;
mod control;
mod h5;
mod invocations;
mod keep;
mod login;
mod merchants;
mod message_log;
mod notifications;
mod notifier;
mod order_book;
mod orders;
mod origin;
mod pay_api;
mod payers;
mod payment;
mod phone;
mod refunds;
mod reply;
mod rules;
mod scene;
mod switches;
mod tls;
mod unified_order;
mod world;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use md5::{Digest, Md5};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::deal::Timestamp;
use crate::listener;

pub use bills::{BillGeneration, BillTrap};
pub use keep::Keeper;
pub use merchants::{SimMerchant, SubMerchant};
pub use notifications::{Delivery, NotificationMessage};
pub use notifier::Notifier;
pub use orders::{Attempt, H5Page, OrderKey, SimOrder};
pub use payers::Payer;
pub use payment::{CannotPay, Payment};
pub use refunds::{CannotRefund, RefundRefusal, RefundSource, RefundState, SimRefund};
pub use reply::Reply;
pub use switches::{CloseUnknown, Faults, Habits, Layout, Notify, OauthFault, RefundNotify};
pub use tls::{CertificateError, Certificates, RequireClientCert};
pub use world::World;

/// What a merchant's contract with WeChat consists of.
#[derive(Debug, Clone, Copy)]
pub struct MerchantNumbers {
    /// `appid`.
    pub appid: &'static str,
    /// `mch_id`.
    pub mch_id: &'static str,
    /// API key.
    pub api_key: &'static str,
}

/// The simulator's merchant unless one is configured. This key is published.
pub const DEFAULT_MERCHANT: MerchantNumbers =
    MerchantNumbers { appid: "wx0000000000000001", mch_id: "1900000001", api_key: "0123456789abcdef0123456789abcdef" };

/// Where a client reaches the simulator that does not say it.
const DEFAULT_ORIGIN: &str = "http://127.0.0.1:8361";

/// The API key of a merchant of the simulator's that has none configured: all of them are as public as the default merchant's.
pub fn published_key(mch_id: &str) -> String {
    if mch_id == DEFAULT_MERCHANT.mch_id {
        return DEFAULT_MERCHANT.api_key.to_owned();
    }
    Md5::digest(format!("{}{mch_id}", DEFAULT_MERCHANT.api_key)).iter().map(|b| format!("{b:02x}")).collect()
}

/// The secret (AppSecret) of [`DEFAULT_MERCHANT`]'s appid, for the login of payers. It is published.
pub const DEFAULT_APP_SECRET: &str = "fedcba9876543210fedcba9876543210";

/// The secret of an appid that has none configured: all of them are as public as the default merchant's.
pub fn published_secret(appid: &str) -> String {
    if appid == DEFAULT_MERCHANT.appid {
        return DEFAULT_APP_SECRET.to_owned();
    }
    Md5::digest(format!("{DEFAULT_APP_SECRET}{appid}")).iter().map(|b| format!("{b:02x}")).collect()
}

/// A simulated WeChat.
#[derive(Debug, Clone)]
pub struct Simulator {
    world: Arc<Mutex<World>>,
    notifier: Arc<Notifier>,
    clock: Clock,
}

impl Simulator {
    /// A WeChat that has these merchants, and no orders yet. `may_post_anywhere`: whether notifications go to addresses
    /// other than this machine's. Each caller that reaches the simulator names the address, so a simulator that listens to
    /// other machines should not.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn with_merchants(
        merchants: Vec<SimMerchant>,
        clock: Clock,
        chance: Chance,
        time_scale: u32,
        may_post_anywhere: bool,
    ) -> Result<Self, reqwest::Error> {
        let world = Arc::new(Mutex::new(World::with_merchants(merchants, chance, time_scale)));
        let notifier = Arc::new(Notifier::new(Arc::clone(&world), clock.clone(), may_post_anywhere)?);
        Ok(Self { world, notifier, clock })
    }

    /// The world, to look at and to move by hand.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is in the world; not to be asked by who has the world in hand.
    pub fn now(&self) -> Timestamp {
        let clock = self.clock.now();
        self.world().time(clock)
    }

    /// Posts the notifications that are due, and waits for their answers.
    pub async fn deliver_due(&self) {
        self.notifier.deliver_due().await;
    }

    /// Serves the pay API, the control calls and the page, and posts notifications when they are due, until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let notifier = tokio::spawn(Arc::clone(&self.notifier).run(stop.clone()));
        listener::serve(listener, self.router(), 1000, stop).await;
        let _ = notifier.await;
    }

    /// Serves the same over TLS, where clients show certificates; notifications go out by [`Self::serve`] alone. Without `stop`
    /// it never ends.
    ///
    /// # Errors
    /// When the server's certificate does not fit its key.
    pub fn serve_tls(
        &self,
        listener: TcpListener,
        certificates: Certificates,
        stop: CancellationToken,
    ) -> Result<impl Future<Output = ()> + Send + use<>, rustls::Error> {
        tls::serve(listener, self.clone(), certificates, stop)
    }

    /// The certificates in a folder, with one for each of its merchants; what is missing is made.
    ///
    /// # Errors
    /// When a file cannot be read or written, or holds something else.
    pub fn certificates(&self, folder: &Path) -> Result<Certificates, CertificateError> {
        Certificates::in_folder(folder, self.world().merchants.iter().map(|merchant| merchant.mch_id.as_str()))
    }

    fn router(&self) -> Router {
        Router::new()
            .merge(pay_api::routes())
            .merge(control::routes())
            .merge(refunds::control::routes())
            .merge(phone::routes())
            .merge(browser::routes())
            .with_state(self.clone())
    }
}
