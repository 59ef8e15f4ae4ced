//! Booking of refunds that others made: WeChat's signed word is all that there is of them.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::ProvenRefund;
use crate::deal::{Deal, RefundState, Timestamp};
use crate::store::columns::{column, short, text};
use crate::store::deals::accounts::ACCOUNT;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::find::is_number_stored;
use super::totals::RAISE;

impl Store {
    /// Stores a refund of a paid deal that this service did not make, in the state in which WeChat has it; `false` when the deal is
    /// none of that account's, not paid, or paid by another transaction than was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: a refund of this number is there.
    pub async fn book_refund(
        &self,
        deal: &Deal,
        proof: &ProvenRefund,
        due_at: Option<Timestamp>,
        event: Event,
    ) -> Result<bool, StoreError> {
        let is_of_second_payment = deal.is_paid_by(proof.transaction_id()) == Some(false);
        let paid_by = deal.transaction_key.clone();
        let change = Book { id: deal.id, paid_by, is_of_second_payment, proof: proof.clone(), due_at, now: event.at };
        Ok(self.change_and_tell(change, event).await? == 1)
    }
}

struct Book {
    id: i64,
    /// The key of the deal's own payment, as it was read.
    paid_by: Option<String>,
    /// Then the deal's own payment has no less left.
    is_of_second_payment: bool,
    proof: ProvenRefund,
    due_at: Option<Timestamp>,
    now: Timestamp,
}

impl Book {
    /// What the deal keeps of it. No bound but WeChat's: what it has given back is given back.
    async fn raise(&self, conn: &mut Conn) -> Result<u64, Error> {
        static OF_THE_DEAL: LazyLock<String> = LazyLock::new(|| Book::text(&format!("{RAISE}, refunded_at = COALESCE(refunded_at, ?), ")));
        static OF_SECOND: LazyLock<String> = LazyLock::new(|| Book::text(""));
        let (proof, mut values) = (&self.proof, Values::default());
        let sql = if self.is_of_second_payment {
            &OF_SECOND
        } else {
            let held = proof.state().holds_amount();
            let now = column(self.now);
            values.extend([(if held { proof.fee().get() } else { 0 }).into(), held.then_some(now).into()]);
            &OF_THE_DEAL
        };
        values.extend([
            self.id.into(),
            proof.order_id().as_str().into(),
            proof.account().as_str().into(),
            self.paid_by.as_deref().unwrap_or_default().into(),
        ]);
        conn.change(sql, values).await
    }

    fn text(totals: &str) -> String {
        format!(
            "UPDATE deal SET {totals}create_at = create_at, update_at = update_at \
             WHERE id = ? AND order_key = ? AND status = 1 AND {ACCOUNT} = ? AND COALESCE(transaction_key, '') = ?"
        )
    }

    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        const INSERT: &str = "INSERT INTO refund (refund_id, order_id, account, transaction_id, refund_fee, of_second_payment, state, \
                              source, wechat_refund_id, receiver, evidence, created_at, accepted_at, refunded_at, due_at) \
                              VALUES (?, ?, ?, ?, ?, ?, ?, 'platform', ?, ?, ?, ?, ?, ?, ?)";
        if self.raise(conn).await? == 0 {
            return Ok(0);
        }
        let (proof, now) = (&self.proof, column(self.now));
        let values = Values::of([
            proof.refund_id().as_str().into(),
            proof.order_id().as_str().into(),
            proof.account().column().into(),
            proof.transaction_id().into(),
            proof.fee().get().into(),
            i64::from(self.is_of_second_payment).into(),
            proof.state().as_str().into(),
            proof.wechat_refund_id().into(),
            proof.receiver().map(short).into(),
            text(proof.evidence()).into(),
            now.into(),
            now.into(),
            proof.refunded_at().filter(|_| proof.state() == RefundState::Success).map(column).into(),
            self.due_at.map(column).into(),
        ]);
        conn.change(INSERT, values).await
    }
}

impl Change for Book {
    const NAME: &'static str = "book refund";
    const PURPOSE: Purpose = Purpose::Finishes;

    fn key(&self) -> Option<&str> {
        Some(self.proof.order_id().as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        let mut affected = 0;
        for row in rows {
            affected += row.apply_one(conn).await?;
        }
        Ok(affected)
    }

    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        is_number_stored(self.proof.refund_id(), conn).await
    }
}
