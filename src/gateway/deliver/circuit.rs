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

impl Circuit {
    /// How many deliveries may be begun now, of so many that there is room for. A probe that is let through counts as made.
    pub fn let_through(&mut self, room: u32, now: Duration) -> u32 {
        match self.probe_at {
            None => room,
            Some(at) if now >= at && room > 0 => {
                self.probe_at = Some(now + PROBE);
                1
            }
            Some(_) => 0,
        }
    }

    /// Takes note of a try; `true`: the circuit has opened by it.
    pub fn note(&mut self, lives: bool, now: Duration) -> bool {
        if lives {
            *self = Self::default();
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let opens = self.failures >= FAILURES && self.probe_at.is_none();
        if opens {
            self.probe_at = Some(now + PROBE);
        }
        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_dead_endpoint_gets_a_probe_a_minute_until_it_lives() {
        let mut circuit = Circuit::default();
        for _ in 0..4 {
            assert!(!circuit.note(false, at(0)));
            assert_eq!(circuit.let_through(16, at(0)), 16);
        }
        assert!(circuit.note(false, at(0)), "it opens once");
        assert!(!circuit.note(false, at(0)) && circuit.probe_at.is_some());
        assert_eq!([0, 59, 60, 60, 119, 120].map(|second| circuit.let_through(16, at(second))), [0, 0, 1, 0, 0, 1]);
        assert!(!circuit.note(true, at(121)));
        assert_eq!(circuit.let_through(16, at(121)), 16);
    }

    #[test]
    fn failures_count_one_after_another() {
        let mut circuit = Circuit::default();
        for number in 0..20 {
            assert!(!circuit.note(number % 5 == 4, at(0)));
        }
        assert_eq!(circuit.probe_at, None);
    }
}
