//! Backpressure for work in the background: how many changes are in hand that callers, or WeChat, wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// From so many on, work in the background that takes a writer's time takes it from a payment.
const PRESSING: usize = 8;

/// Counts changes in hand. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Pressure(Arc<AtomicUsize>);

/// One change in hand, until it is dropped.
pub struct InHand(Arc<AtomicUsize>);

impl Pressure {
    /// One more.
    pub fn hold(&self) -> InHand {
        self.0.fetch_add(1, Ordering::Relaxed);
        InHand(Arc::clone(&self.0))
    }

    /// Whether there are so many that what can wait should.
    pub fn is_high(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= PRESSING
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_falls_with_what_is_done() {
        let pressure = Pressure::default();
        let mut held: Vec<_> = (1..PRESSING).map(|_| pressure.hold()).collect();
        assert!(!pressure.is_high());
        held.push(pressure.hold());
        assert!(pressure.clone().is_high());
        held.pop();
        assert!(!pressure.is_high());
    }
}
