//! What was paid: deals by the times of their payments.

use sqlx::Error;

use crate::deal::{Sums, TakingsBy};
use crate::store::deals::{accounts, sellers};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;

use super::slice::{Range, Slice, Summed, Texts};

/// The first slice of what is left of a range.
pub struct Payments(pub Range);

impl Query for Payments {
    type Answer = Slice;
    const NAME: &'static str = "takings of payments";

    async fn run(&self, conn: &mut Conn) -> Result<Slice, Error> {
        let (sums, ended_at) = self.0.slice(texts(self.0.by, conn), conn).await?;
        let sums = sums.into_iter().map(|(key, paid_count, paid_fee)| (key, Sums { paid_count, paid_fee, ..Sums::default() }));
        Ok(Slice { sums: sums.collect(), ended_at })
    }
}

fn texts(by: TakingsBy, conn: &Conn) -> &'static Texts {
    match by {
        TakingsBy::Day => by_engine!(conn, Texts, |is_mysql| new(is_mysql, "SUBSTR(CAST(update_at AS CHAR(26)), 1, 10)")),
        TakingsBy::Seller => by_engine!(conn, Texts, |is_mysql| new(is_mysql, "CAST(merchant_id AS CHAR(20))")),
        TakingsBy::Product => by_engine!(conn, Texts, |is_mysql| new(is_mysql, "CAST(product_id AS CHAR(20))")),
        TakingsBy::Account => by_engine!(conn, Texts, |is_mysql| new(is_mysql, accounts::ACCOUNT)),
    }
}

/// Rows of record that WeChat was paid by. What the original charged stands in doubles, which it made fen of in this way.
pub fn new(is_mysql: bool, key: &str) -> Texts {
    let table = format!("deal {}", by_index("deal_status_update_at", is_mysql));
    let whole = if is_mysql { "SIGNED" } else { "INTEGER" };
    let fee = format!("COALESCE(total_fee, CAST(ROUND(100e0 * CASE WHEN price_last = 0 THEN price ELSE price_last END) AS {whole}))");
    let (of_accounts, of_sellers) = (accounts::is_in_set(is_mysql), sellers::is_in_set(is_mysql));
    let condition =
        format!("order_key IS NOT NULL AND COALESCE(mode, 0) = 0 AND (? IS NULL OR {of_accounts}) AND (? IS NULL OR {of_sellers})");
    Texts::new(Summed {
        table: &table,
        joined: "",
        kind: "status = 1 AND ",
        time: "update_at",
        key,
        count: "COUNT(*)",
        fee: &fee,
        condition: &condition,
    })
}
