//! How often one payer's address, and one merchant, may call toPay. Off unless configured; kept by each instance.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The limits count calls in this span.
const MINUTE: Duration = Duration::from_secs(60);
/// Callers remembered before those who have been quiet are forgotten.
const REMEMBERED: usize = 100_000;

/// The configured limits and who has used how much of them.
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

/// Whoever has one IPv6 address has 2^64 of them.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// The generic cell rate algorithm: of each caller only the time is kept at which all its calls are paid for.
#[derive(Debug)]
struct Limit<K> {
    per_minute: u32,
    paid_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Limit<K> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, paid_at: Mutex::new(HashMap::new()) }
    }

    fn admit(&self, caller: K, now: Instant) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let mut callers = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= REMEMBERED {
            callers.retain(|_, paid_at| *paid_at > now);
        }
        let paid_at = callers.entry(caller).or_insert(now);
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
