//! Settlement of refunds: the changes by WeChat's signed word. `gateway::settle_refund` decides which, and when.

use std::sync::LazyLock;

use sqlx::Error;

use crate::channel::ProvenRefund;
use crate::deal::{Refund, RefundState, Timestamp};
use crate::store::columns::{column, short, text};
use crate::store::deals::accounts::ACCOUNT;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Purpose};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::totals;

/// What became of a refund.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// WeChat knows it, and says how it stands. One that is on its way is asked about at `due_at`.
    Proven(Box<ProvenRefund>, Option<Timestamp>),
    /// WeChat has refused it for good, in these words, and does not know its number. It counts while the lease on the step that
    /// found this out is held, which is until the refund's `due_at`: another step may be sending by now.
    Refused(String),
}

impl Verdict {
    /// As what the refund stands by it.
    pub fn state(&self) -> RefundState {
        match self {
            Self::Proven(proof, _) => proof.state(),
            Self::Refused(_) => RefundState::Failed,
        }
    }
}

impl Store {
    /// Stores what became of a refund that has been read, if it still stands as it was read; what it had reserved follows. `false`:
    /// it has moved since, and nothing is changed.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn settle_refund(&self, refund: &Refund, verdict: Verdict, event: Event) -> Result<bool, StoreError> {
        let is_acceptance = refund.state == RefundState::Processing && verdict.state() == RefundState::Processing && !refund.is_accepted();
        if !is_acceptance && !refund.state.may_become(verdict.state()) {
            return Ok(false);
        }
        let change = SettleRefund { refund: refund.clone(), verdict, now: event.at };
        Ok(self.change_and_tell(change, event).await? == 1)
    }
}

struct SettleRefund {
    /// As it was read.
    refund: Refund,
    verdict: Verdict,
    now: Timestamp,
}

impl SettleRefund {
    async fn apply_one(&self, conn: &mut Conn) -> Result<u64, Error> {
        static PROVEN: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE refund SET state = ?, wechat_refund_id = ?, receiver = COALESCE(?, receiver), evidence = ?, detail = NULL, \
                 refused_certificate = NULL, accepted_at = COALESCE(accepted_at, ?), refunded_at = ?, due_at = ? \
                 WHERE id = ? AND refund_id = ? AND order_id = ? AND refund_fee = ? AND state = ? AND {ACCOUNT} = ? \
                 AND COALESCE(wechat_refund_id, '') = ?"
            )
        });
        // Only of one that WeChat never accepted.
        const REFUSED: &str = "UPDATE refund SET state = 'FAILED', detail = ?, refused_certificate = NULL, due_at = NULL \
                               WHERE id = ? AND refund_id = ? AND state = 'PROCESSING' AND wechat_refund_id IS NULL AND due_at = ?";
        let refund = &self.refund;
        // The deal's row first; unless the refund's then stands as it was read, all of it is given up.
        if !refund.is_of_second_payment {
            let states = [refund.state, self.verdict.state()];
            totals::follow(&refund.order_id, refund.fee, states, self.now, conn).await?;
        }
        match &self.verdict {
            Verdict::Proven(proof, due_at) => {
                let values = Values::of([
                    proof.state().as_str().into(),
                    proof.wechat_refund_id().into(),
                    proof.receiver().map(short).into(),
                    text(proof.evidence()).into(),
                    column(self.now).into(),
                    proof.refunded_at().filter(|_| proof.state() == RefundState::Success).map(column).into(),
                    due_at.map(column).into(),
                    refund.id.into(),
                    proof.refund_id().as_str().into(),
                    proof.order_id().as_str().into(),
                    proof.fee().get().into(),
                    refund.state.as_str().into(),
                    proof.account().as_str().into(),
                    refund.wechat_refund_id.as_deref().unwrap_or_default().into(),
                ]);
                conn.change(&PROVEN, values).await
            }
            Verdict::Refused(words) => {
                let lease = refund.due_at.map(column);
                let values = Values::of([short(words).into(), refund.id.into(), refund.refund_id.as_str().into(), lease.into()]);
                conn.change(REFUSED, values).await
            }
        }
    }
}

impl Change for SettleRefund {
    const NAME: &'static str = "settle refund";
    const PURPOSE: Purpose = Purpose::Finishes;

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
