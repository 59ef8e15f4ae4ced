//! Unique indexes that others have put on the table and that new deals can meet, or what becomes of them: with one over the
//! product, say, a product could be sold once. Such a table is refused by the index's name, before anything is altered.

use sqlx::Error;

use super::check::WrongSchema;
use super::expected::keys_of;
use crate::store::engine::connection::{Conn, MySql, Sqlite};
use crate::store::error::{StoreError, not_told};

/// What every new deal fills with what other deals may have too. (Its own number is in no other row.)
const FILLED: [&str; 23] = [
    "product_id",
    "merchant_id",
    "price",
    "price_last",
    "status",
    "mode",
    "create_at",
    "update_at",
    "total_fee",
    "idempotency_key",
    "expires_at",
    "due_at",
    "prepay_request",
    "asking_until",
    "signed_nonce",
    "account",
    "account_named",
    "description",
    "reference",
    "return_url",
    "cancel_url",
    "trade_type",
    "checkout_id",
];
/// What changes write later into deals that may have it in common.
const WRITTEN_LATER: [&str; 12] = [
    "prepayback",
    "payback",
    "queryback",
    "code_url",
    "mweb_url",
    "prepay_id",
    "refusal",
    "refunded_at",
    "refunded_fee",
    "refund_count",
    "refund_last_at",
    "refunds_due_at",
];
/// What is written later and is in one deal only, by [`OURS`]; payments of one day begin alike.
const OF_ONE_PAYMENT: [&str; 2] = ["transaction_id", "transaction_key"];
/// What no two deals of ours have in common.
const DISTINCT: [&str; 3] = ["id", "order_id", "order_key"];
/// Those of our own making, beside the [`super::keys`].
const OURS: [&str; 2] = ["deal_order_key", "deal_transaction_key"];

/// One column of a unique index.
struct Part {
    index: String,
    /// `None`: an expression.
    column: Option<String>,
    /// Whether only the beginning of it counts.
    is_prefix: bool,
    /// Whether a row that does not name it has NULL there, which is equal to nothing.
    is_null_unless_filled: bool,
}

/// Looks at the table, if there is one.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    match in_the_way(conn).await.map_err(|error| not_told(&error))? {
        Some(index) => Err(WrongSchema::ForeignIndex(index.escape_debug().to_string()).about(conn)),
        None => Ok(()),
    }
}

async fn in_the_way(conn: &mut Conn) -> Result<Option<String>, Error> {
    let parts = match conn {
        Conn::MySql(c) => mysql(c).await?,
        Conn::Sqlite(c) => sqlite(c).await?,
    };
    let never_meets = |index: &str| {
        parts.iter().filter(|part| part.index == index).any(|part| {
            let Some(column) = part.column.as_deref().map(str::to_ascii_lowercase) else { return false };
            let is = |names: &[&str]| names.contains(&column.as_str());
            let is_of_one_deal = is(&DISTINCT) || (is(&OF_ONE_PAYMENT) && part.is_null_unless_filled);
            let is_never_written = !is(&FILLED) && !is(&WRITTEN_LATER) && !is(&OF_ONE_PAYMENT) && !is(&DISTINCT);
            (is_of_one_deal && !part.is_prefix) || (is_never_written && part.is_null_unless_filled)
        })
    };
    let is_ours = |index: &str| OURS.contains(&index) || keys_of("deal").any(|key| [key.index.0, key.joined.0].contains(&index));
    let in_the_way = parts.iter().map(|part| &part.index).find(|index| !is_ours(index) && !never_meets(index));
    Ok(in_the_way.cloned())
}

async fn mysql(conn: &mut MySql) -> Result<Vec<Part>, Error> {
    // MariaDB writes a default of NULL as a word. What is generated is filled from what we fill.
    let rows: Vec<(String, Option<String>, i64, i64)> = sqlx::query_as(
        "SELECT CAST(s.index_name AS CHAR(64)), CAST(s.column_name AS CHAR(64)), CAST(s.sub_part IS NOT NULL AS SIGNED), \
         CAST(COALESCE(c.is_nullable = 'YES' AND COALESCE(c.column_default, 'NULL') = 'NULL' \
         AND c.extra NOT LIKE '%GENERATED%', 0) AS SIGNED) \
         FROM information_schema.statistics s LEFT JOIN information_schema.columns c \
         ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = s.column_name \
         WHERE s.table_schema = DATABASE() AND s.table_name = ? AND s.non_unique = 0 ORDER BY s.index_name, s.seq_in_index",
    )
    .bind(conn.table("deal"))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Part::from).collect())
}

async fn sqlite(conn: &mut Sqlite) -> Result<Vec<Part>, Error> {
    // Hidden columns are those that are generated.
    let rows: Vec<(String, Option<String>, i64, i64)> = sqlx::query_as(
        "SELECT list.name, part.name, 0, COALESCE(\"notnull\" = 0 AND COALESCE(dflt_value, 'NULL') = 'NULL' AND hidden = 0, 0) \
         FROM pragma_index_list(?) list JOIN pragma_index_info(list.name) part \
         LEFT JOIN pragma_table_xinfo(?) col ON col.name = part.name WHERE list.\"unique\" = 1 ORDER BY list.name, part.seqno",
    )
    .bind(conn.table("deal"))
    .bind(conn.table("deal"))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Part::from).collect())
}

impl From<(String, Option<String>, i64, i64)> for Part {
    fn from((index, column, is_prefix, is_null_unless_filled): (String, Option<String>, i64, i64)) -> Self {
        Self { index, column, is_prefix: is_prefix == 1, is_null_unless_filled: is_null_unless_filled == 1 }
    }
}
