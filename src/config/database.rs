//! The section `database`: where deals are kept, and how safely.

use serde::Deserialize;

use crate::language::pair;
use crate::store::{DatabaseUrl, LARGEST_BATCH, TableNames};

use super::checks::value;
use super::error::ConfigError;
use super::mistakes::{ConfigErrors, Mistakes};
use super::table::{Shown, plain};

/// Where deals are kept when nothing is said.
const DEFAULT_DATABASE: &str = "sqlite://data/deal.db";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDatabase {
    pub url: String,
    pub url_file: String,
    table_prefix: String,
    pub accept_weak_durability: bool,
    pub largest_batch: usize,
}

impl RawDatabase {
    pub fn validate(&self) -> Result<DatabaseUrl, ConfigErrors> {
        let mut mistakes = Mistakes::default();
        let tables = self.table_prefix.parse::<TableNames>();
        let tables = mistakes.take(tables.map_err(|_| {
            value(
                "database.table_prefix",
                pair("at most 20 of the letters a to z, digits and _", "最多 20 个字符，只能是 a 到 z、数字和 _"),
            )
        }));
        let database = mistakes.take(self.url().parse::<DatabaseUrl>().map_err(ConfigError::from));
        let is_batch = (1..=LARGEST_BATCH).contains(&self.largest_batch);
        mistakes.check(is_batch, "database.largest_batch", pair("1 to 64", "应为 1 到 64"));
        mistakes.or_else(database.zip(tables).map(|(database, tables)| database.with_tables(tables)))
    }

    fn url(&self) -> &str {
        if self.url.is_empty() { DEFAULT_DATABASE } else { &self.url }
    }

    pub fn shown(&self) -> Vec<(&'static str, Shown)> {
        vec![
            // As the store writes it, without user and password.
            ("database.url", self.url().parse::<DatabaseUrl>().map_or(Shown::Hidden, plain)),
            ("database.url_file", plain(&self.url_file)),
            ("database.table_prefix", plain(&self.table_prefix)),
            ("database.accept_weak_durability", plain(self.accept_weak_durability)),
            ("database.largest_batch", plain(self.largest_batch)),
        ]
    }
}
