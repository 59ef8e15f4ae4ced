//! Seeded random choices: one seed is one sequence of them.

use std::time::Duration;

use wechat_pay::chance::Chance;

/// A source of choices; clones go on with the same sequence.
#[derive(Debug, Clone)]
pub struct Random(Chance);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Chance::seeded(seed))
    }

    /// A seed for something else.
    pub fn seed(&self) -> u64 {
        u64::try_from(self.0.draw() >> 64).unwrap()
    }

    /// One of `0..count`.
    pub fn below(&self, count: usize) -> usize {
        usize::try_from(self.0.draw() % count as u128).unwrap()
    }

    /// True so many times in a thousand.
    pub fn happens(&self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    pub fn one_of<T: Clone>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// From `least` to `most`, both included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + u64::try_from(self.0.draw() % u128::from(most - least + 1)).unwrap()
    }

    /// From `least` to `most` milliseconds.
    pub fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// 32 hexadecimal digits.
    pub fn word(&self) -> String {
        self.0.nonce()
    }
}
