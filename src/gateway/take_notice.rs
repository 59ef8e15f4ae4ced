//! The webhook use case: a notification is read, believed or not, settled, counted once and answered. Size, XML and signature
//! are looked at before anything of the database is touched, so a flood of forged ones costs some hashes each.
//!
//! The store must be asked before one is believed that our key has signed by an algorithm that is not the configured one: it is
//! right for an order of before the configuration was changed.
//!
//! When the commit fails, or its answer does not come in time, WeChat is answered FAIL (HTTP 503) and posts again, for a day.
//! When the connection broke, the store tries again (`store::engine::worker`): had the first try been committed, the next one
//! changes nothing and the notification counts as a repeat, which is answered SUCCESS. If WeChat never posts again, the
//! sweeper's next look at the unpaid deal asks and settles it.

use std::sync::Arc;

use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, info, warn};

use crate::channel::{Acknowledgement, News, NoticeError, Reading, Receipt, SignatureError, Unconfirmed, UnverifiedNotice};
use crate::deal::{AccountId, OrderId};
use crate::store::{EventKind, Origin, StoreError};

use super::labels::{Answered, Disbelief, Wrong};
use super::{Gateway, SettleError, Settled};

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The payment is stored, durably.
    Stored,
    /// It was stored before.
    Repeated,
    /// It told of a payment that was tried and failed.
    PaymentFailed,
    /// It told of a refund, WeChat was asked, and what it said is stored, if only as a mismatch.
    Refund,
    /// It told of a refund that neither we nor WeChat know, or that is another order's or account's.
    UnknownRefund,
    /// The payment does not fit its order.
    Mismatch(Wrong),
    /// It could not be stored, or not in time. The channel comes again.
    NotStored,
    /// A fault of ours was met on the way.
    Fault,
    /// It is not the channel's.
    Disbelieved(Disbelief),
}

impl Taken {
    /// What the channel is told.
    pub fn receipt(self) -> Receipt {
        match self {
            Self::Stored | Self::Repeated | Self::PaymentFailed | Self::Refund => Receipt::Taken,
            Self::Mismatch(wrong) => Receipt::Refused(match wrong {
                Wrong::UnknownOrder => "UNKNOWN ORDER",
                Wrong::Account => "ORDER OF ANOTHER ACCOUNT",
                Wrong::Amount => "AMOUNT",
                Wrong::Currency => "CURRENCY",
                Wrong::SecondTransaction => "PAID BY ANOTHER TRANSACTION",
                Wrong::SpentTransaction => "TRANSACTION OF ANOTHER ORDER",
            }),
            Self::UnknownRefund => Receipt::Refused("UNKNOWN REFUND"),
            Self::NotStored => Receipt::Refused("BUSY"),
            Self::Fault => Receipt::Refused("ERROR"),
            Self::Disbelieved(reason) => Receipt::Refused(match reason {
                Disbelief::Sender => "SENDER",
                Disbelief::TooLarge => "TOO LARGE",
                Disbelief::Malformed => "MALFORMED",
                Disbelief::Incomplete => "INCOMPLETE",
                Disbelief::Signature => "SIGNATURE",
                Disbelief::Foreign => "FOREIGN",
                Disbelief::NoAccount => "NO ACCOUNT",
            }),
        }
    }

    fn settled(outcome: &Result<Settled, SettleError>) -> Self {
        match outcome {
            Ok(Settled::Already) => Self::Repeated,
            Ok(_) => Self::Stored,
            Err(error) => Wrong::of(error).map_or(Self::NotStored, Self::Mismatch),
        }
    }
}

/// What became of a notification, and the account that it was meant for as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenNotice {
    /// What became of it.
    pub taken: Taken,
    /// The account whose key it had to be signed with, or to whose address it was posted.
    pub account: Option<AccountId>,
}

impl From<Taken> for Answered {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Stored => Self::Acknowledged,
            Taken::Repeated => Self::Repeated,
            Taken::PaymentFailed => Self::PaymentFailed,
            Taken::Refund => Self::Refund,
            Taken::Mismatch(_) | Taken::UnknownRefund => Self::Mismatch,
            Taken::NotStored | Taken::Fault => Self::NotStored,
            Taken::Disbelieved(_) => Self::Disbelieved,
        }
    }
}

impl Gateway {
    /// Takes a notification's body, posted to the address of the account `addressed` if that names one. Each outcome is to be
    /// answered by [`Gateway::acknowledge`]. `work` is for what the answer does not wait for.
    pub async fn take_notice(self: &Arc<Self>, body: &[u8], addressed: Option<&AccountId>, work: &TaskTracker) -> TakenNotice {
        let chosen = UnverifiedNotice::parse(body).and_then(|notice| Ok((self.accounts.of_notice(&notice, addressed)?, notice)));
        let (account, reading) = match chosen {
            Ok((account, notice)) => {
                // Also the log's lines of what is not believed say whose key was tried.
                Span::current().record("account", account.id().column());
                (Some(account.id()), account.read_notice(&notice, addressed))
            }
            Err(error) => (addressed, Err(error)),
        };
        TakenNotice { taken: self.take_reading(reading, work).await, account: account.cloned() }
    }

    async fn take_reading(self: &Arc<Self>, reading: Result<Reading, NoticeError>, work: &TaskTracker) -> Taken {
        let news = match reading {
            Ok(Reading::Verified(news)) => Ok(news),
            Ok(Reading::OtherAlgorithm(unconfirmed)) => match Box::pin(self.confirm(unconfirmed)).await {
                Ok(confirmed) => confirmed.map_err(NoticeError::from),
                Err(error) => {
                    warn!(%error, "a notification could not be confirmed yet");
                    return Taken::NotStored;
                }
            },
            Err(error) => Err(error),
        };
        match news {
            Ok(News::Paid(payment)) => Taken::settled(&self.settle(&payment, Origin::Notification).await),
            Ok(News::Failed { account, order_id }) => {
                // No money depends on it, so WeChat does not wait for the database.
                let gateway = Arc::clone(self);
                work.spawn(async move { gateway.payment_failed(&account, &order_id).await }.in_current_span());
                Taken::PaymentFailed
            }
            Ok(News::Refund(wake)) => Box::pin(self.take_wake(&wake)).await,
            Err(error) => {
                warn!(%error, "a notification is not believed");
                Taken::Disbelieved(Disbelief::of(&error))
            }
        }
    }

    /// Counts what became of a notification, which is done once each, and gives the channel's answer to it.
    pub fn acknowledge(&self, TakenNotice { taken, account }: &TakenNotice) -> Acknowledgement {
        // What a sender wrote into a path becomes no label.
        let account = account.as_ref().filter(|account| self.has_account(account)).cloned().unwrap_or_default();
        self.metrics.answered(&account, (*taken).into());
        if let Taken::Disbelieved(reason) = taken {
            self.metrics.disbelieved_for(&account, *reason);
        }
        Acknowledgement::of(taken.receipt())
    }

    /// Believes a notification if its order was sent by the algorithm that signed it, or is none of ours.
    async fn confirm(&self, unconfirmed: Unconfirmed) -> Result<Result<News, SignatureError>, StoreError> {
        let Some(deal) = self.store.find_to_finish(unconfirmed.order_id()).await? else { return Ok(Ok(unconfirmed.of_unknown_order())) };
        if deal.account != *unconfirmed.account() {
            return Ok(Err(SignatureError::Wrong));
        }
        let confirmed = unconfirmed.confirm(deal.prepay.request.as_deref());
        if confirmed.is_ok() {
            info!(order_id = %deal.order_id, "a notification by the order's own algorithm, which is not wechat.sign_type");
        }
        Ok(confirmed)
    }

    /// Takes note of a payment that was tried and failed. The payer may try again.
    async fn payment_failed(&self, account: &AccountId, order_id: &OrderId) {
        info!(%order_id, "WeChat tells of a payment that failed");
        if matches!(self.store.find_to_finish(order_id).await, Ok(Some(deal)) if deal.account == *account) {
            self.record(self.event(order_id, EventKind::PaymentFailed, Origin::Notification), None).await;
        }
    }
}
