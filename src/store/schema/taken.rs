//! Name collisions with another program's schema: a step passes over a column or a table that is there already, as one that stopped
//! in the middle has left it. One of the same name that another program made would be taken for ours, and every deal with it for
//! another account's, say; so it is refused by name, before anything is altered.

use sqlx::Error;

use super::check::{Found, WrongSchema};
use super::expected::{
    ALARM, AUDIT, BILL, BILL_DIFFERENCE, BILL_FILE, BILL_PART, CHECKOUT, CONSOLE_SESSION, CONSOLE_TOTP, DELIVERY, OUTBOX, PAUSE, REFUND,
    Table,
};
use super::keys;
use super::look::has_table;
use crate::store::engine::connection::{Conn, MySql, Sqlite, on_conn};
use crate::store::error::{StoreError, not_told};

/// What one step gives names to that are words that others use too. (Those of the steps before were never met.)
struct Named {
    step: i64,
    /// Its columns of `deal`, and what it makes them in MySQL and in SQLite.
    columns: &'static [(&'static str, &'static str, &'static str)],
    /// Its indexes, of which table they are, and what they are over.
    indexes: &'static [(&'static str, &'static str, &'static str)],
    /// The table that it makes.
    table: Option<&'static Table>,
}

const NAMED: [Named; 16] = [
    Named {
        step: 7,
        columns: &[
            ("account", "varchar(32) ascii_bin", "text"),
            ("account_named", "tinyint(1)", "integer"),
            ("description", "varchar(127) utf8mb4_bin", "text"),
            ("reference", "varchar(64) ascii_bin", "text"),
            ("return_url", "text ascii_bin", "text"),
            ("cancel_url", "text ascii_bin", "text"),
        ],
        indexes: &[("deal_reference", "deal", "reference"), ("deal_reference_of_seller", "deal", "reference,merchant_id")],
        table: None,
    },
    Named {
        step: 8,
        columns: &[
            ("refunded_fee", "bigint", "integer"),
            ("refund_count", "int", "integer"),
            ("refund_last_at", "datetime", "text"),
            ("refunds_due_at", "datetime", "text"),
        ],
        indexes: &[
            ("deal_refunds_due_at", "deal", "refunds_due_at"),
            ("refund_refund_id", "refund", "refund_id"),
            ("refund_idempotency_key", "refund", "order_id,idempotency_key"),
            ("refund_due_at", "refund", "due_at"),
            ("refund_state", "refund", "state,created_at"),
            ("refund_refused_certificate", "refund", "refused_certificate"),
        ],
        table: Some(&REFUND),
    },
    Named {
        step: 10,
        columns: &[],
        indexes: &[("outbox_event_id", "outbox", "event_id"), ("outbox_order_id", "outbox", "order_id"), ("outbox_at", "outbox", "at")],
        table: Some(&OUTBOX),
    },
    Named {
        step: 10,
        columns: &[],
        indexes: &[
            ("webhook_delivery_event", "webhook_delivery", "endpoint,position"),
            ("webhook_delivery_due_at", "webhook_delivery", "endpoint,due_at"),
            ("webhook_delivery_order_id", "webhook_delivery", "endpoint,order_id,tries,position"),
            ("webhook_delivery_position", "webhook_delivery", "position"),
            ("webhook_delivery_given_up_at", "webhook_delivery", "endpoint,given_up_at"),
        ],
        table: Some(&DELIVERY),
    },
    Named { step: 10, columns: &[], indexes: &[], table: Some(&PAUSE) },
    Named {
        step: 11,
        columns: &[],
        indexes: &[
            ("deal_create_at", "deal", "create_at"),
            ("deal_seller_create_at", "deal", "merchant_id,create_at"),
            ("deal_status_update_at", "deal", "status,update_at"),
            ("deal_transaction_id", "deal", "transaction_id"),
            ("refund_state_refunded_at", "refund", "state,refunded_at"),
        ],
        table: None,
    },
    Named {
        step: 12,
        columns: &[
            ("trade_type", "varchar(8) ascii_bin", "text"),
            ("mweb_url", "varchar(1024) ascii_bin", "text"),
            ("prepay_id", "varchar(64) ascii_bin", "text"),
            ("checkout_id", "varchar(45) ascii_bin", "text"),
        ],
        indexes: &[("deal_checkout_way", "deal", "checkout_id,trade_type")],
        table: None,
    },
    Named {
        step: 12,
        columns: &[],
        indexes: &[
            ("checkout_checkout_id", "checkout", "checkout_id"),
            ("checkout_idempotency_key", "checkout", "merchant_id,idempotency_key"),
            ("checkout_signed_nonce", "checkout", "merchant_id,signed_nonce"),
        ],
        table: Some(&CHECKOUT),
    },
    Named {
        step: 13,
        columns: &[],
        indexes: &[
            ("bill_day", "bill", "account,day"),
            ("bill_due_at", "bill", "due_at"),
            ("bill_day_only", "bill", "day"),
            ("bill_untold", "bill", "untold"),
            ("refund_accepted_at", "refund", "accepted_at"),
        ],
        table: Some(&BILL),
    },
    Named {
        step: 13,
        columns: &[],
        indexes: &[("bill_file_bill_id", "bill_file", "bill_id"), ("bill_file_parts", "bill_file", "parts,at")],
        table: Some(&BILL_FILE),
    },
    Named { step: 13, columns: &[], indexes: &[], table: Some(&BILL_PART) },
    Named {
        step: 13,
        columns: &[],
        indexes: &[
            ("bill_difference_subject", "bill_difference", "bill_id,kind,subject"),
            ("bill_difference_state", "bill_difference", "bill_id,state"),
            ("bill_difference_open", "bill_difference", "state,kind"),
            ("bill_difference_order_id", "bill_difference", "order_id"),
        ],
        table: Some(&BILL_DIFFERENCE),
    },
    Named {
        step: 14,
        columns: &[],
        indexes: &[("audit_order", "audit", "order_id"), ("audit_user", "audit", "user,id")],
        table: Some(&AUDIT),
    },
    Named {
        step: 14,
        columns: &[],
        indexes: &[("console_session_expires_at", "console_session", "expires_at"), ("console_session_place", "console_session", "place")],
        table: Some(&CONSOLE_SESSION),
    },
    Named { step: 14, columns: &[], indexes: &[], table: Some(&CONSOLE_TOTP) },
    Named {
        step: 14,
        columns: &[],
        indexes: &[("alarm_entry", "alarm", "entry,kind"), ("alarm_open", "alarm", "open,id")],
        table: Some(&ALARM),
    },
];

/// Whether a column of `deal` has a name that others use too.
pub fn may_be_others(column: &str) -> bool {
    NAMED.iter().flat_map(|named| named.columns).any(|(name, ..)| *name == column)
}

/// Looks at what is there, of each step that has not been taken. It may have to go through the rows, so this can take its time.
pub async fn check(conn: &mut Conn) -> Result<(), StoreError> {
    for named in &NAMED {
        if let Some(wrong) = taken(named, conn).await.map_err(|error| not_told(&error))? {
            return Err(wrong.about(conn));
        }
    }
    keys::check(conn).await
}

/// Another instance may take the step meanwhile, and fill what it has made: then it is ours.
async fn taken(named: &Named, conn: &mut Conn) -> Result<Option<WrongSchema>, Error> {
    if is_step_taken(named, conn).await? {
        return Ok(None);
    }
    let wrong = wrong(named, conn).await?;
    Ok(if wrong.is_some() && is_step_taken(named, conn).await? { None } else { wrong })
}

async fn wrong(named: &Named, conn: &mut Conn) -> Result<Option<WrongSchema>, Error> {
    let there = match conn {
        Conn::MySql(c) => mysql(c).await?,
        Conn::Sqlite(c) => sqlite(c).await?,
    };
    let of = |name: &str| there.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)).map(|(_, definition)| definition);
    for &(name, in_mysql, in_sqlite) in named.columns {
        let ours = if there.is_mysql { in_mysql } else { in_sqlite };
        let Some(definition) = of(name) else { continue };
        if !is_same(definition, ours) || is_filled(conn, &format!("deal WHERE {name} IS NOT NULL")).await? {
            return Ok(Some(WrongSchema::TakenColumn(name)));
        }
    }
    if let Some(table) = named.table
        && has_table(conn, table.name).await?
        && (Found::of(table, conn).await?.wrong_column(table, table.columns).is_some() || is_filled(conn, table.name).await?)
    {
        return Ok(Some(WrongSchema::TakenTable(table.name)));
    }
    let is_taken = |(name, table, columns): &&(&str, &str, &str)| {
        there.indexes.iter().filter(|(index, ..)| index.eq_ignore_ascii_case(name)).any(|(_, of, over)| {
            let is_of_the_table = of.eq_ignore_ascii_case(&conn.table(table));
            // Names of indexes are those of the whole file in SQLite.
            if is_of_the_table { !over.eq_ignore_ascii_case(columns) } else { !there.is_mysql }
        })
    };
    Ok(named.indexes.iter().find(is_taken).map(|&(name, table, columns)| WrongSchema::TakenIndex { table, name, columns }))
}

/// MariaDB shows the widths of numbers that were defined without one.
fn is_same(definition: &str, ours: &str) -> bool {
    let is_width =
        |shown: &str| shown.strip_prefix('(').and_then(|shown| shown.strip_suffix(')')).is_some_and(|width| width.parse::<u8>().is_ok());
    let definition = definition.to_ascii_lowercase();
    definition == ours || definition.strip_prefix(ours).is_some_and(is_width)
}

async fn is_step_taken(named: &Named, conn: &mut Conn) -> Result<bool, Error> {
    if !has_table(conn, "deal_migration").await? {
        return Ok(false);
    }
    let taken = "SELECT COUNT(*) FROM deal_migration WHERE version = ?";
    Ok(on_conn!(conn, c => sqlx::query_scalar::<_, i64>(taken).bind(named.step).fetch_one(&mut *c).await?) > 0)
}

/// Whether there are such rows.
async fn is_filled(conn: &mut Conn, rows: &str) -> Result<bool, Error> {
    let filled = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM (SELECT 1 FROM {rows} LIMIT 1) filled"));
    Ok(on_conn!(conn, c => sqlx::query_scalar::<_, i64>(filled).fetch_one(&mut *c).await?) > 0)
}

/// What there is.
struct There {
    is_mysql: bool,
    /// Name and definition of each column; one that a row cannot leave NULL has another definition than any of ours.
    columns: Vec<(String, String)>,
    /// Name of each index, its table, and what it is over.
    indexes: Vec<(String, String, String)>,
}

async fn mysql(conn: &mut MySql) -> Result<There, Error> {
    let columns = sqlx::query_as(
        "SELECT CAST(column_name AS CHAR(64)), CAST(CONCAT(CONCAT_WS(' ', column_type, collation_name), \
         IF(is_nullable = 'YES' AND COALESCE(column_default, 'NULL') = 'NULL' AND extra NOT LIKE '%GENERATED%', '', ' filled')) AS CHAR(1000)) \
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    let indexes = sqlx::query_as(
        "SELECT CAST(index_name AS CHAR(64)), CAST(MAX(table_name) AS CHAR(64)), \
         CAST(GROUP_CONCAT(COALESCE(column_name, '?'), IF(sub_part IS NULL, '', ' in part') ORDER BY seq_in_index) AS CHAR(1000)) \
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? GROUP BY index_name",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    Ok(There { is_mysql: true, columns, indexes })
}

async fn sqlite(conn: &mut Sqlite) -> Result<There, Error> {
    let columns = sqlx::query_as(
        "SELECT name, type || IIF(\"notnull\" = 0 AND COALESCE(dflt_value, 'NULL') = 'NULL' AND hidden = 0, '', ' filled') \
         FROM pragma_table_xinfo(?)",
    )
    .bind(conn.table("deal"))
    .fetch_all(&mut *conn)
    .await?;
    let indexes = sqlx::query_as(
        "SELECT name, tbl_name, IIF(sql LIKE '% WHERE %', '?', \
         (SELECT GROUP_CONCAT(COALESCE(part.name, '?')) FROM pragma_index_info(sqlite_master.name) part)) \
         FROM sqlite_master WHERE type = 'index'",
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(There { is_mysql: false, columns, indexes })
}
