//! One running service without its sockets: what a request meets from the routes down is the real thing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use wechat_pay::chance::Chance;
use wechat_pay::channel::Channel;
use wechat_pay::channel::wechat::v2::{Client, Wire};
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::deal::{Audience, Timestamp, TradeType};
use wechat_pay::gateway::{Account, AccountTerms, Accounts, Gateway, Site};
use wechat_pay::handshake::Key;
use wechat_pay::http::{self, App, HttpMetrics, Limits, Shares};
use wechat_pay::listener::{Peer, Proxies};
use wechat_pay::simulator::DEFAULT_MERCHANT;
use wechat_pay::store::{FaultHook, LARGEST_BATCH, Store};

use super::configuration::Configuration;
use super::endpoints::Endpoints;
use super::merchants::Merchants;
use super::scheduler::Scheduler;

/// The key of the merchant's back end, which alone asks for refunds.
const BACK_END: &str = "simulation-back-end-key-0000000000000001";

pub struct Instance {
    pub number: usize,
    pub gateway: Arc<Gateway>,
    /// Its own, which is not quite the others'.
    pub clock: Clock,
    pub configuration: Configuration,
    router: Router,
}

/// The configuration of every history, but for the accounts beside `default`.
pub fn settings(database: &str, expire_after: i64, longest_pause: i64) -> Settings {
    let variables = [
        ("DATABASE__URL", database.to_owned()),
        ("WECHAT__APPID", DEFAULT_MERCHANT.appid.to_owned()),
        ("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id.to_owned()),
        ("WECHAT__API_KEY", "fedcba9876543210fedcba9876543210".to_owned()),
        ("WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify".to_owned()),
        ("AUTH__MODE", "open".to_owned()),
        ("DEAL__EXPIRE_AFTER", expire_after.to_string()),
        ("SWEEP__LONGEST_PAUSE", longest_pause.to_string()),
        ("AUTH__KEYS__SHOP__HASH", "4131e0fd2996e18680fa86ca0e4d84d004f0fd803b052d7a70d62ed6e83c5f13".to_owned()),
        ("AUTH__KEYS__SHOP__SCOPES", "refund,read".to_owned()),
    ];
    let variables: HashMap<_, _> = variables.into_iter().map(|(key, value)| (format!("WECHAT_PAY__{key}"), value)).collect();
    Settings::from_environment(variables).unwrap()
}

/// Makes each account's checkouts payable by a code and from a phone's browser.
pub fn offer_checkouts(settings: &mut Settings) {
    settings.wechat.terms.checkout_types = vec![TradeType::Native, TradeType::Mweb];
    settings.terms.site = Site { url: "https://pay.example.com".to_owned(), name: "Shop".to_owned() };
}

impl Instance {
    /// Starts one.
    pub async fn start(
        number: usize,
        settings: &Settings,
        configuration: Configuration,
        clock: Clock,
        seed: u64,
        scheduler: &Scheduler,
        endpoints: &Endpoints,
    ) -> Self {
        let in_the_hook = scheduler.clone();
        let hook = FaultHook::new(move |tried| in_the_hook.clone().pass_statement(number, tried).boxed());
        let on_the_wire = scheduler.clone();
        let wire = Wire::new(clock.clone(), move |api, request, left| on_the_wire.clone().pass_call(number, api, request, left).boxed());
        let store = Store::open_with(&settings.database, &format!("i{number}"), LARGEST_BATCH, clock.now(), Some(&hook)).await.unwrap();
        let store = if endpoints.0.is_empty() { store } else { store.telling(Audience::of_all()) };
        let chance = Chance::seeded(seed);
        let configured = configuration.merchants(&Merchants::of(settings));
        let accounts = Accounts::new(configured.iter().map(|merchant| {
            let channel = Channel::WeChatV2(Client::wired(merchant.clone(), wire.clone(), chance.clone()));
            let sellers = configuration.sellers(&merchant.account).parse().unwrap();
            Account::new(merchant.account.clone(), channel, AccountTerms { sellers, ..settings.wechat.terms.clone() })
        }));
        let gateway =
            Arc::new(Gateway::new(store, accounts, endpoints.wired(number, scheduler), clock.clone(), chance, settings.terms.clone()));
        if !endpoints.0.is_empty() || settings.wechat.terms.checkout_types.contains(&TradeType::Mweb) {
            // As a process does before it tells anybody anything, or opens anything.
            scheduler.is_starting(number);
            gateway.measure_clock().await;
            scheduler.is_starting(0);
        }
        let app = Arc::new(App {
            gateway: Arc::clone(&gateway),
            proxies: Proxies { trusted: settings.server.trusted_proxies.clone(), header: settings.server.client_ip_header.clone() },
            auth: settings.auth.clone(),
            notify_sources: settings.notify_sources.clone(),
            max_price: settings.max_price,
            limits: Limits::new(0, 0),
            shares: Shares::new(settings.server.max_connections),
            metrics: HttpMetrics::default(),
            page: settings.page.clone(),
            accept_weak_durability: false,
            phone: None,
            shop: None,
            handshake: Key::derive(|_| [0; 32]),
            instance: "simulation".into(),
            work: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        Self { number, gateway, clock, configuration, router: http::router(app, &settings.server) }
    }

    /// Whether a load balancer sends it callers: its clock is not too far from the database's.
    pub fn is_ready(&self, database_now: Timestamp) -> bool {
        (self.clock.now() - database_now).abs() <= TimeDelta::seconds(60)
    }

    /// A request and its answer: status and body.
    pub fn request(&self, path: &str, key: Option<&str>, body: String) -> impl Future<Output = (u16, String)> + Send + 'static {
        let peer: SocketAddr = ([203, 0, 113, 7], 4711).into();
        let is_wechats = path.starts_with("/wxPay/notify") || path.starts_with("/wxPay/refundNotify");
        let content_type = if is_wechats { "text/xml" } else { "application/json" };
        let mut request = Request::post(path).header("content-type", content_type).extension(Peer(peer));
        if ["/wxPay/refund", "/wxPay/queryRefund"].contains(&path) {
            request = request.header("authorization", format!("Bearer {BACK_END}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.ask(request.body(Body::from(body)).unwrap())
    }

    /// A payer's browser opens the page of a checkout.
    pub fn page(&self, checkout_id: &str, browser: &str) -> impl Future<Output = (u16, String)> + Send + 'static {
        let request = Request::get(format!("/pay/{checkout_id}")).extension(Peer(([203, 0, 113, 9], 4711).into()));
        self.ask(request.header("user-agent", browser).body(Body::empty()).unwrap())
    }

    /// What has happened behind a reader's cursor.
    pub fn changes(&self, cursor: &str, limit: usize) -> impl Future<Output = (u16, String)> + Send + 'static {
        let request = Request::get(format!("/wxPay/changes?after={cursor}&limit={limit}")).extension(Peer(([203, 0, 113, 8], 4711).into()));
        self.ask(request.header("authorization", format!("Bearer {BACK_END}")).body(Body::empty()).unwrap())
    }

    fn ask(&self, request: Request<Body>) -> impl Future<Output = (u16, String)> + Send + 'static {
        let router = self.router.clone();
        async move {
            let response = router.oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        }
    }
}
