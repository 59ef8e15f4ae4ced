//! The simulated WeChat behind a wire that a test holds: each request is kept as it was sent, and a reply can be lost, or another one.

use std::sync::{Arc, Mutex, MutexGuard};

use chrono::TimeDelta;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::clock::Clock;
use wechat_pay::simulator::{DEFAULT_MERCHANT, Notify, SimMerchant, World};

use super::database::Engine;
use super::merchant::signer;
use super::stub::{Reply, Stub};
use super::test_app::{OPENING_TIME, Order, TestApp, TestAppBuilder};
use super::wechat_message::WeChatMessage;

/// What becomes of a request, by the API's name and the body: what it is given carries the request out, and gives the answer.
type Script = Box<dyn FnMut(&str, &str, &mut dyn FnMut() -> String) -> Reply + Send>;

/// The stub, the world behind it, and the clock of both.
pub struct OverheardWeChat {
    stub: Stub,
    world: Arc<Mutex<World>>,
    script: Arc<Mutex<Script>>,
    pub clock: Clock,
}

impl OverheardWeChat {
    pub async fn new() -> Self {
        let merchant = SimMerchant::new(DEFAULT_MERCHANT.appid, DEFAULT_MERCHANT.mch_id, signer(SignType::Md5));
        let mut world = World::with_merchants(vec![merchant], Chance::System, 1);
        // Bills are texts here, as all that is heard.
        world.habits.bill_plain = true;
        let world = Arc::new(Mutex::new(world));
        let clock = Clock::manual(OPENING_TIME.parse().unwrap());
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(|_, _, carry_out| Reply::Body(carry_out()))));
        let (present, behind, time) = (Arc::clone(&script), Arc::clone(&world), clock.clone());
        let stub = Stub::start(move |path, body| {
            let api = path.rsplit('/').next().unwrap_or_default();
            let mut carry_out = || {
                let (mut world, body, now) = (behind.lock().unwrap(), body.as_bytes(), time.now());
                let bill = |world: &mut World| String::from_utf8(world.download(api, body, now)?.body).ok();
                world.call(api, body, now).or_else(|| bill(&mut world)).expect("an API")
            };
            (present.lock().unwrap())(api, body, &mut carry_out)
        })
        .await;
        Self { stub, world, script, clock }
    }

    /// What builds an instance of the service on this WeChat, by its clock.
    pub fn seen_from(&self, builder: TestAppBuilder) -> TestAppBuilder {
        builder.with_wechat_at(self.stub.address).by(self.clock.clone()).set("METRICS__LISTEN", "127.0.0.1:0")
    }

    pub async fn app(&self, engine: Engine) -> TestApp {
        self.seen_from(TestAppBuilder::new(engine).await).open().await
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn time_passes(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// From now on this becomes of requests.
    pub fn answers_by(&self, script: impl FnMut(&str, &str, &mut dyn FnMut() -> String) -> Reply + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub fn answers_rightly(&self) {
        self.answers_by(|_, _, carry_out| Reply::Body(carry_out()));
    }

    /// One API answers this, and carries nothing out.
    pub fn says(&self, of: &'static str, message: &WeChatMessage) {
        let message = message.signed();
        self.answers_by(move |api, _, carry_out| Reply::Body(if api == of { message.clone() } else { carry_out() }));
    }

    /// The bodies of the requests to one API so far.
    pub fn heard(&self, api: &str) -> Vec<String> {
        let requests = self.stub.requests.lock().unwrap();
        requests.iter().filter(|(path, _)| path.rsplit('/').next() == Some(api)).map(|(_, body)| body.clone()).collect()
    }

    /// An order of 19.90 yuan, paid at WeChat; the service hears of it by asking.
    pub async fn paid(&self, app: &TestApp) -> Order {
        let order = app.to_pay("19.90").await;
        self.world().pay(&order.id, None, Some(Notify::Lost), self.clock.now()).unwrap();
        assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
        order
    }

    /// The same, and nobody asks: it is paid at WeChat, and the service does not know.
    pub async fn paid_unheard(&self, app: &TestApp) -> Order {
        let order = app.to_pay("19.90").await;
        self.world().pay(&order.id, None, Some(Notify::Lost), self.clock.now()).unwrap();
        order
    }

    /// WeChat's number of an order's payment.
    pub fn transaction_of(&self, order_id: &str) -> String {
        self.world().order(order_id).unwrap().transaction_id.clone().unwrap()
    }
}
