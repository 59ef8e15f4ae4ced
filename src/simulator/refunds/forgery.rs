//! Fault injection into notifications of refunds. They bear no signature, so that all of these reach a merchant that knows no better.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::channel::wechat::v2::RefundCipher;
use crate::deal::Fen;

use super::super::World;
use super::super::merchants::SimMerchant;
use super::super::orders::SimOrder;
use super::super::switches::RefundNotify;
use super::{RefundState, SimRefund};

/// Of a random message: about as long as an honest one.
const BLOCKS: usize = 50;

impl World {
    /// `req_info` about a refund, as the fault that is on makes it.
    pub(super) fn req_info(&self, merchant: &SimMerchant, order: &SimOrder, refund: &SimRefund) -> String {
        let encrypted = |sandbox, refund: &SimRefund| RefundCipher::new(merchant.signer(sandbox)).encrypt(&refund.info(order));
        match self.faults.refund_notify {
            RefundNotify::Normal | RefundNotify::Lost | RefundNotify::Twice => encrypted(false, refund),
            RefundNotify::Forged => encrypted(false, &refund.forged(order)),
            RefundNotify::Foreign => encrypted(true, refund),
            RefundNotify::Truncated => {
                let mut half = encrypted(false, refund);
                // 64 characters are three whole blocks: only the padding tells.
                half.truncate(half.len() / 128 * 64);
                half
            }
            RefundNotify::Random => BASE64_STANDARD.encode((0..BLOCKS).flat_map(|_| self.chance.draw().to_be_bytes()).collect::<Vec<_>>()),
        }
    }
}

impl SimRefund {
    /// What a forger says of it: nothing in it contradicts the rest, and nothing the order.
    fn forged(&self, order: &SimOrder) -> Self {
        let fee = self.refund_fee.get();
        let other = if self.refund_fee < order.total_fee { fee + 1 } else { fee - 1 };
        Self {
            state: if self.state == RefundState::Success { RefundState::RefundClose } else { RefundState::Success },
            refund_fee: Fen::new(other).unwrap_or(self.refund_fee),
            decided_at: self.decided_at.or(Some(self.accepted_at)),
            ..self.clone()
        }
    }
}
