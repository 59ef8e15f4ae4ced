//! Rows and the whole table, locked for a while by another program.

use chrono::TimeDelta;
use wechat_pay::deal::Timestamp;
use wechat_pay::store::Try;

/// What is locked, and was.
#[derive(Default)]
pub struct Locks(Vec<Lock>);

struct Lock {
    /// `None`: the table.
    order_id: Option<String>,
    from: Timestamp,
    until: Timestamp,
}

impl Lock {
    fn is_on(&self, order_id: &str) -> bool {
        self.order_id.as_deref().is_none_or(|locked| locked == order_id)
    }
}

impl Locks {
    pub fn begin(&mut self, order_id: Option<String>, now: Timestamp, seconds: i64) {
        self.0.push(Lock { order_id, from: now, until: now + TimeDelta::seconds(seconds) });
    }

    /// All of them are over.
    pub fn end(&mut self, now: Timestamp) {
        for lock in &mut self.0 {
            lock.until = lock.until.min(now);
        }
    }

    /// Whether a change meets one.
    pub fn stop(&self, tried: &Try, now: Timestamp) -> bool {
        let touches = |lock: &Lock| lock.order_id.is_none() || tried.keys.iter().any(|order_id| lock.is_on(order_id));
        tried.changes && self.0.iter().any(|lock| lock.from <= now && now < lock.until && touches(lock))
    }

    /// Whether an order was locked at any time since then.
    pub fn stood_in_the_way_of(&self, order_id: &str, since: Timestamp) -> bool {
        self.0.iter().any(|lock| lock.until > since && lock.is_on(order_id))
    }
}
