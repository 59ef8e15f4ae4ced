//! A refund's notification: encrypted and unsigned, so all that it does is to have WeChat asked, and what WeChat then signs is stored.
//! One that names what is decided, or what does not fit, costs no call; any other costs one, of what the account's budget spares.

use tracing::warn;

use crate::channel::RefundWake;
use crate::deal::{RefundState, Route};
use crate::store::{Origin, StoreError};

use super::follow::Calls;
use super::labels::Wrong;
use super::{Gateway, Taken};

impl Gateway {
    /// Asks WeChat about the refund that a notification names, unless it is known to be decided.
    pub(super) async fn take_wake(&self, wake: &RefundWake) -> Taken {
        let route = match self.route_of(wake).await {
            Ok(Ok(route)) => route,
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
            Ok(Some(Err(_)) | None) => Taken::UnknownRefund,
            Err(_) => Taken::NotStored,
        }
    }

    async fn route_of(&self, wake: &RefundWake) -> Result<Result<Route, Taken>, StoreError> {
        if let Some(refund) = self.store.find_refund(&wake.refund_id).await? {
            return Ok(if refund.account != wake.account || refund.order_id != wake.order_id {
                Err(Taken::UnknownRefund)
            } else if matches!(refund.state, RefundState::Processing | RefundState::Failed) {
                Ok(refund.route())
            } else {
                Err(Taken::Repeated)
            });
        }
        Ok(match self.store.find_to_finish(&wake.order_id).await? {
            None => Err(Taken::Mismatch(Wrong::UnknownOrder)),
            Some(deal) if deal.account != wake.account => Err(Taken::Mismatch(Wrong::Account)),
            Some(deal) => Ok(deal.route()),
        })
    }
}
