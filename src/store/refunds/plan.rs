//! A lease on each step of a refund, taken by moving its due time, which only one instance can; and what the step left to do.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, Refund, Timestamp};
use crate::store::columns::{column, short};
use crate::store::deals::accounts::ACCOUNT;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

/// What is next for a refund that is not decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRefundStep {
    /// When; `None`: it is given up, and asked about on demand only.
    pub due_at: Option<Timestamp>,
    /// When it was sent by this step, if it was.
    pub sent_at: Option<Timestamp>,
    /// Why it waits, in words that may be shown.
    pub detail: Option<String>,
    /// The fingerprint of the client certificate that was not taken, or nothing where there is none.
    pub refused_certificate: Option<String>,
}

impl Store {
    /// Takes the next step of a refund that has been read, by moving its due time from now to `until`; `false` when another instance
    /// has it. One that WeChat has not accepted counts as sent from now on: an instance that dies tells no more of it.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_refund(&self, refund: &Refund, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let Some(from) = refund.due_at else { return Ok(false) };
        Ok(self.engine().change(TakeRefund { id: refund.id, from, now, until }).await? == 1)
    }

    /// Plans the next step of a refund whose step was taken until `taken_until`; `false` when it is decided, or taken by another instance.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn plan_refund(
        &self,
        refund: &Refund,
        taken_until: Timestamp,
        next: NextRefundStep,
        event: Event,
    ) -> Result<bool, StoreError> {
        Ok(self.change_and_tell(PlanRefund { id: refund.id, taken_until, next }, event).await? == 1)
    }

    /// Makes the refunds of an account due that wait for another client certificate than this one; how many. It costs one statement,
    /// which reads the refunds that wait for a certificate and no others.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn release_held_refunds(&self, account: &AccountId, certificate: &str, now: Timestamp) -> Result<u64, StoreError> {
        let change = ReleaseHeld { account: account.clone(), certificate: certificate.to_owned(), now };
        Ok(self.engine().change(change).await?)
    }
}

struct TakeRefund {
    id: i64,
    from: Timestamp,
    now: Timestamp,
    until: Timestamp,
}

impl Change for TakeRefund {
    const NAME: &'static str = "take refund";

    fn is_lease(&self) -> bool {
        true
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE refund SET due_at = ?, sent_at = CASE WHEN wechat_refund_id IS NULL THEN ? ELSE sent_at END \
                              WHERE id = ? AND due_at = ? AND state = 'PROCESSING'";
        conn.change_each(UPDATE, rows, |row| {
            Values::of([column(row.until).into(), column(row.now).into(), row.id.into(), column(row.from).into()])
        })
        .await
    }
}

struct PlanRefund {
    id: i64,
    taken_until: Timestamp,
    next: NextRefundStep,
}

impl Change for PlanRefund {
    const NAME: &'static str = "plan refund";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const UPDATE: &str = "UPDATE refund SET due_at = ?, sent_at = COALESCE(?, sent_at), detail = ?, refused_certificate = ? \
                              WHERE id = ? AND due_at = ? AND state = 'PROCESSING'";
        conn.change_each(UPDATE, rows, |row| {
            Values::of([
                row.next.due_at.map(column).into(),
                row.next.sent_at.map(column).into(),
                row.next.detail.as_deref().map(short).into(),
                row.next.refused_certificate.as_deref().into(),
                row.id.into(),
                column(row.taken_until).into(),
            ])
        })
        .await
    }
}

struct ReleaseHeld {
    account: AccountId,
    certificate: String,
    now: Timestamp,
}

impl Change for ReleaseHeld {
    const NAME: &'static str = "release held refunds";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE refund SET due_at = ? WHERE refused_certificate IS NOT NULL AND refused_certificate <> ? \
                 AND state = 'PROCESSING' AND due_at > ? AND {ACCOUNT} = ?"
            )
        });
        conn.change_each(&UPDATE, rows, |row| {
            let now = column(row.now);
            Values::of([now.into(), row.certificate.as_str().into(), now.into(), row.account.as_str().into()])
        })
        .await
    }
}
