//! The SQL, written once for both engines: `?` placeholders, times bound from our clock in whole seconds of Beijing
//! time, no `NOW()`, the expected state in every WHERE.
//!
//! `COALESCE(status, 0)` because the original's NULL means unpaid. `update_at = update_at` because some installations
//! of the original gave that column ON UPDATE CURRENT_TIMESTAMP, and it is the time of the payment.

use chrono::{DateTime, NaiveDateTime, SubsecRound};
use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use crate::deal::{BeijingTime, DealStatus, OrderId, Timestamp};
use crate::wechat::{Evidence, PaidTrade, Source};

use super::connection::{Conn, on_conn};
use super::event::Event;
use super::row::{DealRow, EventRow};
use super::worker::Failure;
use super::{Condition, Durability, NewDeal, PrepayNote};

/// What can be asked of the database, with everything that it needs.
#[derive(Debug)]
pub enum Statement {
    Condition,
    Find(OrderId),
    FindStrays(OrderId),
    FindByKey {
        merchant_id: i64,
        key: String,
    },
    /// Which of these are paid or expired; their numbers as one JSON text.
    FindDecided(String),
    Insert(Box<NewDeal>),
    Claim {
        id: i64,
        due_at: Option<Timestamp>,
    },
    ClaimPrepay {
        order_id: OrderId,
        now: Timestamp,
        until: Timestamp,
    },
    NotePrepay {
        order_id: OrderId,
        note: PrepayNote,
        now: Timestamp,
    },
    ReleaseKey {
        order_id: OrderId,
    },
    /// Deals whose look is due, the latest first.
    Due {
        now: Timestamp,
        limit: u32,
    },
    /// The deals opened last, the newest first.
    Newest {
        limit: u32,
    },
    /// Rows that the original inserted since adoption.
    FindUnclaimed {
        after: i64,
        limit: u32,
    },
    /// Moves the next look, if nobody else has.
    MoveDue {
        id: i64,
        from: Timestamp,
        to: Option<Timestamp>,
    },
    /// An event by itself.
    Record(Box<Event>),
    /// A change, and its event if the change took place: both or neither.
    Journaled {
        change: Box<Statement>,
        event: Box<Event>,
    },
    Events(OrderId),
    MarkPaid {
        trade: Box<PaidTrade>,
        paid_at: Timestamp,
    },
    MarkPaidFrom {
        id: i64,
        status: DealStatus,
        trade: Box<PaidTrade>,
        paid_at: Timestamp,
    },
    MarkExpired {
        order_id: OrderId,
        evidence: Evidence,
        now: Timestamp,
    },
    MarkNeverOrdered {
        order_id: OrderId,
        quiet_since: Timestamp,
        now: Timestamp,
    },
}

/// What the database answered.
#[derive(Debug)]
pub enum Answer {
    Rows(Vec<DealRow>),
    Events(Vec<EventRow>),
    Affected(u64),
    Condition(Condition),
}

macro_rules! select_deal {
    ($condition:literal) => {
        select_deal!(from "deal", $condition)
    };
    (from $tables:literal, $condition:literal) => {
        concat!(
            "SELECT CAST(id AS SIGNED) AS id, order_id, CAST(merchant_id AS SIGNED) AS merchant_id, ",
            "CAST(product_id AS SIGNED) AS product_id, CAST(status AS SIGNED) AS status, transaction_id, ",
            "price, price_last, total_fee, prepay_request, code_url, refusal, ",
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
    /// Sends it. Each is one statement, committed by itself, or one change and its event, committed together.
    pub async fn execute(&self, conn: &mut Conn, instance: &str) -> Result<Answer, Error> {
        match self.try_execute(conn, instance, Letters::All).await {
            // A column of an adopted table does not know Chinese.
            Err(error) if is_unknown_letter(&error) => self.try_execute(conn, instance, Letters::Ascii).await,
            outcome => outcome,
        }
    }

    async fn try_execute(&self, conn: &mut Conn, instance: &str, letters: Letters) -> Result<Answer, Error> {
        let Self::Journaled { change, event } = self else { return self.execute_one(conn, instance, letters).await };
        conn.begin().await?;
        let outcome = async {
            let answer = change.execute_one(conn, instance, letters).await?;
            if matches!(answer, Answer::Affected(1..)) {
                insert_event(event, conn, instance).await?;
                conn.execute("COMMIT").await?;
            } else {
                // Nothing was changed, so there is nothing to commit.
                conn.execute("ROLLBACK").await?;
            }
            Ok(answer)
        };
        match outcome.await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                // A connection that cannot even do this must not be used again, nor is one whose server cannot write: SQLite
                // has rolled back by itself when the disk is full.
                match conn.execute("ROLLBACK").await {
                    Err(_) if !matches!(Failure::of(&error), Failure::Unable) => Err(Error::WorkerCrashed),
                    _ => Err(error),
                }
            }
        }
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
                    Conn::MySql(c) => sqlx::query_as(VALUES).fetch_one(c).await?,
                    // The connection itself sets synchronous=FULL, and the clock is ours; what is asked here is whether it answers.
                    Conn::Sqlite(c) => sqlx::query_as("SELECT 1, 1, NULL, NULL").fetch_one(c).await?,
                };
                let durability = match (flush, sync) {
                    (1, 1) => Durability::Full,
                    (1, other) => Durability::LooseBinlog(other),
                    (other, _) => Durability::Weak(other),
                };
                let clock = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                Ok(Answer::Condition(Condition { durability, connections, clock }))
            }
            Self::Find(order_id) => rows!(select_deal!("order_key = ?"), order_id.as_str()),
            Self::FindStrays(order_id) => rows!(select_deal!("order_id = ? AND order_key IS NULL"), order_id.as_str()),
            Self::FindByKey { merchant_id, key } => rows!(select_deal!("merchant_id = ? AND idempotency_key = ?"), merchant_id, key),
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
                 idempotency_key, prepay_request, asking_until, create_at, update_at, expires_at, due_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?)",
                deal.order_id.as_str(),
                deal.order_id.as_str(),
                deal.product_id,
                deal.merchant_id,
                deal.price.to_price(),
                deal.price.to_price(),
                deal.price.get(),
                deal.idempotency_key.as_deref(),
                deal.prepay_request.as_str(),
                column(deal.asking_until),
                column(deal.created_at),
                column(deal.created_at),
                column(deal.expires_at),
                column(deal.due_at),
            ),
            Self::Claim { id, due_at } => affected!(
                "UPDATE deal SET order_key = order_id, due_at = ?, update_at = update_at WHERE id = ? AND order_key IS NULL",
                due_at.map(column),
                *id,
            ),
            Self::ClaimPrepay { order_id, now, until } => affected!(
                "UPDATE deal SET asking_until = ?, update_at = update_at WHERE order_key = ? AND COALESCE(status, 0) = 0 \
                 AND code_url IS NULL AND prepay_request IS NOT NULL AND (asking_until IS NULL OR asking_until <= ?)",
                column(*until),
                order_id.as_str(),
                column(*now),
            ),
            Self::NotePrepay { order_id, note: PrepayNote::Link(prepaid), now } => affected!(
                "UPDATE deal SET code_url = ?, prepayBack = ?, refusal = NULL, asking_until = ?, update_at = update_at WHERE order_key = ?",
                prepaid.code_url.as_str(),
                text(&prepaid.evidence, letters),
                column(*now),
                order_id.as_str(),
            ),
            Self::NotePrepay { order_id, note: PrepayNote::Refused(why), now } => affected!(
                "UPDATE deal SET refusal = ?, asking_until = ?, update_at = update_at WHERE order_key = ?",
                short(why),
                column(*now),
                order_id.as_str(),
            ),
            Self::NotePrepay { order_id, note: PrepayNote::Unknown, now } => affected!(
                "UPDATE deal SET refusal = NULL, asking_until = ?, update_at = update_at WHERE order_key = ?",
                column(*now),
                order_id.as_str(),
            ),
            Self::ReleaseKey { order_id } => affected!(
                "UPDATE deal SET idempotency_key = NULL, update_at = update_at WHERE order_key = ? AND COALESCE(status, 0) = 0 AND code_url IS NULL",
                order_id.as_str(),
            ),
            Self::MarkPaid { trade, paid_at } => {
                let (pay_back, query_back) = by_source(trade, letters);
                affected!(
                    "UPDATE deal SET status = 1, transaction_id = ?, transaction_key = ?, payBack = COALESCE(?, payBack), queryBack = COALESCE(?, queryBack), update_at = ?, due_at = NULL \
                     WHERE order_key = ? AND COALESCE(status, 0) = 0 AND total_fee = ?",
                    trade.transaction_id(),
                    trade.transaction_id(),
                    pay_back.as_deref(),
                    query_back.as_deref(),
                    column(*paid_at),
                    trade.order_id().as_str(),
                    trade.total_fee().get(),
                )
            }
            Self::MarkPaidFrom { id, status, trade, paid_at } => {
                let (pay_back, query_back) = by_source(trade, letters);
                affected!(
                    "UPDATE deal SET status = 1, transaction_id = ?, transaction_key = ?, payBack = COALESCE(?, payBack), queryBack = COALESCE(?, queryBack), update_at = ?, due_at = NULL \
                     WHERE id = ? AND order_key = ? AND COALESCE(status, 0) = ?",
                    trade.transaction_id(),
                    trade.transaction_id(),
                    pay_back.as_deref(),
                    query_back.as_deref(),
                    column(*paid_at),
                    id,
                    trade.order_id().as_str(),
                    status.code(),
                )
            }
            Self::MarkExpired { order_id, evidence, now } => affected!(
                "UPDATE deal SET status = 2, queryBack = ?, update_at = ?, due_at = NULL \
                 WHERE order_key = ? AND COALESCE(status, 0) = 0 AND (asking_until IS NULL OR asking_until <= ?) \
                 AND (expires_at IS NOT NULL OR due_at IS NOT NULL)",
                text(evidence, letters),
                column(*now),
                order_id.as_str(),
                column(*now),
            ),
            Self::MarkNeverOrdered { order_id, quiet_since, now } => affected!(
                "UPDATE deal SET status = 2, update_at = ?, due_at = NULL WHERE order_key = ? AND COALESCE(status, 0) = 0 \
                 AND code_url IS NULL AND prepay_request IS NOT NULL AND asking_until <= ?",
                column(*now),
                order_id.as_str(),
                column(*quiet_since),
            ),
            Self::Due { now, limit } => rows!(select_deal!("due_at <= ? ORDER BY due_at DESC LIMIT ?"), column(*now), *limit),
            Self::Newest { limit } => rows!(select_deal!("order_key IS NOT NULL ORDER BY id DESC LIMIT ?"), *limit),
            Self::FindUnclaimed { after, limit } => {
                rows!(select_deal!("order_key IS NULL AND id > ? ORDER BY id LIMIT ?"), *after, *limit)
            }
            Self::MoveDue { id, from, to } => affected!(
                "UPDATE deal SET due_at = ?, update_at = update_at WHERE id = ? AND due_at = ? AND COALESCE(status, 0) = 0",
                to.map(column),
                *id,
                column(*from),
            ),
            Self::Record(event) => insert_event(event, conn, instance).await.map(Answer::Affected),
            Self::Journaled { .. } => Err(Error::Protocol("a transaction within a transaction".to_owned())),
            Self::Events(order_id) => Ok(Answer::Events(on_conn!(conn, c => sqlx::query_as(
                "SELECT kind, source, detail, instance, CAST(at AS CHAR(19)) AS at FROM deal_event WHERE order_id = ? ORDER BY id",
            ).bind(order_id.as_str()).fetch_all(&mut *c).await?))),
        }
    }

    /// What it is called where somebody decides what becomes of it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Find(_) => "find",
            Self::FindStrays(_) => "find strays",
            Self::FindByKey { .. } => "find by key",
            Self::FindDecided(_) => "find decided",
            Self::Insert(_) => "insert",
            Self::Claim { .. } => "claim",
            Self::ClaimPrepay { .. } => "claim prepay",
            Self::NotePrepay { .. } => "note prepay",
            Self::ReleaseKey { .. } => "release key",
            Self::Due { .. } => "due",
            Self::Newest { .. } => "newest",
            Self::FindUnclaimed { .. } => "find unclaimed",
            Self::MoveDue { .. } => "move due",
            Self::Record(_) => "record",
            Self::Journaled { change, .. } => change.name(),
            Self::Events(_) => "events",
            Self::MarkPaid { .. } => "mark paid",
            Self::MarkPaidFrom { .. } => "mark paid from",
            Self::MarkExpired { .. } => "mark expired",
            Self::MarkNeverOrdered { .. } => "mark never ordered",
        }
    }

    /// Whether it brings to an end what was begun, so that it goes before what would begin something new.
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::MarkPaid { .. } | Self::MarkPaidFrom { .. } | Self::NotePrepay { .. } => true,
            Self::Journaled { change, .. } => change.is_urgent(),
            _ => false,
        }
    }

    /// Whether the row that an insert makes is there, and is this very one: the request has a nonce in it.
    pub async fn has_been_carried_out(&self, conn: &mut Conn) -> Result<bool, Error> {
        let deal = match self {
            Self::Insert(deal) => deal,
            // Its event was committed with it.
            Self::Journaled { change, .. } if let Self::Insert(deal) = &**change => deal,
            _ => return Ok(false),
        };
        let sql = "SELECT COUNT(*) FROM deal WHERE order_key = ? AND prepay_request = ?";
        let rows: i64 = on_conn!(conn, c => {
            sqlx::query_scalar(sql).bind(deal.order_id.as_str()).bind(deal.prepay_request.as_str()).fetch_one(&mut *c).await?
        });
        Ok(rows == 1)
    }
}

async fn insert_event(event: &Event, conn: &mut Conn, instance: &str) -> Result<u64, Error> {
    const INSERT: &str = "INSERT INTO deal_event (order_id, kind, source, detail, evidence, instance, at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    Ok(on_conn!(conn, c => sqlx::query(INSERT)
        .bind(event.order_id.as_str())
        .bind(event.kind.as_str())
        .bind(event.origin.as_str())
        .bind(event.detail.as_deref().map(short))
        .bind(event.evidence.as_ref().map(|evidence| text(evidence, Letters::All)))
        .bind(instance)
        .bind(column(event.at))
        .execute(&mut *c).await?.rows_affected()))
}

/// At most 255 characters: what the columns for words hold.
fn short(words: &str) -> String {
    words.chars().take(255).collect()
}

/// Which letters the `…Back` columns know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// Those of utf8: up to U+FFFF, which are all that WeChat v2 knows too.
    All,
    /// An adopted table may be latin1, the default of old servers.
    Ascii,
}

/// "Incorrect string value", "illegal mix of collations", and "cannot convert" in MariaDB's and MySQL's words.
fn is_unknown_letter(error: &Error) -> bool {
    let database = error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    database.is_some_and(|error| matches!(error.number(), 1366 | 1267 | 1977 | 3854))
}

/// The text of a message as the columns can hold it: a message may have one byte more than a TEXT, and letters that an
/// adopted table does not know. Neither may ever stand between a payment and its row; the journal has the whole.
fn text(evidence: &Evidence, letters: Letters) -> String {
    const TEXT_BYTES: usize = 65_535;
    let known = |c: char| match letters {
        Letters::All if c > '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        Letters::Ascii if !c.is_ascii() => '?',
        _ => c,
    };
    let text: String = evidence.xml().chars().map(known).collect();
    text[..text.floor_char_boundary(TEXT_BYTES)].to_owned()
}

/// A notification goes into `payBack`, a query into `queryBack`.
fn by_source(trade: &PaidTrade, letters: Letters) -> (Option<String>, Option<String>) {
    let xml = text(trade.evidence(), letters);
    match trade.source() {
        Source::Notification => (Some(xml), None),
        Source::Query => (None, Some(xml)),
    }
}

/// Whole seconds: a DATETIME holds no more, and a text with more would be none that can be read again.
fn column(time: Timestamp) -> NaiveDateTime {
    BeijingTime::from(time).naive().trunc_subsecs(0)
}
