//! A refund's notification: encrypted and unsigned, so all that it does is to have WeChat asked, and what WeChat then signs is stored.
//! One that names what is decided, or what does not fit, costs no call; any other costs one, of what the account's budget spares.

use tracing::warn;

use crate::channel::RefundWake;
use crate::deal::{RefundState, Route};
use crate::store::{Origin, StoreError};

use super::follow::Calls;
use super::labels::Wrong;
use super::{Gateway, RefundSettleError, Taken};

impl Gateway {
    /// Asks WeChat about the refund that a notification names, unless it is known to be decided.
    pub(super) async fn take_wake(&self, wake: &RefundWake) -> Taken {
        let (route, is_known) = match self.route_of(wake).await {
            Ok(Ok(named)) => named,
            Ok(Err(taken)) => return taken,
            Err(error) => {
                warn!(%error, "a refund's notification could not be looked into yet");
                return Taken::NotStored;
            }
        };
        Self::is_about(route.order_id(), route.account());
        if !self.live.spare_call(route.account(), &self.clock) {
            return Taken::NotStored;
        }
        match self.inquire_refund(&route, &wake.refund_id, Origin::Notification, &Calls::default()).await {
            Ok(Some(Ok(_))) => Taken::Refund,
            Ok(Some(Err(error))) if error.may_pass() => Taken::NotStored,
            Ok(Some(Err(RefundSettleError::UnknownOrder | RefundSettleError::ForeignAccount | RefundSettleError::ForeignOrder))) => {
                Taken::UnknownRefund
            }
            // Another mismatch is in the journal; to hear of it again would only cost queries.
            Ok(Some(Err(_))) => Taken::Refund,
            // Ours is to be sent, or asked about, again by itself.
            Ok(None) if is_known => Taken::Refund,
            Ok(None) => Taken::UnknownRefund,
            Err(_) => Taken::NotStored,
        }
    }

    /// How WeChat is to be asked, and whether the refund is known here; or the answer, without asking.
    async fn route_of(&self, wake: &RefundWake) -> Result<Result<(Route, bool), Taken>, StoreError> {
        if let Some(refund) = self.store.find_refund(&wake.refund_id).await? {
            return Ok(if refund.account != wake.account || refund.order_id != wake.order_id {
                Err(Taken::UnknownRefund)
            } else if RefundState::ALL.into_iter().any(|next| refund.state.may_become(next)) {
                Ok((refund.route(), true))
            } else {
                Err(Taken::Repeated)
            });
        }
        Ok(match self.store.find_to_finish(&wake.order_id).await? {
            None => Err(Taken::Mismatch(Wrong::UnknownOrder)),
            Some(deal) if deal.account != wake.account => Err(Taken::Mismatch(Wrong::Account)),
            Some(deal) => Ok((deal.route(), false)),
        })
    }
}
