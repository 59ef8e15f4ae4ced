//! Where the databases are: files in memory, each a copy of one that was migrated once.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;
use wechat_pay::clock::Clock;
use wechat_pay::store::Store;

use crate::history::BEGINNING;

pub struct Template {
    directory: TempDir,
    template: Vec<u8>,
}

impl Template {
    pub fn prepare() -> Self {
        let prefix = "wechat-pay-simulation-";
        let directory = TempDir::with_prefix_in(prefix, "/dev/shm").or_else(|_| TempDir::with_prefix(prefix)).unwrap();
        let (first, template) = (directory.path().join("first.db"), directory.path().join("template.db"));
        let url = format!("sqlite://{}", first.display());
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            Store::migrate(&url.parse().unwrap(), Clock::manual(BEGINNING.parse().unwrap()).now()).await.unwrap();
            let mut conn = SqliteConnection::connect(&url).await.unwrap();
            // One file, whatever the journal holds.
            sqlx::raw_sql(AssertSqlSafe(format!("VACUUM INTO '{}'", template.display()))).execute(&mut conn).await.unwrap();
        });
        let template = std::fs::read(template).unwrap();
        Self { directory, template }
    }

    /// A fresh database.
    pub fn database(&self, name: &str) -> Database {
        let path = self.directory.path().join(name);
        std::fs::write(&path, &self.template).unwrap();
        Database(path)
    }
}

/// One file, gone when this is dropped.
pub struct Database(PathBuf);

impl Database {
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}
