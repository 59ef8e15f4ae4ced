//! What can be asked of the database.

use sqlx::Error;

use crate::channel::{Evidence, ProvenPayment, Source};
use crate::deal::{DealStatus, OrderId, Timestamp};

use super::connection::{Conn, on_conn};
use super::event::Event;
use super::row::{DealRow, EventRow};
use super::undecided::Undecided;
use super::{Condition, NewDeal, PrepayNote};

/// A question or a change, with everything that it needs.
#[derive(Debug)]
pub enum Statement {
    Condition,
    Find(OrderId),
    FindStrays(OrderId),
    FindByKey {
        merchant_id: i64,
        key: String,
    },
    FindByNonce {
        merchant_id: i64,
        nonce: String,
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
    /// By the one who has the right to ask until `until`.
    NotePrepay {
        order_id: OrderId,
        note: PrepayNote,
        until: Timestamp,
        now: Timestamp,
    },
    ReleaseKeys {
        order_id: OrderId,
    },
    /// Undecided deals whose look is due: those that came due last, and those that came due first, so many of each.
    Due {
        now: Timestamp,
        limit: u32,
    },
    /// Of the rows that have been due for longest, those that are decided.
    FindDecidedDue {
        now: Timestamp,
        limit: u32,
    },
    /// Takes decided rows off the line.
    ForgetDecided {
        ids: Vec<i64>,
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
    /// The same, unless the journal has it: the same kind and detail about the same order.
    RecordOnce(Box<Event>),
    /// A change, and its event if the change took place: both or neither.
    Journaled {
        change: Box<Statement>,
        event: Box<Event>,
    },
    /// Changes nothing, and finds out whether anything could be changed.
    TryWrite,
    Events(OrderId),
    /// How many deals are undecided, and since when.
    Undecided,
    MarkPaid {
        trade: Box<ProvenPayment>,
        paid_at: Timestamp,
        refunded_at: Option<Timestamp>,
    },
    MarkPaidFrom {
        id: i64,
        status: DealStatus,
        trade: Box<ProvenPayment>,
        paid_at: Timestamp,
        refunded_at: Option<Timestamp>,
    },
    /// Fills the transaction into a paid row that has none.
    Identify {
        id: i64,
        trade: Box<ProvenPayment>,
        refunded_at: Option<Timestamp>,
    },
    NoteRefund {
        id: i64,
        trade: Box<ProvenPayment>,
        now: Timestamp,
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

/// What a statement is for: what brings to an end what was begun goes before what would begin something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Begins,
    Finishes,
}

/// Statements that can be carried out as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// New deals.
    Deals,
    /// Links that WeChat gave.
    Links,
    /// Payments that WeChat tells of. (Those that a query found are few, and fill another column.)
    Payments,
}

impl BatchKind {
    /// What a batch is called where somebody decides what becomes of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deals => "insert many",
            Self::Links => "note prepay of many",
            Self::Payments => "mark many paid",
        }
    }
}

/// What the database answered.
#[derive(Debug)]
pub enum Answer {
    Rows(Vec<DealRow>),
    Events(Vec<EventRow>),
    Affected(u64),
    Condition(Condition),
    Undecided(Undecided),
}

impl Statement {
    /// What it is called where somebody decides what becomes of it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Find(_) => "find",
            Self::FindStrays(_) => "find strays",
            Self::FindByKey { .. } => "find by key",
            Self::FindByNonce { .. } => "find by nonce",
            Self::FindDecided(_) => "find decided",
            Self::Insert(_) => "insert",
            Self::Claim { .. } => "claim",
            Self::ClaimPrepay { .. } => "claim prepay",
            Self::NotePrepay { .. } => "note prepay",
            Self::ReleaseKeys { .. } => "release keys",
            Self::Due { .. } => "due",
            Self::FindDecidedDue { .. } => "find decided due",
            Self::ForgetDecided { .. } => "forget decided",
            Self::Newest { .. } => "newest",
            Self::FindUnclaimed { .. } => "find unclaimed",
            Self::MoveDue { .. } => "move due",
            Self::Record(_) => "record",
            Self::Journaled { change, .. } => change.name(),
            Self::TryWrite => "try to write",
            Self::Events(_) => "events",
            Self::Undecided => "undecided",
            Self::MarkPaid { .. } => "mark paid",
            Self::MarkPaidFrom { .. } => "mark paid from",
            Self::MarkExpired { .. } => "mark expired",
            Self::MarkNeverOrdered { .. } => "mark never ordered",
            Self::Identify { .. } => "identify",
            Self::NoteRefund { .. } => "note refund",
            Self::RecordOnce(_) => "record once",
        }
    }

    /// Whether it changes nothing. (Each kind is named, so that a new one cannot be forgotten: a change that is taken for a
    /// question would never be committed.)
    pub fn is_question(&self) -> bool {
        match self {
            Self::Condition
            | Self::Find(_)
            | Self::FindStrays(_)
            | Self::FindByKey { .. }
            | Self::FindByNonce { .. }
            | Self::FindDecided(_)
            | Self::Due { .. }
            | Self::FindDecidedDue { .. }
            | Self::Newest { .. }
            | Self::FindUnclaimed { .. }
            | Self::Events(_)
            | Self::Undecided => true,
            Self::Insert(_)
            | Self::Claim { .. }
            | Self::ClaimPrepay { .. }
            | Self::NotePrepay { .. }
            | Self::ReleaseKeys { .. }
            | Self::ForgetDecided { .. }
            | Self::MoveDue { .. }
            | Self::Record(_)
            | Self::TryWrite
            | Self::Journaled { .. }
            | Self::MarkPaid { .. }
            | Self::MarkPaidFrom { .. }
            | Self::Identify { .. }
            | Self::NoteRefund { .. }
            | Self::RecordOnce(_)
            | Self::MarkExpired { .. }
            | Self::MarkNeverOrdered { .. } => false,
        }
    }

    /// What it is for, unless its caller knows better.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::MarkPaid { .. }
            | Self::MarkPaidFrom { .. }
            | Self::NotePrepay { .. }
            | Self::Identify { .. }
            | Self::NoteRefund { .. }
            | Self::TryWrite => Purpose::Finishes,
            Self::Journaled { change, .. } => change.purpose(),
            _ => Purpose::Begins,
        }
    }

    /// The order that it is about, where it names one.
    pub fn order_id(&self) -> Option<&OrderId> {
        match self {
            Self::Journaled { event, .. } => Some(&event.order_id),
            Self::Find(order_id) | Self::FindStrays(order_id) | Self::ReleaseKeys { order_id } => Some(order_id),
            Self::ClaimPrepay { order_id, .. } => Some(order_id),
            _ => None,
        }
    }

    /// The batch that it may travel in: those kinds that many callers bring at the same time.
    pub fn batch_kind(&self) -> Option<BatchKind> {
        match self.journaled_change()? {
            Self::Insert(_) => Some(BatchKind::Deals),
            Self::NotePrepay { note: PrepayNote::Link(_), .. } => Some(BatchKind::Links),
            Self::MarkPaid { trade, .. } if trade.source() == Source::Notification => Some(BatchKind::Payments),
            _ => None,
        }
    }

    /// What is changed by a change with an event.
    pub fn journaled_change(&self) -> Option<&Self> {
        match self {
            Self::Journaled { change, .. } => Some(change),
            _ => None,
        }
    }

    /// The event of a change with an event.
    pub fn journaled_event(&self) -> Option<&Event> {
        match self {
            Self::Journaled { event, .. } => Some(event),
            _ => None,
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
        conn.begin().await?;
        let outcome = async {
            let rows: i64 = on_conn!(conn, c => {
                sqlx::query_scalar(sql).bind(deal.order_id.as_str()).bind(deal.prepay_request.as_str()).fetch_one(&mut *c).await?
            });
            Ok((false, rows == 1))
        };
        let outcome = outcome.await;
        conn.end(outcome).await
    }
}
