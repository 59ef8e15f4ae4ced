//! The section `sweep`: when undecided deals are queried without a caller asking.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::deal::Schedule;
use crate::language::pair;

use super::checks::list;
use super::duration;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain, time, times};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSweep {
    pub calls_per_second: u32,
    first_looks: String,
    pause: String,
    young: String,
    longest_pause: String,
}

impl RawSweep {
    pub fn validate(&self) -> Result<Schedule, ConfigErrors> {
        let first_looks = || pair("1s to 2h each, separated by commas", "每个 1s 到 2h，逗号分隔");
        let not_longer =
            || pair("1s to sweep.longest_pause, which is at most 2h; in whole seconds", "1s 到 sweep.longest_pause（最长 2h），整秒");
        let mut mistakes = Mistakes::default();
        let first = list(&self.first_looks).map(|look| duration::seconds("sweep.first_looks", look, 1..=7200, first_looks()));
        let first = mistakes.take(first.collect::<Result<Vec<_>, _>>());
        mistakes.check(
            first.as_ref().is_none_or(|first| first.is_sorted()),
            "sweep.first_looks",
            pair("the earlier look first", "时间早的写在前面"),
        );
        let pause = mistakes.take(duration::seconds("sweep.pause", &self.pause, 1..=7200, not_longer()));
        let young = mistakes.take(duration::seconds("sweep.young", &self.young, 0..=u32::MAX, pair("in whole seconds", "整秒")));
        let longest = duration::seconds(
            "sweep.longest_pause",
            &self.longest_pause,
            1..=7200,
            pair("sweep.pause to 2h, in whole seconds", "sweep.pause 到 2h，整秒"),
        );
        let longest_pause = mistakes.take(longest);
        let is_longer = pause.zip(longest_pause).is_none_or(|(pause, longest)| pause <= longest);
        mistakes.check(is_longer, "sweep.pause", not_longer());
        let seconds = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        let made = || {
            Some(Schedule {
                first: first?.into_iter().map(seconds).collect(),
                pause: seconds(pause?),
                young: seconds(young?),
                longest_pause: seconds(longest_pause?),
            })
        };
        mistakes.or_else(made())
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            ("sweep.calls_per_second", plain(self.calls_per_second)),
            ("sweep.first_looks", times(&self.first_looks)),
            ("sweep.pause", time(&self.pause)),
            ("sweep.young", time(&self.young)),
            ("sweep.longest_pause", time(&self.longest_pause)),
        ]
    }
}
