//! The section `events`: how long what was told is kept.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::language::pair;

use super::duration;
use super::error::ConfigError;
use super::table::{Shown, time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEvents {
    keep: String,
}

impl RawEvents {
    /// How long events are kept.
    pub fn validate(&self) -> Result<TimeDelta, ConfigError> {
        const DAY: u32 = 86_400;
        let range = pair("1d to 3650d, in whole seconds", "1d 到 3650d，整秒");
        let seconds = duration::seconds("events.keep", &self.keep, DAY..=3650 * DAY, range)?;
        Ok(TimeDelta::seconds(i64::from(seconds)))
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![("events.keep", time(&self.keep))]
    }
}
