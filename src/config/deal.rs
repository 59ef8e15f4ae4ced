//! The section `deal`: how deals live, and what they may cost.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::deal::Fen;
use crate::language::pair;

use super::checks::value;
use super::duration;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain, time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDeal {
    expire_after: String,
    close_min_age: String,
    max_price: String,
}

/// How deals live.
pub struct DealSettings {
    pub expire_after: TimeDelta,
    pub close_min_age: TimeDelta,
    pub max_price: Fen,
}

impl RawDeal {
    pub fn validate(&self) -> Result<DealSettings, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let expire_after = mistakes.take(duration::seconds(
            "deal.expire_after",
            &self.expire_after,
            1..=7200,
            pair("1s to 2h, in whole seconds", "1s 到 2h，整秒"),
        ));
        let close_min_age = mistakes.take(duration::seconds(
            "deal.close_min_age",
            &self.close_min_age,
            0..=7200,
            pair("0s to 2h, in whole seconds", "0s 到 2h，整秒"),
        ));
        let max_price = mistakes.take(self.max_price());
        let seconds = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        let made =
            || Some(DealSettings { expire_after: seconds(expire_after?), close_min_age: seconds(close_min_age?), max_price: max_price? });
        mistakes.or_else(made())
    }

    fn max_price(&self) -> Result<Fen, ConfigError> {
        const KEY: &str = "deal.max_price";
        let price = Fen::from_yuan(&self.max_price)
            .map_err(|_| value(KEY, pair("an amount in yuan such as 100000.00", "应为金额，单位元，如 100000.00")))?;
        // What could be opened and never be settled, for WeChat could not name it.
        match Fen::from_total_fee(&price.get().to_string()) {
            Some(price) => Ok(price),
            None => Err(value(
                KEY,
                pair("at most 99999999.99: WeChat's total_fee has at most ten digits", "最多 99999999.99：微信的 total_fee 最多十位"),
            )),
        }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("deal.expire_after", time(&self.expire_after)),
            ("deal.close_min_age", time(&self.close_min_age)),
            ("deal.max_price", plain(&self.max_price)),
        ]
    }
}
