//! A circuit breaker for each endpoint: one that is dead is left alone but for a probe a minute, so that a backlog for it costs a
//! try a minute and not one time-out each.

use std::time::Duration;

/// So many failures one after another open it.
const FAILURES: u32 = 5;
/// Between two probes of a dead endpoint.
const PROBE: Duration = Duration::from_secs(60);

/// Whether an endpoint lives, as far as this instance knows. Times are the clock's ticks.
#[derive(Debug, Default)]
pub struct Circuit {
    failures: u32,
    /// While it is open: when the next probe may be made.
    probe_at: Option<Duration>,
}

/// What may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// As much as there is room for.
    All,
    /// One delivery, to see whether the endpoint lives again.
    Probe,
    /// Nothing for now.
    Nothing,
}

/// What a try has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The endpoint is left alone from now on.
    Opened,
    /// It lives again.
    Closed,
    /// Nothing.
    None,
}

impl Circuit {
    /// What may be begun now.
    pub fn leave(&self, now: Duration) -> Leave {
        match self.probe_at {
            None => Leave::All,
            Some(at) if now >= at => Leave::Probe,
            Some(_) => Leave::Nothing,
        }
    }

    /// Whether the endpoint is left alone but for probes.
    pub fn is_open(&self) -> bool {
        self.probe_at.is_some()
    }

    /// A probe is begun. (That there was leave for one and nothing was due puts the next one off for no time.)
    pub fn probes(&mut self, now: Duration) {
        self.probe_at = self.probe_at.map(|_| now + PROBE);
    }

    /// Takes note of a try.
    pub fn note(&mut self, lives: bool, now: Duration) -> Turn {
        if lives {
            let was_open = self.probe_at.is_some();
            *self = Self::default();
            return if was_open { Turn::Closed } else { Turn::None };
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES || self.probe_at.is_some() {
            return Turn::None;
        }
        self.probe_at = Some(now + PROBE);
        Turn::Opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// One that has opened at 0 s.
    fn open() -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            assert_eq!((circuit.note(false, at(0)), circuit.leave(at(0))), (Turn::None, Leave::All));
        }
        assert_eq!(circuit.note(false, at(0)), Turn::Opened);
        circuit
    }

    #[test]
    fn a_dead_endpoint_gets_a_probe_a_minute_until_it_lives() {
        let mut circuit = open();
        assert_eq!([0, 59, 60].map(|second| circuit.leave(at(second))), [Leave::Nothing, Leave::Nothing, Leave::Probe]);
        circuit.probes(at(60));
        assert_eq!(circuit.note(false, at(75)), Turn::None);
        assert_eq!([75, 119, 120].map(|second| circuit.leave(at(second))), [Leave::Nothing, Leave::Nothing, Leave::Probe]);
        circuit.probes(at(120));
        assert_eq!((circuit.note(true, at(121)), circuit.leave(at(121))), (Turn::Closed, Leave::All));
    }

    #[test]
    fn tries_that_were_under_way_open_it_once_and_put_no_probe_off() {
        let mut circuit = open();
        assert!((0..11).all(|_| circuit.note(false, at(15)) == Turn::None));
        assert_eq!(circuit.leave(at(60)), Leave::Probe);
    }

    #[test]
    fn leave_for_a_probe_stands_until_one_is_begun() {
        let mut circuit = open();
        assert_eq!([60, 61, 300].map(|second| circuit.leave(at(second))), [Leave::Probe; 3]);
        circuit.probes(at(300));
        assert_eq!(circuit.leave(at(301)), Leave::Nothing);
    }

    #[test]
    fn a_probe_that_begins_as_the_endpoint_comes_back_opens_nothing() {
        let mut circuit = open();
        circuit.note(true, at(60));
        circuit.probes(at(60));
        assert_eq!(circuit.leave(at(60)), Leave::All);
    }

    #[test]
    fn failures_count_one_after_another() {
        let mut circuit = Circuit::default();
        assert!((0..20).all(|number| circuit.note(number % 5 == 4, at(0)) == Turn::None));
        assert_eq!(circuit.leave(at(0)), Leave::All);
    }
}
