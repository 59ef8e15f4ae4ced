//! Chance with a seed that is printed, so that the choices of a run can be made again. (Not its timing: real processes
//! have their own.)

use std::time::Duration;

use wechat_pay::chance::Chance;

#[derive(Debug, Clone)]
pub struct Random(Chance);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Chance::seeded(seed))
    }

    /// Random of its own for a part of the run.
    pub fn for_part(&self) -> Self {
        Self::new(u64::try_from(self.0.draw() >> 64).unwrap())
    }

    /// From `least` to `most`, both included.
    pub fn number(&self, least: u64, most: u64) -> u64 {
        least + u64::try_from(self.0.draw() % u128::from(most - least + 1)).unwrap()
    }

    pub fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.number(least, most))
    }

    /// True in so many cases of a hundred.
    pub fn percent(&self, share: u64) -> bool {
        self.number(1, 100) <= share
    }

    pub fn one_of<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.number(0, choices.len() as u64 - 1)).unwrap()]
    }

    pub fn word(&self) -> String {
        self.0.nonce()
    }
}
