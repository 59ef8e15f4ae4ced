//! Asking WeChat how refunds stand, and storing what follows from the answer.

use crate::channel::{RefundQueryOutcome, RefundSubject};
use crate::deal::{RefundId, Route};
use crate::store::Origin;

use super::follow::Calls;
use super::{Gateway, GatewayError, RefundSettleError, RefundSettled};

/// Pages of ten refunds that one order can have, and some more: WeChat allows fifty.
const PAGES: u32 = 8;

impl Gateway {
    /// Asks WeChat about one refund. `None`: WeChat does not know it, or not yet.
    pub(super) async fn inquire_refund(
        &self,
        route: &Route,
        refund_id: &RefundId,
        origin: Origin,
        calls: &Calls,
    ) -> Result<Option<Result<RefundSettled, RefundSettleError>>, GatewayError> {
        calls.add_one();
        let asked = self.accounts.at(route)?.query_refund(RefundSubject::Refund(refund_id)).await;
        let RefundQueryOutcome::Known(proofs, _) = asked.map_err(|error| GatewayError::of_call(route.order_id(), error))? else {
            return Ok(None);
        };
        let mut settled = None;
        for proof in &proofs {
            settled = Some(self.settle_refund(proof, origin).await);
        }
        Ok(settled)
    }

    /// Asks WeChat which refunds an order has, and stores each: those that others made become known.
    pub(super) async fn inquire_refunds(&self, route: &Route, origin: Origin, calls: &Calls) -> Result<(), GatewayError> {
        let mut heard = 0;
        for _ in 0..PAGES {
            calls.add_one();
            let asked = self.accounts.at(route)?.query_refund(RefundSubject::OfOrder(heard)).await;
            let RefundQueryOutcome::Known(proofs, total) = asked.map_err(|error| GatewayError::of_call(route.order_id(), error))? else {
                break;
            };
            for proof in &proofs {
                match self.settle_refund(proof, origin).await {
                    Err(error) if error.may_pass() => return Err(error.into_gateway(route.order_id())),
                    // What does not fit has raised its alarm, and hides no other.
                    Ok(_) | Err(_) => heard += 1,
                }
            }
            if heard >= total {
                break;
            }
        }
        Ok(())
    }
}
