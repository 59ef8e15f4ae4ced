//! Failover: which of several servers is used. It is the first in the order of the URL that answers and can write, and all workers
//! use the same one, so that what one has stored another finds; whatever the first one's trouble was, they return to it when it is well.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::host::Host;

/// When none can be used, they are not all tried again for so long: callers that fail must not become a storm of connections.
const FRUITLESS: Duration = Duration::from_secs(1);

/// Which of several servers is used.
#[derive(Debug, Default)]
pub struct Hosts {
    state: Mutex<State>,
    /// Counts how often the workers were told to leave what they are connected to.
    turn: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// As last looked up, the preferred one first.
    known: Vec<Host>,
    used: Option<Host>,
    /// Those that could not be used, the last one last.
    left: Vec<Host>,
    /// When all of them were last tried in vain.
    fruitless: Option<Instant>,
}

impl Hosts {
    /// In which order these are tried: the one that is used, those that nothing is known against, those that were left, the longest
    /// ago first.
    pub fn in_order(&self, known: &[Host]) -> Vec<Host> {
        let mut state = self.state();
        state.known = known.to_vec();
        state.left.retain(|host| known.contains(host));
        if state.used.as_ref().is_some_and(|used| !known.contains(used)) {
            // Its name means others by now.
            state.used = None;
            self.turn.fetch_add(1, Ordering::Relaxed);
        }
        let fresh = state.known.iter().filter(|host| !state.left.contains(host));
        let mut order: Vec<Host> = Vec::with_capacity(state.known.len());
        for host in state.used.iter().chain(fresh).chain(&state.left) {
            if !order.contains(host) {
                order.push(host.clone());
            }
        }
        order
    }

    /// Uses this one from now on, unless another is by now; the turn in which it was used, if it is.
    pub fn agree(&self, host: &Host) -> Option<u64> {
        let mut state = self.state();
        if state.used.is_none() {
            info!(%host, "this server of the database is used");
            // Where none was well, the best of them.
            state.left.retain(|left| left != host);
            state.used = Some(host.clone());
        }
        (state.used.as_ref() == Some(host)).then(|| self.turn())
    }

    /// This one cannot be used. Whoever is connected to it leaves.
    pub fn leave(&self, host: &Host, why: &str) {
        let mut state = self.state();
        state.left.retain(|left| left != host);
        state.left.push(host.clone());
        if state.used.as_ref() == Some(host) {
            warn!(%host, why, "this server of the database is left");
            state.used = None;
            self.turn.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A better one than what is used is well again: new connections are made to it, and the old ones left.
    pub fn return_to(&self, host: &Host) {
        let mut state = self.state();
        if state.used.is_none() || state.used.as_ref() == Some(host) {
            return;
        }
        info!(%host, "this server of the database is well again, and used from now on");
        state.left.retain(|left| left != host);
        state.used = Some(host.clone());
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts how often connections had to be left: one that was made in an earlier turn is not to be used.
    pub fn turn(&self) -> u64 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Whether it was left, and is not known to be well again.
    pub fn is_left(&self, host: &Host) -> bool {
        self.state().left.contains(host)
    }

    /// Whether there was more than one when they were last looked up.
    pub fn are_several(&self) -> bool {
        self.state().known.len() > 1
    }

    /// The one that is used.
    pub fn used(&self) -> Option<Host> {
        self.state().used.clone()
    }

    /// Those that are preferred to the one that is used.
    pub fn preferred(&self) -> Vec<Host> {
        let state = self.state();
        match &state.used {
            Some(used) => state.known.iter().take_while(|host| *host != used).cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Notes that all were tried in vain.
    pub fn note_fruitless(&self) {
        self.state().fruitless = Some(Instant::now());
    }

    /// Whether all were tried in vain a moment ago.
    pub fn were_fruitless(&self) -> bool {
        self.state().fruitless.is_some_and(|since| since.elapsed() < FRUITLESS)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::servers::Servers;
    use super::*;

    async fn three() -> Vec<Host> {
        "mysql://10.0.0.1,10.0.0.2,10.0.0.3/pay".parse::<Servers>().unwrap().known().await.unwrap()
    }

    #[tokio::test]
    async fn the_first_that_is_well_is_used_by_all_and_returned_to() {
        let (hosts, known) = (Hosts::default(), three().await);
        let [a, b, c] = known.as_slice() else { panic!("three") };
        assert_eq!(hosts.in_order(&known), known);
        assert_eq!(hosts.agree(a), Some(0));
        assert_eq!(hosts.agree(b), None, "another is used");
        assert!(hosts.preferred().is_empty());

        hosts.leave(a, "silent");
        assert_eq!(hosts.turn(), 1, "whoever is connected to it leaves");
        assert_eq!(hosts.in_order(&known), [b.clone(), c.clone(), a.clone()]);
        assert_eq!(hosts.agree(b), Some(1));
        hosts.leave(a, "silent");
        assert_eq!(hosts.turn(), 1, "nobody is connected to it any more");
        assert_eq!(hosts.preferred(), std::slice::from_ref(a));

        hosts.leave(b, "refused");
        hosts.leave(c, "refused");
        assert_eq!(hosts.in_order(&known), known, "the longest ago first");

        hosts.agree(c);
        hosts.return_to(a);
        assert_eq!((hosts.used().as_ref(), hosts.turn()), (Some(a), 3));
        assert!(!hosts.is_left(a) && hosts.is_left(b));
    }

    #[tokio::test]
    async fn one_that_its_name_does_not_mean_any_more_is_forgotten() {
        let (hosts, known) = (Hosts::default(), three().await);
        hosts.in_order(&known);
        hosts.agree(&known[0]);
        hosts.leave(&known[1], "refused");
        let rest = &known[2..];
        assert_eq!(hosts.in_order(rest), rest);
        assert_eq!((hosts.agree(&known[2]), hosts.turn()), (Some(1), 1), "whoever is connected to the one that was used leaves");
        assert!(!hosts.is_left(&known[1]) && !hosts.are_several());
    }
}
