//! Jitter: whoever failed together does not try again together.

use std::time::Duration;

use crate::chance::Chance;

/// A time between nothing and this.
pub fn up_to(longest: Duration) -> Duration {
    let steps = longest.as_micros();
    if steps == 0 {
        return Duration::ZERO;
    }
    Duration::from_micros(u64::try_from(Chance::System.draw() % (steps + 1)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_and_are_never_too_long() {
        let longest = Duration::from_millis(250);
        let pauses: Vec<_> = std::iter::repeat_with(|| up_to(longest)).take(200).collect();
        assert!(pauses.iter().all(|pause| *pause <= longest));
        assert!(pauses.iter().any(|pause| *pause < longest / 4) && pauses.iter().any(|pause| *pause > longest * 3 / 4));
        assert_eq!(up_to(Duration::ZERO), Duration::ZERO);
    }
}
