//! More comes due than the budget bears: one or two instances with a call in five seconds between them, twelve deals of one account
//! that are due every half minute, and rows that another program has decided. What was paid is known within the bound all the
//! same; and another account's deals, which are few, are known as soon as if they were alone.

use chrono::TimeDelta;
use serde_json::json;
use wechat_pay::config::Settings;
use wechat_pay::deal::{AccountId, Timestamp};
use wechat_pay::simulator::Notify;

use super::configuration::SELLERS;
use super::history::History;
use super::instance;
use super::requests::RequestKind;

const DEALS: usize = 16;
/// Of another account.
const OTHERS: usize = 2;
const DECIDED_ELSEWHERE: usize = 4;
/// Between two looks at a deal, in seconds.
const PAUSE: i64 = 30;
/// What a look is taken for, and lost for if another instance took it.
const LEASE: i64 = 20;
/// For each call of all instances together through one account: half of what comes due.
const SECONDS_A_CALL: i64 = 5;
const CALLS: i64 = 60;

/// The pauses do not grow, so that the load does not fall; and no deal ends within the flood.
pub fn settings(database: &str) -> Settings {
    instance::settings(database, 420, PAUSE)
}

impl History<'_> {
    pub async fn flood(&mut self) {
        self.count("floods", 1);
        let [flooded, other, _] = SELLERS;
        for seller in [[other; OTHERS].as_slice(), &[flooded; DEALS]].concat() {
            let body = json!({"merchant_id": seller, "product_id": 34, "price": "19.90"}).to_string();
            self.send(RequestKind::ToPay { seller, key: None, fen: 1990 }, "/wxPay/toPay", None, body).await;
            self.drain().await;
        }
        let (mut orders, mut others) = (Vec::new(), Vec::new());
        for row in self.invariants.rows.values() {
            if row.account.is_default() { orders.push(row.order_id.clone()) } else { others.push(row.order_id.clone()) }
        }
        for _ in 0..DECIDED_ELSEWHERE {
            let order_id = orders.remove(self.random.below(orders.len()));
            self.pay_silently(&order_id).await;
            self.decide_elsewhere(&order_id).await;
        }
        let other_account = self.invariants.rows[&others[0]].account.clone();
        let instances: Vec<_> = self.instances.iter().flatten().map(|instance| instance.number).collect();
        let together = i64::try_from(instances.len()).unwrap();
        // Twice the calls of all others of the account, and a pause, a lease and a pass at either end.
        let within = |deals: usize| {
            let calls = i64::try_from(2 * deals).unwrap() + 2 * together;
            TimeDelta::seconds(PAUSE + LEASE + SECONDS_A_CALL * calls)
        };
        for pass in 0..CALLS / together {
            if pass % 8 == 4
                && let Some(other) = others.pop()
            {
                self.pay_silently(&other).await;
            }
            if pass % 4 == 2 && orders.len() > DEALS / 2 {
                let order_id = orders.remove(self.random.below(orders.len()));
                self.pay_silently(&order_id).await;
            }
            self.tick(TimeDelta::seconds(SECONDS_A_CALL * together));
            self.calls.clear();
            for number in &instances {
                self.sweep_by(*number, 1).await;
            }
            while !self.scheduler.waiting().is_empty() {
                let place = self.random.below(self.scheduler.waiting().len());
                self.let_through(place).await;
            }
            assert!(self.calls.values().all(|calls| *calls <= instances.len()), "more calls than the account's budget: {:?}", self.calls);
            self.invariants.check_found(&self.network, &AccountId::default(), within(DEALS - DECIDED_ELSEWHERE), self.now());
            self.invariants.check_found(&self.network, &other_account, within(OTHERS), self.now());
        }
    }

    async fn pay_silently(&mut self, order_id: &str) {
        let now = self.now();
        let line = format!("the payer of {order_id} pays, unheard: {:?}", self.network.world.pay(order_id, None, Some(Notify::Lost), now));
        self.step(&line).await;
    }

    /// A pass spends calls on looks that it took, and takes one when there are more deals than the others can have taken. One that stood
    /// still since it began may find its leases over, and then calls nobody.
    pub fn check_sweep(&self, told: &str, since: Timestamp) {
        let numbers: Vec<usize> = told.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        let [due, looked, calls] = numbers[..] else { return };
        let at_least = if since == self.now() { looked } else { 0 };
        assert!((at_least..=6 * looked).contains(&calls), "the budget is spent on nothing: {told}");
        assert!(!self.is_flood || due < 2 || looked > 0, "a pass with a budget looked at nothing: {told}");
    }
}
