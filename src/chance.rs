//! Randomness as a dependency, passed in like the clock: the operating system's generator in service, a seed in a test that must replay.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};

/// Where random numbers come from.
#[derive(Debug, Clone, Default)]
pub enum Chance {
    /// The operating system's cryptographic generator.
    #[default]
    System,
    /// A reproducible sequence.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Chance {
    /// The sequence that belongs to a seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// 128 random bits.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give: a guessable order id is worse than no service.
    pub fn draw(&self) -> u128 {
        let mut bytes = [0; 16];
        match self {
            #[expect(clippy::expect_used, reason = "see Panics")]
            Self::System => SysRng.try_fill_bytes(&mut bytes).expect("the operating system's random number generator"),
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        u128::from_le_bytes(bytes)
    }

    /// 32 random hexadecimal digits: a `nonce_str`.
    pub fn nonce(&self) -> String {
        let mut text = String::with_capacity(32);
        let _ = write!(text, "{:032x}", self.draw());
        text
    }

    /// Whether something of this probability (0 to 1) happens now.
    #[expect(clippy::float_arithmetic, reason = "a probability, not money")]
    pub fn happens(&self, probability: f64) -> bool {
        let roll = u32::try_from(self.draw() >> 96).unwrap_or(u32::MAX);
        f64::from(roll) < probability * (f64::from(u32::MAX) + 1.0)
    }
}
