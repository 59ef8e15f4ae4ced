//! What an operator may do with a deal now, and why not.

use crate::deal::{Deal, DealStatus, EndpointName, Fen};
use crate::gateway::{Gateway, GatewayError};

/// What may be done with a deal.
#[derive(Debug)]
pub struct Doable {
    /// How much may go back, or why nothing can be asked for now; `None`: it is not paid, or nothing is left.
    pub refund: Option<Result<Fen, GatewayError>>,
    /// Whether it may be closed by now; `None`: there is nothing to close.
    pub close: Option<Result<(), GatewayError>>,
    /// Whether WeChat can be asked about it.
    pub ask: bool,
}

impl Gateway {
    /// What may be done with a deal as it stands.
    pub fn what_may_be_done(&self, deal: &Deal) -> Doable {
        let is_ours = deal.mode.is_wechat();
        let has_something = is_ours && deal.left().is_some();
        Doable {
            refund: has_something.then(|| self.may_refund(deal, None)),
            close: (is_ours && deal.status == DealStatus::Unpaid).then(|| self.may_close(deal)),
            ask: self.can_ask(deal),
        }
    }

    /// Whether the configuration has this endpoint.
    pub fn has_endpoint(&self, name: &EndpointName) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.name == *name)
    }
}
