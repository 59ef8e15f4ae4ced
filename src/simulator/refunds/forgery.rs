//! Fault injection into notifications of refunds. They bear no signature, so that all of these reach a merchant that knows no better.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::channel::wechat::v2::RefundCipher;
use crate::deal::Fen;

use super::super::World;
use super::super::merchants::SimMerchant;
use super::super::orders::SimOrder;
use super::{RefundState, SimRefund};

/// Of a random message: about as long as an honest one.
const BLOCKS: usize = 50;

/// What becomes of a refund's notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundNotify {
    /// It comes when the refund is decided, and again until it is acknowledged.
    Normal,
    /// It never comes.
    Lost,
    /// It comes twice at the same time.
    Twice,
    /// It comes as soon as the refund is accepted and again when it is decided, well encrypted, and each time with another state and
    /// another amount than are true: as blocks of two old messages put together may say.
    Forged,
    /// It comes encrypted with a key that is not in force.
    Foreign,
    /// Its second half is missing.
    Truncated,
    /// It comes with noise in place of what is encrypted.
    Random,
}

impl RefundNotify {
    /// Its name in `/_sim/faults`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Lost => "lost",
            Self::Twice => "twice",
            Self::Forged => "forged",
            Self::Foreign => "foreign",
            Self::Truncated => "truncated",
            Self::Random => "random",
        }
    }
}

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
