//! Metrics: numbers for operators and alerts, in Prometheus' text format.
//!
//! Each room counts what it knows, in a struct of its own (`gateway::metrics`, `channel::wechat::v2`, `store::metrics`,
//! `http::metrics`), and registers it with the one registry that `http::metrics` shows. So every service has numbers of
//! its own (tests run many in one process), and no constructor has to be handed a registry.
//!
//! Counting costs one atomic (2 ns); a histogram takes a lock, which is hardly ever held (16 ns); by a route or a word of
//! WeChat's it costs a look into a map that hardly ever changes (about 100 ns). Nothing is allocated. Labels are enums, or
//! words that the program chose, or names of accounts, which an operator chose: nothing that a caller wrote becomes one.

mod by_account;
mod process;

use std::fmt::Debug;
use std::time::Duration;

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
pub use prometheus_client::registry::Registry;

use crate::deal::Timestamp;

pub use by_account::{ByAccount, OfAccount};

/// What every name of ours begins with.
const PREFIX: &str = "wechat_pay";

/// A registry that holds what is known of the program itself. What is registered at [`ours`] gets our prefix.
pub fn registry(started: Timestamp) -> Registry {
    let mut registry = Registry::default();
    process::register(&mut registry, started);
    ours(&mut registry).register("build", "Which version this is", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    registry
}

/// Where rooms register what they count.
pub fn ours(registry: &mut Registry) -> &mut Registry {
    registry.sub_registry_with_prefix(PREFIX)
}

/// A label: its name, and all values that it may have.
pub trait Label: Copy + PartialEq + Debug + Send + Sync + 'static {
    /// As it is written before the `=`.
    const NAME: &'static str;
    /// Each value, and how it is written.
    const ALL: &'static [(Self, &'static str)];

    /// How this value is written.
    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }
}

/// Writes an enum down as a [`Label`].
macro_rules! label {
    ($(#[$about:meta])* $visible:vis enum $name:ident = $label:literal { $($(#[$what:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visible enum $name { $($(#[$what])* $value,)* }

        impl $crate::metrics::Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$value, $word),)*];
        }
    };
}
pub(crate) use label;

/// The set of one label that the library wants.
pub type One = [(&'static str, &'static str); 1];

/// One metric for each value of a label. All are there from the start: Prometheus sees no increase in a series that
/// appears with its first event, and some of these events must not be missed.
#[derive(Debug)]
pub struct Labelled<L, M> {
    family: Family<One, M>,
    each: Vec<(L, M)>,
}

impl<L: Label, M: Clone> Labelled<L, M> {
    fn of(&self, value: L) -> Option<&M> {
        self.each.iter().find(|(known, _)| *known == value).map(|(_, metric)| metric)
    }

    fn new(make: fn() -> M) -> Self {
        let family = Family::new_with_constructor(make);
        let each = L::ALL.iter().map(|(value, word)| (*value, family.get_or_create_owned(&[(L::NAME, *word)])));
        Self { each: each.collect(), family }
    }
}

impl<L: Label, M: Debug + EncodeMetric + TypedMetric + Send + Sync + 'static> Labelled<L, M> {
    /// Shows it under this name.
    pub fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.family.clone());
    }
}

impl<L: Label> Labelled<L, Counter> {
    /// Counters that stand at zero.
    pub fn counters() -> Self {
        Self::new(Counter::default)
    }

    /// Counts one.
    pub fn inc(&self, value: L) {
        self.add(value, 1);
    }

    /// Counts so many.
    pub fn add(&self, value: L, count: u64) {
        if let Some(counter) = self.of(value) {
            counter.inc_by(count);
        }
    }

    /// How many so far.
    pub fn get(&self, value: L) -> u64 {
        self.of(value).map_or(0, Counter::get)
    }
}

impl<L: Label> Labelled<L, Gauge> {
    /// Gauges that stand at zero.
    pub fn gauges() -> Self {
        Self::new(Gauge::default)
    }

    /// It stands at so many.
    pub fn set(&self, value: L, number: i64) {
        if let Some(gauge) = self.of(value) {
            gauge.set(number);
        }
    }

    /// One more, until the returned guard is dropped, however that comes.
    pub fn hold(&self, value: L) -> Option<Held<'_>> {
        self.of(value).map(|gauge| {
            gauge.inc();
            Held(gauge)
        })
    }
}

/// One that a gauge counts.
#[derive(Debug)]
pub struct Held<'a>(&'a Gauge);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl<L: Label> Labelled<L, Histogram> {
    /// Empty histograms made by this function.
    pub fn histograms(make: fn() -> Histogram) -> Self {
        Self::new(make)
    }

    /// Takes one time in.
    pub fn observe(&self, value: L, time: Duration) {
        if let Some(histogram) = self.of(value) {
            histogram.observe(time.as_secs_f64());
        }
    }

    /// Takes a number in.
    pub fn observe_count(&self, value: L, count: usize) {
        if let Some(histogram) = self.of(value) {
            histogram.observe(u32::try_from(count).unwrap_or(u32::MAX).into());
        }
    }
}

/// For how long something took while a caller waits: up to the ten seconds after which none does.
pub fn latency() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

/// For how many went together.
pub fn sizes() -> Histogram {
    Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
}

/// For how late something came: from a second to a day, after which WeChat has given its notifications up.
pub fn lag() -> Histogram {
    Histogram::new([1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0])
}
