//! What the stories of bills have in common: a shop and its morning after, and what is told of the day's bill.

use chrono::TimeDelta;
use serde_json::Value;
use wechat_pay::auth::Key;
use wechat_pay::chance::Chance;
use wechat_pay::deal::{AccountId, Bill, Day};
use wechat_pay::gateway::{Fetch, ReconcileError};
use wechat_pay::simulator::{BillTrap, RefundNotify};

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

/// The day that apps open on.
pub const DAY: &str = "2026-04-01";

/// A service, and a key that may see and explain.
pub struct Shop {
    pub app: TestApp,
    key: String,
}

impl Shop {
    /// With a WeChat of its own, which tells of no refund by itself.
    pub async fn open(engine: Engine) -> Self {
        let shop = Self::of(TestAppBuilder::new(engine).await).await;
        shop.app.wechat().faults.refund_notify = RefundNotify::Lost;
        shop
    }

    /// On a WeChat whose words are in the test's hand.
    pub async fn on(wechat: &OverheardWeChat, engine: Engine) -> Self {
        Self::of(wechat.seen_from(TestAppBuilder::new(engine).await)).await
    }

    /// Another instance beside it.
    pub async fn beside(&self, wechat: &OverheardWeChat) -> Self {
        let builder = wechat.seen_from(TestAppBuilder::new(Engine::Sqlite).await);
        Self::of(builder.set("DATABASE__URL", &self.app.database.url)).await
    }

    pub async fn of(builder: TestAppBuilder) -> Self {
        let (key, hash) = Key::draw(&Chance::System);
        let builder = builder.set("AUTH__KEYS__DESK__HASH", hash).set("AUTH__KEYS__DESK__SCOPES", "read,manage,refund");
        Self { app: builder.set("METRICS__LISTEN", "127.0.0.1:0").open().await, key }
    }

    /// The next morning at half past ten.
    pub fn morning(&self) {
        let now = self.app.clock.now();
        self.app.clock.advance(Day::of(now).next().begins() + TimeDelta::minutes(630) - now);
    }

    /// The bookkeeper looks, as it does every half minute. How many bills it has worked on.
    pub async fn look(&self) -> u32 {
        let gateway = self.app.gateway();
        gateway.plan_bills().await.unwrap();
        let mut bills = 0;
        loop {
            match gateway.reconcile_due().await {
                Ok(true) => bills += 1,
                Ok(false) => return bills,
                Err(ReconcileError::TakenOver) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// An operator has it done, at the command line.
    pub async fn reconcile(&self, day: &str, fetch: Fetch) -> Result<Bill, ReconcileError> {
        self.app.gateway().reconcile(&AccountId::default(), day.parse().unwrap(), fetch).await
    }

    /// The same with a bill that is fetched again, and lies so.
    pub async fn reconcile_with(&self, traps: &[BillTrap]) -> Result<Bill, ReconcileError> {
        self.app.wechat().habits.bill_traps = traps.to_vec();
        self.reconcile(DAY, Fetch::Again).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = self.app.till.request("GET", path).header("authorization", format!("Bearer {}", self.key));
        self.app.till.send(request).await
    }

    /// Says why a difference is none.
    pub async fn explain(&self, id: &Value, note: &str) -> Answer {
        let request = self.app.till.request("POST", &format!("/wxPay/bills/differences/{id}/explain"));
        let request = request.header("authorization", format!("Bearer {}", self.key)).header("content-type", "application/json");
        self.app.till.send(request.body(serde_json::json!({"note": note}).to_string())).await
    }

    /// All bills of these days, the latest first.
    pub async fn bills(&self, from: &str, to: &str) -> Vec<Value> {
        let answer = self.get(&format!("/wxPay/bills?from={from}&to={to}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["bills"].as_array().unwrap().clone()
    }

    /// The day's bill of one account.
    pub async fn bill_of(&self, day: &str, account: &str) -> Value {
        self.bills(day, day).await.into_iter().find(|bill| bill["account"] == account).expect("the day's bill")
    }

    /// The day's.
    pub async fn bill(&self) -> Value {
        self.bill_of(DAY, "default").await
    }

    /// Its state, and how many differences there are, and how many of them nobody has explained.
    pub async fn state(&self) -> (String, i64, i64) {
        let bill = self.bill().await;
        (bill["state"].as_str().unwrap().to_owned(), bill["differences"].as_i64().unwrap(), bill["open"].as_i64().unwrap())
    }

    /// What differs on a day.
    pub async fn differences_on(&self, day: &str) -> Vec<Value> {
        let answer = self.get(&format!("/wxPay/bills/{day}/differences")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["differences"].as_array().unwrap().clone()
    }

    /// The same in words.
    pub async fn differs_on(&self, day: &str) -> Vec<String> {
        self.differences_on(day).await.iter().map(in_words).collect()
    }

    /// The same of the day.
    pub async fn differs(&self) -> Vec<String> {
        self.differs_on(DAY).await
    }

    /// An order of 19.90 yuan that is paid at WeChat, of which nobody hears.
    pub async fn paid_unheard(&self) -> Order {
        let order = self.app.to_pay("19.90").await;
        self.app.payer_pays_silently(&order);
        order
    }

    /// How often each call for an order's or a refund's state was made at a WeChat of its own.
    pub fn asked(&self) -> (u64, u64) {
        (self.app.calls("orderquery"), self.app.calls("refundquery"))
    }

    /// All that is stored of deals and refunds, and all that was told.
    pub async fn books(&self) -> (Vec<String>, Vec<Option<String>>) {
        let look = self.app.look().await;
        let refunds = "SELECT CONCAT(refund_id, ' ', state, ' ', refund_fee, ' ', COALESCE(wechat_refund_id, '')) FROM refund ORDER BY id";
        (look.everything().await, look.texts(refunds).await)
    }
}

/// `KIND STATE ours/theirs`, in fen.
pub fn in_words(difference: &Value) -> String {
    let word = |name: &str| difference[name].as_str().unwrap().to_owned();
    let fee = |name: &str| difference[name].as_i64().map_or("-".to_owned(), |fee| fee.to_string());
    format!("{} {} {}/{}", word("kind"), word("state"), fee("ours_fee"), fee("theirs_fee"))
}
