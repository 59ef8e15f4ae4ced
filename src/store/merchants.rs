//! For which merchants the deals of a database were opened: it stands in the requests that WeChat was asked with.

use std::collections::BTreeSet;

use sqlx::Error;

use crate::wechat::xml;

use super::connection::{Conn, DatabaseUrl, on_conn, open_to_look};
use super::{Store, StoreError, not_told};

/// So many deals are looked at, of the oldest and of the newest: enough to see whose they are, and quick on any table.
const LOOKED_AT: u32 = 500;

impl Store {
    /// The `mch_id`s for which the deals in a database were opened, by its oldest and newest ones. Nothing is changed, and a
    /// database without deals of ours has none.
    pub async fn merchants(url: &DatabaseUrl) -> Result<BTreeSet<String>, StoreError> {
        merchants(url).await
    }
}

async fn merchants(url: &DatabaseUrl) -> Result<BTreeSet<String>, StoreError> {
    if url.file().is_some_and(|file| !file.exists()) {
        return Ok(BTreeSet::new());
    }
    let mut conn = open_to_look(url).await?;
    let mut merchants = BTreeSet::new();
    for order in ["ASC", "DESC"] {
        let requests = sqlx::AssertSqlSafe(format!(
            "SELECT prepay_request FROM (SELECT prepay_request FROM deal ORDER BY id {order} LIMIT {LOOKED_AT}) some_deals \
             WHERE prepay_request IS NOT NULL"
        ));
        let requests: Result<Vec<String>, Error> = on_conn!(&mut conn, c => sqlx::query_scalar(requests).fetch_all(&mut *c).await);
        let requests = match requests {
            Ok(requests) => requests,
            // No such table or column: this service has never been here.
            Err(Error::Database(_)) => return Ok(BTreeSet::new()),
            Err(error) => return Err(not_told(&error)),
        };
        merchants.extend(requests.iter().filter_map(|request| Some(xml::parse(request.as_bytes()).ok()?.get("mch_id")?.to_owned())));
    }
    Ok(merchants)
}
