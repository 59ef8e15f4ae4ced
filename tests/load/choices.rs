//! What is chosen by the environment.

use wechat_pay::chance::Chance;

/// A number, if there is one.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// A seed for a run that was given none.
pub fn any_seed() -> u64 {
    u64::try_from(Chance::System.draw() >> 96).unwrap()
}
