//! The reservation of an amount, and the refund's row: both are stored, or neither, before WeChat is asked.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::ProvenPayment;
use crate::deal::{AccountId, Deal, Fen, NewAudit, OrderId, RefundId, RefundReason, RefundSource, Refunded, Timestamp, transaction_key};
use crate::store::audit::audited::Audited;
use crate::store::checkouts::turn::Turn;
use crate::store::columns::column;
use crate::store::deals::accounts::ACCOUNT;
use crate::store::deals::settle::MarkPaidFrom;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::entry::Entry;
use crate::store::journal::event::Event;
use crate::store::journal::insert as journal;

use super::find::is_number_stored;
use super::totals::RAISE;

/// A refund about to be asked for.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Our number for it, drawn once.
    pub refund_id: RefundId,
    /// Of which deal.
    pub order_id: OrderId,
    /// Through which account, which is the deal's.
    pub account: AccountId,
    /// Which payment goes back; `None`: that of the order, where its number is not known.
    pub transaction_id: Option<String>,
    /// How much.
    pub fee: Fen,
    /// What the caller asked for; `None`: all that was left.
    pub asked: Option<Fen>,
    /// What the payer reads.
    pub reason: Option<RefundReason>,
    /// Who asks for it.
    pub source: RefundSource,
    /// The caller's name for this attempt.
    pub idempotency_key: String,
    /// The exact bytes that WeChat will be asked with.
    pub request: String,
    /// Now.
    pub created_at: Timestamp,
    /// When it is sent again, unless the caller that sends it now has an answer by then.
    pub due_at: Timestamp,
}

impl Store {
    /// Reserves the amount on a paid deal that has been read, and stores the refund; `false` when what is left has changed since,
    /// perhaps by a try of this very one whose answer was lost: then the idempotency key finds it. The user of the console that asks for it
    /// is written with it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the refund's number or the idempotency key is taken.
    pub async fn reserve_refund(&self, deal: &Deal, refund: NewRefund, by: Option<NewAudit>, event: Event) -> Result<bool, StoreError> {
        let Some(charged) = deal.charged else { return Ok(false) };
        let change = Reserve { id: deal.id, charged, before: deal.refunded, refund };
        Ok(self.change_and_tell(Audited { change, entry: by }, event).await? == 1)
    }

    /// Stores the refund of a second payment, of which nothing is reserved on the deal; `false` unless another payment of that
    /// account, signed by WeChat, has paid the deal, or another deal has paid the checkout that the deal is one way of.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is there already.
    pub async fn add_refund_of_second_payment(&self, refund: NewRefund, event: Event) -> Result<bool, StoreError> {
        Ok(self.change_and_tell(ReserveSecond(refund), event).await? == 1)
    }

    /// Marks an expired deal as paid, and reserves all of the payment for a refund in the same transaction; `false` when the deal
    /// has moved since it was read, or WeChat has signed a payment of it before.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: this payment has paid another deal.
    pub async fn mark_paid_and_reserve_refund(
        &self,
        deal: &Deal,
        payment: &ProvenPayment,
        paid_at: Timestamp,
        refund: NewRefund,
        events: [Event; 2],
    ) -> Result<bool, StoreError> {
        let turn = Turn::of(deal, refund.due_at);
        if deal.transaction_key.is_some() {
            return Ok(false);
        }
        let [settled, requested] = events;
        let Some(paid) = MarkPaidFrom::of(deal, payment, paid_at, settled.at) else { return Ok(false) };
        let reserve = Reserve { id: deal.id, charged: payment.total_fee(), before: deal.refunded, refund };
        let settled = self.entry(settled);
        let announces = !settled.event.announces.is_empty();
        let is_stored = self.change_and_tell(SettleAndReserve { turn, paid, reserve, settled }, requested).await? == 1;
        if announces && is_stored {
            self.has_news();
        }
        Ok(is_stored)
    }
}

struct Reserve {
    id: i64,
    charged: Fen,
    /// As it was read.
    before: Refunded,
    refund: NewRefund,
}

impl Reserve {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        // What was read must still be so; and whatever was read, never more than was paid.
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE deal SET {RAISE}, refund_last_at = ?, create_at = create_at, update_at = update_at \
                 WHERE id = ? AND order_key = ? AND status = 1 AND {ACCOUNT} = ? AND COALESCE(refunded_fee, 0) = ? \
                 AND COALESCE(refund_count, 0) = ? AND COALESCE(refunded_fee, 0) + ? <= ?"
            )
        });
        let Self { id, charged, before, refund } = self;
        let values = Values::of([
            refund.fee.get().into(),
            column(refund.created_at).into(),
            (*id).into(),
            refund.order_id.as_str().into(),
            refund.account.as_str().into(),
            before.fee.map_or(0, Fen::get).into(),
            before.count.into(),
            refund.fee.get().into(),
            charged.get().into(),
        ]);
        let affected = conn.change(&UPDATE, values).await?;
        if affected == 1 {
            insert(refund, false, conn).await?;
        }
        Ok(affected)
    }
}

impl Change for Reserve {
    const NAME: &'static str = "reserve refund";

    fn key(&self) -> Option<&str> {
        Some(self.refund.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }
}

struct ReserveSecond(NewRefund);

impl Change for ReserveSecond {
    const NAME: &'static str = "add refund of second payment";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.0.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        // A key is written with WeChat's signed word only: a number that another program has put there is no evidence.
        static FIRST: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT COUNT(*) FROM deal WHERE order_key = ? AND {ACCOUNT} = ? \
                 AND ((status = 1 AND transaction_key IS NOT NULL AND transaction_key <> ?) OR EXISTS (SELECT 1 FROM deal winner \
                 WHERE winner.checkout_id = deal.checkout_id AND winner.status = 1 AND winner.transaction_key IS NOT NULL \
                 AND winner.order_key <> deal.order_key))"
            )
        });
        let mut affected = 0;
        for Self(refund) in rows {
            let second = transaction_key(&refund.account, refund.transaction_id.as_deref().unwrap_or_default());
            let values = Values::of([refund.order_id.as_str().into(), refund.account.as_str().into(), second.into()]);
            let counted: Vec<(i64,)> = conn.rows(&FIRST, values).await?;
            if counted == [(1,)] {
                affected += insert(refund, true, conn).await?;
            }
        }
        Ok(affected)
    }

    /// Whether the row is this very one: its number was drawn for it.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        is_number_stored(&self.0.refund_id, conn).await
    }
}

/// A payment after expiry that is given back at once.
struct SettleAndReserve {
    /// Of one way to pay a checkout.
    turn: Option<Turn>,
    paid: MarkPaidFrom,
    reserve: Reserve,
    /// Told before the event of the refund.
    settled: Entry,
}

impl Change for SettleAndReserve {
    const NAME: &'static str = "settle and reserve refund";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.reserve.refund.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            if let Some(turn) = &row.turn
                && !turn.take(conn).await?
            {
                continue;
            }
            if MarkPaidFrom::apply(&[&row.paid], conn).await? == 1 && row.reserve.apply_one(conn).await? == 1 {
                journal::insert(&[&row.settled], conn).await?;
                affected += 1;
            }
        }
        Ok(affected)
    }
}

async fn insert(refund: &NewRefund, is_of_second_payment: bool, conn: &mut Conn) -> Result<u64, Error> {
    const INSERT: &str = "INSERT INTO refund (refund_id, order_id, account, transaction_id, refund_fee, asked_fee, of_second_payment, \
                          state, reason, source, idempotency_key, request, created_at, due_at) \
                          VALUES (?, ?, ?, ?, ?, ?, ?, 'PROCESSING', ?, ?, ?, ?, ?, ?)";
    let values = Values::of([
        refund.refund_id.as_str().into(),
        refund.order_id.as_str().into(),
        refund.account.column().into(),
        refund.transaction_id.as_deref().into(),
        refund.fee.get().into(),
        refund.asked.map(Fen::get).into(),
        i64::from(is_of_second_payment).into(),
        refund.reason.as_ref().map(RefundReason::as_str).into(),
        refund.source.as_str().into(),
        refund.idempotency_key.as_str().into(),
        refund.request.as_str().into(),
        column(refund.created_at).into(),
        column(refund.due_at).into(),
    ]);
    conn.change(INSERT, values).await
}
