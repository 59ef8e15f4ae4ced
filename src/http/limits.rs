//! Rate limits: how often one payer's address, and one seller, may call toPay. Off unless configured; kept by each instance.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::listener::household;

/// The limits count calls in this span.
const MINUTE: Duration = Duration::from_secs(60);
/// Callers that one generation remembers.
const REMEMBERED: usize = 100_000;

/// The configured limits, and how much of them each caller has used.
#[derive(Debug)]
pub struct Limits {
    addresses: Limit<IpAddr>,
    merchants: Limit<i64>,
}

impl Limits {
    /// Calls a minute; 0 is no limit.
    pub fn new(per_address: u32, per_merchant: u32) -> Self {
        Self { addresses: Limit::new(per_address), merchants: Limit::new(per_merchant) }
    }

    /// Counts a call. An error says how long to wait.
    pub fn admit(&self, address: IpAddr, merchant_id: i64) -> Result<(), Duration> {
        let now = Instant::now();
        self.addresses.admit(household(address), now)?;
        self.merchants.admit(merchant_id, now)
    }
}

/// The generic cell rate algorithm: of each caller only the time is kept at which all its calls are paid for.
#[derive(Debug)]
struct Limit<K> {
    per_minute: u32,
    callers: Mutex<Callers<K>>,
}

/// Two generations of callers. A time lies at most a minute ahead, so a caller that was not seen since the last change but one
/// owes nothing and may be forgotten: at no cost, for the older generation is dropped as a whole.
#[derive(Debug)]
struct Callers<K> {
    paid_at: HashMap<K, Instant>,
    before: HashMap<K, Instant>,
    changed: Option<Instant>,
}

impl<K: Hash + Eq> Callers<K> {
    /// When all calls of this one are paid for.
    fn paid_at(&mut self, caller: K, now: Instant) -> &mut Instant {
        let changed = *self.changed.get_or_insert(now);
        // Of more callers than can be remembered, the most recent count.
        if now >= changed + MINUTE || self.paid_at.len() >= REMEMBERED {
            self.before = std::mem::take(&mut self.paid_at);
            self.changed = Some(now);
        }
        let known = self.before.get(&caller).copied();
        self.paid_at.entry(caller).or_insert(known.unwrap_or(now))
    }
}

impl<K: Hash + Eq> Limit<K> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, callers: Mutex::new(Callers { paid_at: HashMap::new(), before: HashMap::new(), changed: None }) }
    }

    fn admit(&self, caller: K, now: Instant) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let paid_at = callers.paid_at(caller, now);
        let next = (*paid_at).max(now) + MINUTE / self.per_minute;
        // A whole minute's calls may come at once.
        match next.checked_duration_since(now + MINUTE) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *paid_at = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_s_calls_may_come_at_once_and_then_steadily() {
        let (limit, start) = (Limit::new(6), Instant::now());
        assert_eq!((0..10).filter(|_| limit.admit("a", start).is_ok()).count(), 6);
        assert_eq!(limit.admit("a", start), Err(Duration::from_secs(10)));
        assert!(limit.admit("b", start).is_ok(), "another caller has a limit of its own");
        assert!(limit.admit("a", start + Duration::from_secs(10)).is_ok());
        assert!(limit.admit("a", start + Duration::from_secs(11)).is_err());
    }

    #[test]
    fn any_number_of_callers_is_counted_in_bounded_space_and_time() {
        let (limit, start) = (Limit::new(2), Instant::now());
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        for caller in 0..10 * REMEMBERED {
            let asked = Instant::now();
            assert!(limit.admit(caller, start).is_ok());
            slowest = slowest.max(asked.elapsed());
        }
        let callers = limit.callers.lock().unwrap();
        assert!(callers.paid_at.len() + callers.before.len() <= 2 * REMEMBERED);
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}, the slowest {slowest:?}", begun.elapsed());
    }

    #[test]
    fn who_owes_is_remembered_across_generations() {
        let (limit, start) = (Limit::new(1), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        assert!(limit.admit("a", start).is_ok());
        assert!(limit.admit("b", later(59)).is_ok());
        assert!(limit.admit("c", later(60)).is_ok(), "a new generation begins");
        assert_eq!(limit.admit("b", later(61)), Err(Duration::from_secs(58)));
        assert!(limit.admit("a", later(61)).is_ok());
        assert!(limit.admit("b", later(119)).is_ok());
    }

    #[test]
    fn no_limit_is_no_limit() {
        let limit = Limit::new(0);
        assert!((0..10_000).all(|_| limit.admit((), Instant::now()).is_ok()));
    }

    #[test]
    fn an_ipv6_household_is_one_caller() {
        let limits = Limits::new(1, 0);
        assert!(limits.admit("2001:db8::1".parse().unwrap(), 1).is_ok());
        assert!(limits.admit("2001:db8::2".parse().unwrap(), 1).is_err());
        assert!(limits.admit("2001:db8:0:1::2".parse().unwrap(), 1).is_ok());
    }
}
