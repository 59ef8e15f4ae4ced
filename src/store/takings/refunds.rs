//! What went back: refunds by the times when their payers had them.

use sqlx::Error;

use crate::deal::{Sums, TakingsBy};
use crate::store::deals::{accounts, sellers};
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;

use super::slice::{Range, Slice, Summed, Texts};

/// The first slice of what is left of a range.
pub struct Refunds(pub Range);

impl Query for Refunds {
    type Answer = Slice;
    const NAME: &'static str = "takings of refunds";

    async fn run(&self, conn: &mut Conn) -> Result<Slice, Error> {
        let (sums, ended_at) = self.0.slice(texts(self.0.by, conn), conn).await?;
        let of = |(key, refunded_count, refunded_fee)| (key, Sums { refunded_count, refunded_fee, ..Sums::default() });
        Ok(Slice { sums: sums.into_iter().map(of).collect(), ended_at })
    }
}

fn texts(by: TakingsBy, conn: &Conn) -> &'static Texts {
    match by {
        TakingsBy::Day => by_engine!(conn, Texts, |is_mysql| new(is_mysql, "SUBSTR(CAST(refund.refunded_at AS CHAR(26)), 1, 10)")),
        TakingsBy::Seller => by_engine!(conn, Texts, |is_mysql| new(is_mysql, "CAST(merchant_id AS CHAR(20))")),
        TakingsBy::Product => by_engine!(conn, Texts, |is_mysql| new(is_mysql, "CAST(product_id AS CHAR(20))")),
        TakingsBy::Account => by_engine!(conn, Texts, |is_mysql| new(is_mysql, ACCOUNT)),
    }
}

const ACCOUNT: &str = "COALESCE(refund.account, 'default')";

/// Those of second payments are left out, as these payments are.
pub fn new(is_mysql: bool, key: &str) -> Texts {
    let table = format!("refund {}", by_index("refund_state_refunded_at", is_mysql));
    let join = if is_mysql { "STRAIGHT_JOIN" } else { "CROSS JOIN" };
    let joined = format!(" {join} deal {} ON deal.order_key = refund.order_id", by_index("deal_order_key", is_mysql));
    let (of_accounts, of_sellers) = (accounts::is_one_in_set(is_mysql, ACCOUNT), sellers::is_in_set(is_mysql));
    let condition = format!("of_second_payment = 0 AND (? IS NULL OR {of_accounts}) AND (? IS NULL OR {of_sellers})");
    Texts::new(Summed {
        table: &table,
        joined: &joined,
        kind: "state = 'SUCCESS' AND ",
        time: "refund.refunded_at",
        key,
        count: "COUNT(*)",
        fee: "refund_fee",
        condition: &condition,
    })
}
