//! The SQL of single statements, written once for both engines: `?` placeholders, times bound from our clock in whole
//! seconds of Beijing time, no `NOW()`, the expected state in every WHERE.
//!
//! `COALESCE(status, 0)` because the original's NULL means unpaid. `create_at = create_at` and `update_at = update_at`
//! because some installations of the original gave these columns ON UPDATE CURRENT_TIMESTAMP: the one says when the deal was
//! opened, the other when it was paid, and neither may change by anything else.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::DateTime;
use sqlx::Error;

use crate::channel::{ProvenPayment, Source};

use super::connection::{Conn, on_conn};
use super::event::Event;
use super::row::DealRow;
use super::statement::{Answer, Statement};
use super::undecided;
use super::values::{EVENT_COLUMNS, Letters, bind_event, column, is_unknown_letter, short, text};
use super::{Condition, Durability, ForeignClock, PrepayNote};

macro_rules! select_deal {
    ($condition:literal) => {
        select_deal!(from "deal", $condition)
    };
    (from $tables:literal, $condition:literal) => {
        concat!(
            "SELECT CAST(id AS SIGNED) AS id, order_id, CAST(merchant_id AS SIGNED) AS merchant_id, ",
            "CAST(product_id AS SIGNED) AS product_id, CAST(status AS SIGNED) AS status, CAST(mode AS SIGNED) AS mode, transaction_id, ",
            // A decimal becomes the double that it is nearest to.
            "price + 0e0 AS price, price_last + 0e0 AS price_last, total_fee, prepay_request, code_url, refusal, ",
            "CAST(refunded_at AS CHAR(19)) AS refunded_at, ",
            "CAST(create_at AS CHAR(19)) AS create_at, CAST(update_at AS CHAR(19)) AS update_at, ",
            "CAST(expires_at AS CHAR(19)) AS expires_at, CAST(due_at AS CHAR(19)) AS due_at, CAST(asking_until AS CHAR(19)) AS asking_until ",
            "FROM ",
            $tables,
            " WHERE ",
            $condition
        )
    };
}

impl Statement {
    /// Sends it: a question, or a change, which is committed with its event if it has one.
    pub async fn execute(&self, conn: &mut Conn, instance: &str) -> Result<Answer, Error> {
        match self.try_execute(conn, instance, Letters::All).await {
            // A column of an adopted table does not know Chinese.
            Err(error) if is_unknown_letter(&error) => self.try_execute(conn, instance, Letters::Ascii).await,
            outcome => outcome,
        }
    }

    async fn try_execute(&self, conn: &mut Conn, instance: &str, letters: Letters) -> Result<Answer, Error> {
        if self.is_question() {
            return self.execute_one(conn, instance, letters).await;
        }
        conn.begin().await?;
        let outcome = async {
            let answer = self.journaled_change().unwrap_or(self).execute_one(conn, instance, letters).await?;
            let changed = matches!(answer, Answer::Affected(1..));
            if changed && let Some(event) = self.journaled_event() {
                insert_event(event, conn, instance).await?;
            }
            Ok((changed, answer))
        };
        let outcome = outcome.await;
        conn.end(outcome).await
    }

    async fn execute_one(&self, conn: &mut Conn, instance: &str, letters: Letters) -> Result<Answer, Error> {
        macro_rules! affected {
            ($sql:expr $(, $bind:expr)* $(,)?) => {
                Ok(Answer::Affected(on_conn!(conn, c => sqlx::query($sql)$(.bind($bind))*.execute(&mut *c).await?.rows_affected())))
            };
        }
        macro_rules! rows {
            ($sql:expr $(, $bind:expr)* $(,)?) => {
                Ok(Answer::Rows(on_conn!(conn, c => sqlx::query_as::<_, DealRow>($sql)$(.bind($bind))*.fetch_all(&mut *c).await?)))
            };
        }
        match self {
            Self::Condition => {
                // Without a binary log, when it is written decides nothing. With one, a restart after a power cut rolls
                // back what is not in it.
                const VALUES: &str = "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED), \
                                      CAST(IF(@@GLOBAL.log_bin, @@GLOBAL.sync_binlog, 1) AS SIGNED), \
                                      CAST(@@GLOBAL.max_connections AS SIGNED), CAST(UNIX_TIMESTAMP() AS SIGNED)";
                let (flush, sync, connections, seconds): (i64, i64, Option<i64>, Option<i64>) = match conn {
                    Conn::MySql(c) => sqlx::query_as(VALUES).fetch_one(&mut *c).await?,
                    // The connection itself sets synchronous=FULL, and the clock is ours; what is asked here is whether it answers.
                    Conn::Sqlite(c) => sqlx::query_as("SELECT 1, 1, NULL, NULL").fetch_one(&mut *c).await?,
                };
                let durability = Durability::of(flush, sync);
                let clock = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                let foreign_clock = ForeignClock::read_from(conn).await?;
                Ok(Answer::Condition(Condition { durability, connections, clock, foreign_clock }))
            }
            Self::Undecided => undecided::count(conn).await.map(Answer::Undecided),
            Self::Find(order_id) => rows!(select_deal!("order_key = ?"), order_id.as_str()),
            Self::FindStrays(order_id) => rows!(select_deal!("order_id = ? AND order_key IS NULL"), order_id.as_str()),
            Self::FindByKey { merchant_id, key } => rows!(select_deal!("merchant_id = ? AND idempotency_key = ?"), merchant_id, key),
            Self::FindByNonce { merchant_id, nonce } => rows!(select_deal!("merchant_id = ? AND signed_nonce = ?"), merchant_id, nonce),
            // One parameter for however many: engines limit how many there may be. The numbers are walked through and each is
            // looked up in the unique index, whatever an optimizer thinks of lists.
            Self::FindDecided(numbers) => match conn {
                Conn::MySql(c) => Ok(Answer::Rows(
                    sqlx::query_as(select_deal!(
                        from "JSON_TABLE(?, '$[*]' COLUMNS (number VARCHAR(45) PATH '$')) watched \
                              STRAIGHT_JOIN deal ON order_key = CONVERT(number USING ascii) COLLATE ascii_bin",
                        "COALESCE(status, 0) <> 0"
                    ))
                    .bind(numbers)
                    .fetch_all(c)
                    .await?,
                )),
                Conn::Sqlite(c) => Ok(Answer::Rows(
                    sqlx::query_as(select_deal!("order_key IN (SELECT value FROM json_each(?)) AND COALESCE(status, 0) <> 0"))
                        .bind(numbers)
                        .fetch_all(c)
                        .await?,
                )),
            },
            Self::Insert(deal) => affected!(
                "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, \
                 idempotency_key, signed_nonce, prepay_request, asking_until, create_at, update_at, expires_at, due_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
                deal.order_id.as_str(),
                deal.order_id.as_str(),
                deal.product_id,
                deal.merchant_id,
                deal.price.to_price(),
                deal.price.to_price(),
                deal.price.get(),
                deal.idempotency_key.as_deref(),
                deal.signed_nonce.as_deref(),
                deal.prepay_request.as_str(),
                column(deal.asking_until),
                column(deal.created_at),
                column(deal.created_at),
                column(deal.expires_at),
                column(deal.due_at),
            ),
            Self::Claim { id, due_at } => affected!(
                "UPDATE deal SET order_key = order_id, due_at = ?, create_at = create_at, update_at = update_at WHERE id = ? AND order_key IS NULL",
                due_at.map(column),
                *id,
            ),
            Self::ClaimPrepay { order_id, now, until } => affected!(
                "UPDATE deal SET asking_until = ?, create_at = create_at, update_at = update_at WHERE order_key = ? AND COALESCE(status, 0) = 0 \
                 AND code_url IS NULL AND prepay_request IS NOT NULL AND (asking_until IS NULL OR asking_until <= ?)",
                column(*until),
                order_id.as_str(),
                column(*now),
            ),
            // Of two who ask, the one that took the right later is the one whose answer counts; and nothing is noted of a
            // deal that was decided meanwhile.
            Self::NotePrepay { order_id, note: PrepayNote::Link(prepaid), until, now } => affected!(
                "UPDATE deal SET code_url = ?, prepayBack = ?, refusal = NULL, asking_until = ?, create_at = create_at, update_at = update_at \
                 WHERE order_key = ? AND asking_until = ? AND COALESCE(status, 0) = 0",
                prepaid.code_url.as_str(),
                text(&prepaid.evidence, letters),
                column(*now),
                order_id.as_str(),
                column(*until),
            ),
            Self::NotePrepay { order_id, note: PrepayNote::Refused(why), until, now } => affected!(
                "UPDATE deal SET refusal = ?, asking_until = ?, create_at = create_at, update_at = update_at \
                 WHERE order_key = ? AND asking_until = ? AND COALESCE(status, 0) = 0",
                short(why),
                column(*now),
                order_id.as_str(),
                column(*until),
            ),
            Self::NotePrepay { order_id, note: PrepayNote::Unknown, until, now } => affected!(
                "UPDATE deal SET refusal = NULL, asking_until = ?, create_at = create_at, update_at = update_at \
                 WHERE order_key = ? AND asking_until = ? AND COALESCE(status, 0) = 0",
                column(*now),
                order_id.as_str(),
                column(*until),
            ),
            Self::ReleaseKeys { order_id } => affected!(
                "UPDATE deal SET idempotency_key = NULL, signed_nonce = NULL, create_at = create_at, update_at = update_at WHERE order_key = ? AND COALESCE(status, 0) = 0 AND code_url IS NULL",
                order_id.as_str(),
            ),
            Self::MarkPaid { trade, paid_at, refunded_at } => {
                let (pay_back, query_back) = by_source(trade, letters);
                affected!(
                    "UPDATE deal SET status = 1, transaction_id = ?, transaction_key = ?, payBack = COALESCE(?, payBack), queryBack = COALESCE(?, queryBack), refunded_at = ?, create_at = create_at, update_at = ?, due_at = NULL \
                     WHERE order_key = ? AND COALESCE(status, 0) = 0 AND total_fee = ?",
                    trade.transaction_id(),
                    trade.transaction_id(),
                    pay_back.as_deref(),
                    query_back.as_deref(),
                    refunded_at.map(column),
                    column(*paid_at),
                    trade.order_id().as_str(),
                    trade.total_fee().get(),
                )
            }
            Self::MarkPaidFrom { id, status, trade, paid_at, refunded_at } => {
                let (pay_back, query_back) = by_source(trade, letters);
                affected!(
                    "UPDATE deal SET status = 1, transaction_id = ?, transaction_key = ?, payBack = COALESCE(?, payBack), queryBack = COALESCE(?, queryBack), refunded_at = ?, create_at = create_at, update_at = ?, due_at = NULL \
                     WHERE id = ? AND order_key = ? AND COALESCE(status, 0) = ?",
                    trade.transaction_id(),
                    trade.transaction_id(),
                    pay_back.as_deref(),
                    query_back.as_deref(),
                    refunded_at.map(column),
                    column(*paid_at),
                    id,
                    trade.order_id().as_str(),
                    status.code(),
                )
            }
            // What the other program has written there stays.
            Self::Identify { id, trade, refunded_at } => {
                let (pay_back, query_back) = by_source(trade, letters);
                affected!(
                    "UPDATE deal SET transaction_id = ?, transaction_key = ?, payBack = COALESCE(payBack, ?), queryBack = COALESCE(queryBack, ?), \
                     refunded_at = COALESCE(refunded_at, ?), due_at = NULL, create_at = create_at, update_at = update_at \
                     WHERE id = ? AND order_key = ? AND status = 1 AND COALESCE(transaction_id, '') = ''",
                    trade.transaction_id(),
                    trade.transaction_id(),
                    pay_back.as_deref(),
                    query_back.as_deref(),
                    refunded_at.map(column),
                    id,
                    trade.order_id().as_str(),
                )
            }
            Self::NoteRefund { id, trade, now } => affected!(
                "UPDATE deal SET refunded_at = ?, queryBack = ?, create_at = create_at, update_at = update_at \
                 WHERE id = ? AND order_key = ? AND status = 1 AND transaction_id = ? AND refunded_at IS NULL",
                column(*now),
                text(trade.evidence(), letters),
                id,
                trade.order_id().as_str(),
                trade.transaction_id(),
            ),
            Self::MarkExpired { order_id, evidence, now } => affected!(
                "UPDATE deal SET status = 2, queryBack = ?, create_at = create_at, update_at = ?, due_at = NULL \
                 WHERE order_key = ? AND COALESCE(status, 0) = 0 AND (asking_until IS NULL OR asking_until <= ?) \
                 AND (expires_at IS NOT NULL OR due_at IS NOT NULL)",
                text(evidence, letters),
                column(*now),
                order_id.as_str(),
                column(*now),
            ),
            Self::MarkNeverOrdered { order_id, quiet_since, now } => affected!(
                "UPDATE deal SET status = 2, create_at = create_at, update_at = ?, due_at = NULL WHERE order_key = ? AND COALESCE(status, 0) = 0 \
                 AND code_url IS NULL AND prepay_request IS NOT NULL AND asking_until <= ?",
                column(*now),
                order_id.as_str(),
                column(*quiet_since),
            ),
            // COALESCE in the condition and not in the index: the rows that it leaves out are taken off the line, so they are few.
            Self::Due { now, limit } => rows!(
                concat!(
                    "SELECT * FROM (",
                    select_deal!("due_at <= ? AND COALESCE(status, 0) = 0 ORDER BY due_at DESC LIMIT ?"),
                    ") latest UNION ALL SELECT * FROM (",
                    select_deal!("due_at <= ? AND COALESCE(status, 0) = 0 ORDER BY due_at LIMIT ?"),
                    ") oldest"
                ),
                column(*now),
                *limit,
                column(*now),
                *limit,
            ),
            // Rows that are followed move on whenever they are looked at, so decided ones are left at the end of the line.
            Self::FindDecidedDue { now, limit } => rows!(
                concat!("SELECT * FROM (", select_deal!("due_at <= ? ORDER BY due_at LIMIT ?"), ") oldest WHERE COALESCE(status, 0) <> 0"),
                column(*now),
                *limit,
            ),
            Self::ForgetDecided { ids } => {
                let ids = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
                let sql = format!(
                    "UPDATE deal SET due_at = NULL, create_at = create_at, update_at = update_at WHERE id IN ({ids}) AND due_at IS NOT NULL AND COALESCE(status, 0) <> 0"
                );
                Ok(Answer::Affected(on_conn!(conn, c => {
                    sqlx::query(sqlx::AssertSqlSafe(sql)).persistent(false).execute(&mut *c).await?.rows_affected()
                })))
            }
            Self::Newest { limit } => rows!(select_deal!("order_key IS NOT NULL ORDER BY id DESC LIMIT ?"), *limit),
            Self::FindUnclaimed { after, limit } => {
                rows!(select_deal!("order_key IS NULL AND id > ? ORDER BY id LIMIT ?"), *after, *limit)
            }
            Self::MoveDue { id, from, to } => affected!(
                "UPDATE deal SET due_at = ?, create_at = create_at, update_at = update_at WHERE id = ? AND due_at = ? AND COALESCE(status, 0) = 0",
                to.map(column),
                *id,
                column(*from),
            ),
            // No row has this number. A server that is read-only or a table that is locked says so all the same.
            Self::TryWrite => affected!("UPDATE deal SET create_at = create_at, update_at = update_at WHERE id = 0"),
            Self::Record(event) => insert_event(event, conn, instance).await.map(Answer::Affected),
            Self::RecordOnce(event) => match is_journaled(event, conn).await? {
                true => Ok(Answer::Affected(0)),
                false => insert_event(event, conn, instance).await.map(Answer::Affected),
            },
            Self::Journaled { .. } => Err(Error::Protocol("a transaction within a transaction".to_owned())),
            Self::Events(order_id) => Ok(Answer::Events(on_conn!(conn, c => sqlx::query_as(
                "SELECT kind, source, detail, instance, CAST(at AS CHAR(19)) AS at FROM deal_event WHERE order_id = ? ORDER BY id",
            ).bind(order_id.as_str()).fetch_all(&mut *c).await?))),
        }
    }
}

async fn insert_event(event: &Event, conn: &mut Conn, instance: &str) -> Result<u64, Error> {
    static INSERT: LazyLock<String> = LazyLock::new(|| format!("INSERT INTO deal_event ({EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"));
    Ok(on_conn!(conn, c => bind_event!(sqlx::query(INSERT.as_str()), event, instance).execute(&mut *c).await?.rows_affected()))
}

/// By their bytes, in HEX, as the column's collation may find too much.
async fn is_journaled(event: &Event, conn: &mut Conn) -> Result<bool, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM deal_event WHERE order_id = ? AND kind = ? AND HEX(detail) = HEX(?)";
    let detail = event.detail.as_deref().map(short);
    let rows: i64 = on_conn!(conn, c => {
        sqlx::query_scalar(SQL).bind(event.order_id.as_str()).bind(event.kind.as_str()).bind(detail).fetch_one(&mut *c).await?
    });
    Ok(rows > 0)
}

/// A notification goes into `payBack`, a query into `queryBack`.
fn by_source(trade: &ProvenPayment, letters: Letters) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    let xml = text(trade.evidence(), letters);
    match trade.source() {
        Source::Notification => (Some(xml), None),
        Source::Query => (None, Some(xml)),
    }
}
