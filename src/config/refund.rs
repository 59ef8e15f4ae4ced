//! The section `refund`: what is given back by itself, and how soon after another refund.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::gateway::{AutomaticRefunds, RefundTerms};
use crate::language::pair;

use super::checks::{list, value};
use super::duration;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain, time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRefund {
    automatic: String,
    min_interval: String,
}

impl RawRefund {
    pub fn validate(&self) -> Result<RefundTerms, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let automatic = mistakes.take(self.automatic());
        let range = pair("0s to 1h, in whole seconds", "0s 到 1h，整秒");
        let min_interval = mistakes.take(duration::seconds("refund.min_interval", &self.min_interval, 0..=3600, range));
        let terms = |(automatic, seconds): (_, u32)| RefundTerms { automatic, min_interval: TimeDelta::seconds(i64::from(seconds)) };
        mistakes.or_else(automatic.zip(min_interval).map(terms))
    }

    fn automatic(&self) -> Result<AutomaticRefunds, ConfigError> {
        let words: Vec<_> = list(&self.automatic).collect();
        match words[..] {
            ["none"] => Ok(AutomaticRefunds { second: false, late: false }),
            ["second"] => Ok(AutomaticRefunds { second: true, late: false }),
            ["second", "late"] => Ok(AutomaticRefunds { second: true, late: true }),
            _ => Err(value("refund.automatic", pair("none, second, or second,late", "应为 none、second 或 second,late"))),
        }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![("refund.automatic", plain(&self.automatic)), ("refund.min_interval", time(&self.min_interval))]
    }
}
