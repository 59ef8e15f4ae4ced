//! A running service with everything around it in hand.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;
use wechat_pay::app::{Service, StartError};
use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::deal::AccountId;
use wechat_pay::explain;
use wechat_pay::gateway::{Gateway, Swept};
use wechat_pay::language::Language;
use wechat_pay::simulator::{Simulator, World};
use wechat_pay::store::{DatabaseUrl, Store};

use super::database::{Database, Engine, Look};
use super::http::{Answer, Caller};
use super::log;
use super::merchant;
use super::scrape::Scrape;

/// Noon in Beijing.
pub const OPENING_TIME: &str = "2026-04-01T04:00:00Z";

/// Service, database, simulated WeChat and clock.
pub struct TestApp {
    pub database: Database,
    pub clock: Clock,
    pub till: Caller,
    /// Of the database, with the names of its tables.
    url: DatabaseUrl,
    service: Option<Service>,
}

/// What an app is built with.
pub struct TestAppBuilder {
    variables: HashMap<String, String>,
    database: Database,
    clock: Clock,
}

impl TestAppBuilder {
    pub async fn new(engine: Engine) -> Self {
        Self::on(Database::fresh(engine).await)
    }

    /// On a database that is there already.
    pub fn on(database: Database) -> Self {
        log::watch();
        let variables = [
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("SIMULATOR__LISTEN", "127.0.0.1:0"),
            ("DATABASE__URL", &database.url),
            ("SWEEP__CALLS_PER_SECOND", "0"),
            ("SIMULATOR__ACCEPT_DATABASE", "true"),
            // Stories of bills let the bookkeeper look when they want it; in others it would ask WeChat beside what is told.
            ("BILL__ENABLED", "false"),
        ];
        let variables = variables.map(|(key, value)| (format!("WECHAT_PAY__{key}"), value.to_owned())).into();
        Self { variables, database, clock: Clock::manual(OPENING_TIME.parse().unwrap()) }
    }

    /// By this clock, which others go by as well.
    #[must_use]
    pub fn by(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// `SECTION__KEY`, as in the environment.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.variables.insert(format!("WECHAT_PAY__{key}"), value.to_string());
        self
    }

    /// With credentials (the simulator's), and WeChat at this address.
    #[must_use]
    pub fn with_wechat_at(self, address: SocketAddr) -> Self {
        let variables = merchant::variables(&format!("http://{address}"), merchant::NOTIFY_URL);
        variables.into_iter().fold(self, |builder, (key, value)| builder.set(key, value))
    }

    /// With credentials, on another app's WeChat and by its clock: this is no demonstration, so there is nobody to tell.
    #[must_use]
    pub fn on_wechat_of(self, other: &TestApp) -> Self {
        self.with_wechat_at(other.phone().address).by(other.clock.clone())
    }

    /// Opens as `cargo run` does, with the demo shop's own back end.
    pub async fn demonstrate(self) -> TestApp {
        let (clock, settings) = (self.clock.clone(), self.settings());
        let (url, service) = (settings.database.clone(), Service::demonstrate(settings, clock.clone(), Chance::System).await.unwrap());
        TestApp { database: self.database, clock, till: Caller::new(service.address), url, service: Some(service) }
    }

    pub fn settings(&self) -> Settings {
        Settings::from_environment(self.variables.clone()).unwrap()
    }

    pub async fn open(self) -> TestApp {
        self.try_open().await.unwrap_or_else(|(error, _)| panic!("{error}"))
    }

    /// Opens, or says why not and gives the database back.
    pub async fn try_open(self) -> Result<TestApp, (StartError, Database)> {
        let (clock, settings) = (self.clock.clone(), self.settings());
        let url = settings.database.clone();
        match Service::start(settings, clock.clone(), Chance::System).await {
            Ok(service) => Ok(TestApp { database: self.database, clock, till: Caller::new(service.address), url, service: Some(service) }),
            Err(error) => Err((error, self.database)),
        }
    }
}

impl TestApp {
    /// With nothing configured but where it lives.
    pub async fn open(engine: Engine) -> Self {
        TestAppBuilder::new(engine).await.open().await
    }

    /// The simulated WeChat itself.
    pub fn simulator(&self) -> &Simulator {
        &self.service.as_ref().unwrap().simulator.as_ref().expect("an app with a simulator").1
    }

    /// The simulator as its control calls and its page are reached.
    pub fn phone(&self) -> Caller {
        Caller::new(self.service.as_ref().unwrap().simulator.as_ref().expect("an app with a simulator").0)
    }

    /// The world on WeChat's side.
    pub fn wechat(&self) -> MutexGuard<'_, World> {
        self.simulator().world()
    }

    /// Opens a deal, or fails the test.
    pub async fn to_pay(&self, price: &str) -> Order {
        let answer = self.try_to_pay(price).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = answer.json();
        assert_eq!(json["code"], 0, "{json}");
        Order { id: json["order_id"].as_str().unwrap().to_owned(), code_url: json["code_url"][0].as_str().unwrap().to_owned() }
    }

    /// Opens so many deals at the same time; a caller whom a busy machine sends away comes again.
    pub async fn to_pay_at_once(&self, number: usize) -> Vec<Order> {
        let open = async |_| loop {
            let answer = self.try_to_pay("19.90").await;
            if answer.status != 503 {
                let json = answer.json();
                break Order {
                    id: json["order_id"].as_str().unwrap().to_owned(),
                    code_url: json["code_url"][0].as_str().unwrap().to_owned(),
                };
            }
        };
        join_all((0..number).map(open)).await
    }

    /// toPay for merchant 12 and product 34.
    pub async fn try_to_pay(&self, price: &str) -> Answer {
        self.till.post_json("/wxPay/toPay", &json!({"merchant_id": 12, "product_id": 34, "price": price})).await
    }

    /// toPay under an idempotency key.
    pub async fn to_pay_once(&self, key: &str, price: &str) -> Answer {
        let body = json!({"merchant_id": 12, "product_id": 34, "price": price}).to_string();
        let request = self.till.request("POST", "/wxPay/toPay").header("content-type", "application/json").header("idempotency-key", key);
        self.till.send(request.body(body)).await
    }

    pub async fn query(&self, order_id: &str) -> Answer {
        self.till.post_json("/wxPay/queryOrder", &json!({"order_id": order_id})).await
    }

    /// queryOrder's `trade_state`; asked again, as a page does, when a busy machine's database was too slow just then.
    pub async fn trade_state(&self, order_id: &str) -> String {
        let mut answer = self.query(order_id).await;
        for _ in 0..5 {
            if answer.status != 503 {
                break;
            }
            answer = self.query(order_id).await;
        }
        answer.json()["trade_state"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
    }

    pub async fn close(&self, order_id: &str) -> Answer {
        self.till.post_json("/wxPay/doCloseOrder", &json!({"order_id": order_id})).await
    }

    /// Posts a notification as WeChat does.
    pub async fn notify(&self, body: impl Into<reqwest::Body>) -> Answer {
        self.till.post("/wxPay/notify", "text/xml", body).await
    }

    /// The same, repeated as WeChat does while a busy machine's database is too slow.
    pub async fn notify_until_heard(&self, body: String) -> Answer {
        let mut answer = self.notify(body.clone()).await;
        for _ in 0..10 {
            if answer.status != 503 {
                break;
            }
            answer = self.notify(body.clone()).await;
        }
        answer
    }

    /// The payer pays at WeChat, and the notification arrives.
    pub async fn payer_pays(&self, order: &Order) {
        let now = self.clock.now();
        self.wechat().pay(&order.id, None, None, now).unwrap();
        self.notified(order, 1).await;
    }

    /// The payer pays at WeChat, and no notification is sent.
    pub fn payer_pays_silently(&self, order: &Order) {
        let now = self.clock.now();
        self.wechat().pay(&order.id, None, Some(wechat_pay::simulator::Notify::Lost), now).unwrap();
    }

    /// The merchant's staff gives an order back in WeChat's merchant platform.
    pub fn given_back_by_hand(&self, order: &Order) {
        let now = self.clock.now();
        self.wechat().refund_by_hand(&order.id, None, now).unwrap();
    }

    /// Waits until so many notifications about an order have been answered.
    pub async fn notified(&self, order: &Order, times: usize) {
        for _ in 0..500 {
            if self.wechat().order(&order.id).is_some_and(|order| order.attempts.len() >= times) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no notification arrived");
    }

    /// One pass of the sweeper, which otherwise stands still in a story.
    pub async fn sweep(&self) -> Swept {
        self.sweep_for(100).await
    }

    /// One pass with a budget of so many calls.
    pub async fn sweep_for(&self, calls: u32) -> Swept {
        self.gateway().sweep_once(calls).await.unwrap()
    }

    /// The service behind its listener.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.service.as_ref().unwrap().gateway
    }

    /// What `wechat-pay explain` says.
    pub async fn explain(&self, order_id: &str) -> String {
        let order_id = order_id.parse().unwrap();
        let story = Store::story(&self.url, &order_id).await.unwrap();
        let has_account = |account: &AccountId| self.gateway().has_account(account);
        explain::tell(&story, &order_id, self.clock.now(), has_account, Language::English).unwrap()
    }

    /// The same of a checkout.
    pub async fn explain_checkout(&self, checkout_id: &str) -> String {
        let story = Store::checkout_story(&self.url, &checkout_id.parse().unwrap()).await.unwrap().unwrap();
        let has_account = |account: &AccountId| self.gateway().has_account(account);
        explain::tell_checkout(&story, self.clock.now(), has_account, Language::English)
    }

    /// Where its console is.
    pub fn console_address(&self) -> SocketAddr {
        self.service.as_ref().unwrap().console.as_ref().expect("an app with a console").address
    }

    /// The password of a demonstration's user.
    pub fn console_password(&self) -> Option<String> {
        self.service.as_ref().unwrap().console.as_ref()?.password.clone()
    }

    /// Where it shows its numbers.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.service.as_ref().unwrap().metrics_address
    }

    /// What `/metrics` shows, as it is.
    pub async fn scrape(&self) -> Answer {
        let address = self.metrics_address().expect("an app that shows its numbers");
        let answer = Caller::new(address).get("/metrics").await;
        assert_eq!(answer.status, 200);
        answer
    }

    /// What `/metrics` shows.
    pub async fn numbers(&self) -> Scrape {
        Scrape::read(&self.scrape().await.body)
    }

    /// Payments after expiry, and payments that did not fit, since the start.
    pub fn alarms(&self) -> (u64, u64) {
        let metrics = self.gateway().metrics();
        (metrics.paid_late(), metrics.mismatch())
    }

    /// Notifications for the account `default` that were not believed, since the start.
    pub fn disbelieved(&self) -> u64 {
        self.gateway().metrics().disbelieved(&AccountId::default())
    }

    pub fn time_passes(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// How often an API of WeChat's was called.
    pub fn calls(&self, api: &str) -> u64 {
        self.wechat().calls(&format!("/pay/{api}"))
    }

    /// How often WeChat was asked anything.
    pub fn all_calls(&self) -> u64 {
        ["unifiedorder", "orderquery", "closeorder"].iter().map(|api| self.calls(api)).sum()
    }

    pub async fn look(&self) -> Look {
        self.database.look().await
    }

    /// Stops the service as SIGTERM does; the database stays.
    pub async fn stop(mut self) -> Database {
        self.service.take().unwrap().stop().await;
        // Nothing else is dropped by hand: an app without a service is its database.
        self.database
    }
}

/// An order as the till knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: String,
    pub code_url: String,
}
