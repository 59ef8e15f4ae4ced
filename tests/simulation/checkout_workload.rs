//! The workload of checkouts: front ends make them, payers open their pages at desks and on phones, several at once and on whichever
//! instance, and pay in one way or in both; tills ask about them and give them up.

use serde_json::json;

use super::configuration::SELLERS;
use super::history::History;
use super::invariants::Row;
use super::requests::RequestKind;

/// Checkouts of one history; repeats are no new ones.
const CHECKOUTS: usize = 2;
const AT_A_DESK: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36";
const ON_A_PHONE: &str = "Mozilla/5.0 (Linux; Android 16) Mobile Safari/537.36";

/// What is asked about checkouts.
#[derive(Debug, Clone)]
pub enum AskedOfCheckout {
    Make {
        seller: i64,
        key: Option<String>,
        fen: i64,
    },
    /// A payer opens its page.
    Open {
        checkout_id: String,
        is_on_a_phone: bool,
        /// Whether it was stored by then that it wants no payment any more.
        was_settled: bool,
    },
    Query(String),
    Close(String),
}

impl History<'_> {
    /// A checkout whose page is open in both ways, if nothing goes wrong.
    pub async fn begin_checkout(&mut self) {
        self.make_a_checkout().await;
        self.drain().await;
        let Some(checkout_id) = self.some_checkout() else { return };
        for is_on_a_phone in [false, true] {
            self.open_page(&checkout_id, is_on_a_phone).await;
        }
        if self.random.happens(500) {
            self.drain().await;
        }
    }

    /// One action, drawn by chance.
    pub async fn act_on_a_checkout(&mut self) {
        let Some(checkout_id) = self.some_checkout() else { return self.make_a_checkout().await };
        match self.random.below(100) {
            0..12 => self.make_a_checkout().await,
            12..48 => self.payers_come(&checkout_id).await,
            48..75 => self.payers_pay(&checkout_id).await,
            75..84 => {
                let body = json!({"checkout_id": checkout_id}).to_string();
                self.ask_of_checkout(AskedOfCheckout::Query(checkout_id), "/wxPay/queryCheckout", None, body).await;
            }
            84..92 => {
                let body = json!({"checkout_id": checkout_id}).to_string();
                self.ask_of_checkout(AskedOfCheckout::Close(checkout_id.clone()), "/wxPay/doCloseOrder", None, body).await;
                // At the same time somebody begins to pay it.
                if self.random.happens(500) {
                    self.payers_come(&checkout_id).await;
                }
            }
            _ => {
                // So that its deals are old enough to be closed, or all but.
                let seconds = self.random.one_of(&[5, 60, 280, 300, 305]);
                self.advance(seconds).await;
            }
        }
    }

    /// One that a front end knows.
    fn some_checkout(&self) -> Option<String> {
        let known = &self.front_ends.checkouts;
        (!known.is_empty()).then(|| self.random.one_of(known))
    }

    async fn make_a_checkout(&mut self) {
        let keys: Vec<_> = self.front_ends.checkout_keys.keys().cloned().collect();
        let again = !keys.is_empty() && self.random.happens(400);
        if !again && self.invariants.checkouts.as_ref().is_none_or(|checkouts| checkouts.rows.len() >= CHECKOUTS) {
            return;
        }
        let (seller, key) = if again {
            let (seller, key) = self.random.one_of(&keys);
            (seller, Some(key))
        } else {
            (self.random.one_of(&SELLERS), self.random.happens(700).then(|| format!("checkout-{}", self.sent)))
        };
        if let Some(key) = &key {
            self.front_ends.checkout_keys.entry((seller, key.clone())).or_default();
        }
        let body = json!({"merchant_id": seller, "product_id": 35, "price": "19.90"}).to_string();
        let asked = AskedOfCheckout::Make { seller, key: key.clone(), fen: 1990 };
        self.ask_of_checkout(asked, "/wxPay/checkout", key.as_deref(), body).await;
    }

    async fn ask_of_checkout(&mut self, asked: AskedOfCheckout, path: &str, key: Option<&str>, body: String) {
        self.send(RequestKind::OfCheckout(asked), path, key, body).await;
    }

    /// One payer, or several at once.
    async fn payers_come(&mut self, checkout_id: &str) {
        for _ in 0..self.random.one_of(&[1, 1, 2, 3]) {
            let is_on_a_phone = self.random.happens(500);
            self.open_page(checkout_id, is_on_a_phone).await;
        }
    }

    async fn open_page(&mut self, checkout_id: &str, is_on_a_phone: bool) {
        let Some(instance) = self.ready() else { return };
        let (number, configuration) = (instance.number, instance.configuration.clone());
        let task = tokio::spawn(instance.page(checkout_id, if is_on_a_phone { ON_A_PHONE } else { AT_A_DESK }));
        let checkouts = self.invariants.checkouts.as_ref().expect("a history with checkouts");
        let was_settled = checkouts.rows.get(checkout_id).is_some_and(|row| row.is_settled());
        let kind = RequestKind::OfCheckout(AskedOfCheckout::Open { checkout_id: checkout_id.to_owned(), is_on_a_phone, was_settled });
        self.sent += 1;
        let line = format!("{} asks i{number}: {}", self.sent, kind.name());
        self.requests.push(self.pending(number, configuration, kind, task));
        self.step(&line).await;
    }

    /// By what they have opened: in one way, or in all of them in the same second.
    async fn payers_pay(&mut self, checkout_id: &str) {
        let is_at_wechat = |row: &&Row| self.network.order(row).is_some();
        let attempts = self.invariants.attempts(checkout_id).filter(is_at_wechat).map(|row| (row.account.clone(), row.order_id.clone()));
        let mut attempts: Vec<_> = attempts.collect();
        if attempts.len() > 1 && self.random.happens(400) {
            attempts = vec![self.random.one_of(&attempts)];
        }
        for (account, order_id) in attempts {
            let line = self.pay(&self.network.merchants.order(&account, &order_id));
            self.step(&line).await;
        }
    }
}
