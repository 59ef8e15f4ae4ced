//! Lock-out: who has tried too many passwords waits. It counts by name and address together, so that a stranger elsewhere locks out
//! nobody but the stranger; and by address alone, with more room, so that one address cannot go through all names. A user who is logged
//! in and says the password once more is counted by the session, which no stranger has, whatever others do at the same address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::deal::{AccountId, Timestamp};
use crate::listener::household;

/// So many failures of one name from one address are followed by a wait.
const OF_A_PAIR: usize = 5;
/// So many from one address, whatever the names: an office may share one.
const OF_AN_ADDRESS: usize = 50;
/// How long a failure counts.
const COUNTS: TimeDelta = TimeDelta::minutes(5);
/// Pairs and addresses that are remembered. Those that have been quiet longest make room.
const REMEMBERED: usize = 10_000;

/// The failures of the last minutes.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<Key, Vec<Timestamp>>>);

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    /// A name from an address.
    Pair(IpAddr, String),
    /// All names from an address.
    Address(IpAddr),
    /// A session, by the token of its forms.
    Session(String),
}

impl Key {
    /// How many there may be.
    fn most(&self) -> usize {
        match self {
            Self::Pair(..) | Self::Session(_) => OF_A_PAIR,
            Self::Address(_) => OF_AN_ADDRESS,
        }
    }
}

/// A password that is being tried. It counts as a failure until it has turned out to be right, so that many tries at once are as many
/// as one after the other.
#[must_use]
#[derive(Debug)]
pub struct Attempt {
    keys: Vec<Key>,
    at: Timestamp,
}

impl Attempts {
    /// Begins to try a password of this name's.
    ///
    /// # Errors
    /// How long to wait.
    pub fn begin(&self, name: &str, address: IpAddr, now: Timestamp) -> Result<Attempt, Duration> {
        let address = household(address);
        // What can be no user's name is one stranger's game, however many there are.
        let name = if AccountId::is_name(name) { name } else { "" };
        self.begin_by(vec![Key::Pair(address, name.to_owned()), Key::Address(address)], now)
    }

    /// Begins to try the password of a session's user once more.
    ///
    /// # Errors
    /// How long to wait.
    pub fn begin_again(&self, session: &str, now: Timestamp) -> Result<Attempt, Duration> {
        self.begin_by(vec![Key::Session(session.to_owned())], now)
    }

    fn begin_by(&self, keys: Vec<Key>, now: Timestamp) -> Result<Attempt, Duration> {
        let mut known = self.lock();
        for key in &keys {
            let Some(failures) = known.get_mut(key) else { continue };
            failures.retain(|at| now - *at < COUNTS);
            if let Some(first) = failures.first().filter(|_| failures.len() >= key.most()) {
                let wait = (*first + COUNTS - now).num_milliseconds().unsigned_abs();
                return Err(Duration::from_secs(wait.div_ceil(1000).max(1)));
            }
        }
        for key in &keys {
            make_room(&mut known, key);
            known.entry(key.clone()).or_default().push(now);
        }
        Ok(Attempt { keys, at: now })
    }

    /// The password was right: what failed before is forgotten.
    pub fn succeeded(&self, attempt: Attempt) {
        // What others have failed with from the address still counts.
        for key in attempt.keys.iter().filter(|key| !matches!(key, Key::Address(_))) {
            self.lock().remove(key);
        }
        self.withdrawn(attempt);
    }

    /// It could not be tried, or was right: it is no failure.
    pub fn withdrawn(&self, attempt: Attempt) {
        let mut known = self.lock();
        for key in &attempt.keys {
            let Some(failures) = known.get_mut(key) else { continue };
            if let Some(this) = failures.iter().rposition(|at| *at == attempt.at) {
                failures.remove(this);
            }
            if failures.is_empty() {
                known.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Half of them go at once, so that a crowd does not have all of them looked through at each of its tries.
fn make_room(known: &mut HashMap<Key, Vec<Timestamp>>, wanted: &Key) {
    if known.len() < REMEMBERED || known.contains_key(wanted) {
        return;
    }
    let mut quiet: Vec<_> = known.iter().map(|(key, failures)| (failures.last().copied(), key.clone())).collect();
    quiet.sort_unstable();
    for (_, key) in quiet.iter().take(REMEMBERED / 2) {
        known.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_775_000_000 + seconds, 0).unwrap()
    }

    fn from(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn the_sixth_try_of_a_pair_waits_and_nobody_else_does() {
        let attempts = Attempts::default();
        let stranger = from("192.0.2.1");
        for second in 0..5 {
            let _ = attempts.begin("li", stranger, at(second)).unwrap();
        }
        assert_eq!(attempts.begin("li", stranger, at(10)).unwrap_err(), Duration::from_secs(290));
        assert!(attempts.begin("li", from("192.0.2.2"), at(10)).is_ok(), "the operator, who is elsewhere");
        assert!(attempts.begin("wang", stranger, at(10)).is_ok(), "a colleague at the same address");
        assert!(attempts.begin("li", stranger, at(299)).is_err());
        assert!(attempts.begin("li", stranger, at(300)).is_ok(), "the first is forgotten");
        assert!(attempts.begin("li", stranger, at(300)).is_err(), "and no other");
    }

    #[test]
    fn tries_at_once_count_and_the_right_one_forgets_them() {
        let attempts = Attempts::default();
        let here = from("2001:db8::1");
        let mut begun: Vec<_> = (0..5).map(|_| attempts.begin("li", here, at(0)).unwrap()).collect();
        assert!(attempts.begin("li", from("2001:db8::ffff"), at(0)).is_err(), "a client with an IPv6 address has its whole network");
        attempts.succeeded(begun.pop().unwrap());
        assert!(attempts.begin("li", here, at(0)).is_ok());
    }

    #[test]
    fn who_is_logged_in_is_not_locked_out_by_others_at_the_same_address() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            let _ = attempts.begin("li", from("192.0.2.1"), at(0)).unwrap();
        }
        assert!(attempts.begin("li", from("192.0.2.1"), at(0)).is_err());
        for _ in 0..5 {
            let _ = attempts.begin_again("li's session", at(0)).unwrap();
        }
        assert!(attempts.begin_again("li's session", at(0)).is_err(), "who has stolen it tries no more often");
        assert!(attempts.begin_again("li's other session", at(0)).is_ok());
    }

    #[test]
    fn what_could_not_be_tried_is_no_failure() {
        let attempts = Attempts::default();
        for _ in 0..200 {
            let attempt = attempts.begin("li", from("192.0.2.1"), at(0)).unwrap();
            attempts.withdrawn(attempt);
        }
        assert!(attempts.lock().is_empty());
    }

    #[test]
    fn one_address_does_not_go_through_all_names() {
        let attempts = Attempts::default();
        let tried = (0..200).filter(|number| attempts.begin(&format!("user{number}"), from("192.0.2.1"), at(0)).is_ok());
        assert_eq!(tried.count(), OF_AN_ADDRESS);
        let nonsense = (0..200).filter(|number| attempts.begin(&format!("<{number}>"), from("192.0.2.9"), at(0)).is_ok());
        assert_eq!(nonsense.count(), OF_A_PAIR);
    }

    #[test]
    fn the_memory_is_bounded_whatever_comes() {
        let attempts = Attempts::default();
        for number in 0..30_000_u32 {
            let _ = attempts.begin("li", IpAddr::V4(number.into()), at(i64::from(number / 1000)));
        }
        assert!(attempts.lock().len() <= REMEMBERED);
        let newest = IpAddr::V4(29_999.into());
        assert!((0..4).all(|_| attempts.begin("li", newest, at(30)).is_ok()));
        assert!(attempts.begin("li", newest, at(30)).is_err(), "what failed last is remembered");
    }
}
