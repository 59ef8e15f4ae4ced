//! What the callers were told, kept on their side.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wechat_pay::clock::Clock;
use wechat_pay::deal::Timestamp;

use super::wish::Wish;
use crate::support::http::Answer;

/// Everything that was said, and what should not have been.
#[derive(Debug, Default)]
pub struct Observations(Mutex<Observed>);

#[derive(Debug, Default)]
pub struct Observed {
    /// The orders that tills were given, with or without a link, and for what.
    pub given: HashMap<String, Wish>,
    /// Which order answers for a merchant's key.
    pub keys: HashMap<(i64, String), String>,
    /// Orders whose payer has begun to pay.
    pub paying: HashSet<String>,
    /// When WeChat took the money.
    pub paid_at: HashMap<String, Timestamp>,
    /// The refund that answers for a back end's key, and of which order it is.
    pub refunds: HashMap<String, (String, String)>,
    /// Orders that queryOrder called SUCCESS.
    pub told_paid: HashSet<String>,
    /// Orders that doCloseOrder closed.
    pub told_closed: HashSet<String>,
    /// How many answers of each kind; without a status: no answer.
    pub answers: BTreeMap<(&'static str, Option<u16>), u64>,
    pub slowest: Duration,
    /// What must never be, in words.
    pub violations: Vec<String>,
}

/// Front ends are answered within 8 s; a second more for a machine that is tortured.
const LONGEST_ANSWER: Duration = Duration::from_secs(9);

impl Observations {
    pub fn told(&self) -> MutexGuard<'_, Observed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn violation(&self, what: String) {
        self.told().violations.push(what);
    }

    /// Counts an answer and judges what holds for all of them.
    pub fn heard(&self, path: &'static str, outcome: &reqwest::Result<Answer>) {
        let mut told = self.told();
        *told.answers.entry((path, outcome.as_ref().ok().map(|answer| answer.status))).or_default() += 1;
        let Ok(answer) = outcome else { return };
        told.slowest = told.slowest.max(answer.took);
        if answer.took > LONGEST_ANSWER {
            told.violations.push(format!("{path} answered {} after {:?}", answer.status, answer.took));
        }
        if answer.status == 500 {
            told.violations.push(format!("{path} answered 500: {}", answer.body));
        }
        if answer.status == 503 && answer.header("retry-after").is_none() {
            told.violations.push(format!("{path} answered 503 without Retry-After"));
        }
    }

    /// A till was told an order's number.
    pub fn given(&self, order_id: &str, wish: &Wish) {
        let mut told = self.told();
        if let Some(key) = &wish.key {
            let known = told.keys.entry((wish.merchant_id, key.clone())).or_insert_with(|| order_id.to_owned()).clone();
            if known != order_id {
                told.violations.push(format!("the key {key} stands for {known} and for {order_id}"));
            }
        }
        let Some(former) = told.given.insert(order_id.to_owned(), wish.clone()) else { return };
        if wish.key.is_none() || former.key != wish.key {
            told.violations.push(format!("two wishes got the order {order_id}"));
        }
    }

    /// A back end was told a refund's number.
    pub fn refund(&self, order_id: &str, key: &str, refund_id: &str) {
        let mut told = self.told();
        let refund = (refund_id.to_owned(), order_id.to_owned());
        let known = told.refunds.entry(key.to_owned()).or_insert_with(|| refund.clone()).clone();
        if known != refund {
            told.violations.push(format!("the key {key} stands for the refunds {} and {refund_id}", known.0));
        }
    }

    /// queryOrder called an order SUCCESS.
    pub fn told_paid(&self, order_id: &str) {
        let mut told = self.told();
        if !told.paying.contains(order_id) {
            told.violations.push(format!("{order_id} was called SUCCESS before anybody paid"));
        }
        told.told_paid.insert(order_id.to_owned());
    }

    /// WeChat took the money.
    pub fn paid(&self, order_id: &str) {
        self.told().paid_at.insert(order_id.to_owned(), Clock::System.now());
    }
}
