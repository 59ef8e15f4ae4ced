//! What `/metrics` shows, read as Prometheus reads it.

use std::collections::BTreeMap;

/// One scrape.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    /// By name and labels, as they are written.
    values: BTreeMap<String, f64>,
    /// The type of each name.
    pub types: BTreeMap<String, String>,
}

impl Scrape {
    pub fn read(text: &str) -> Self {
        let mut numbers = Self::default();
        for line in text.lines() {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                let (name, kind) = typed.split_once(' ').unwrap();
                assert!(numbers.types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} is told of twice");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(numbers.values.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} is there twice");
            }
        }
        numbers
    }

    /// A series that is there.
    #[track_caller]
    pub fn get(&self, series: &str) -> f64 {
        let series = if series.starts_with("process_") { series.to_owned() } else { format!("wechat_pay_{series}") };
        *self.values.get(&series).unwrap_or_else(|| panic!("no {series} among {:?}", self.values.keys()))
    }

    /// Whether there is a series.
    pub fn has(&self, series: &str) -> bool {
        self.values.contains_key(&format!("wechat_pay_{series}"))
    }

    /// How much more it is than it was.
    #[track_caller]
    pub fn since(&self, before: &Self, series: &str) -> f64 {
        #[expect(clippy::float_arithmetic, reason = "counts, not money")]
        let more = self.get(series) - before.get(series);
        more
    }
}
