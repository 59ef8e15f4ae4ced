//! The second look: what a refund would be, before it is asked for.

use crate::deal::{Deal, Fen, OrderId};
use crate::gateway::{Gateway, GatewayError};

/// A refund that could be asked for now.
#[derive(Debug, Clone)]
pub struct SecondLook {
    /// Of which deal.
    pub deal: Deal,
    /// How much.
    pub fee: Fen,
    /// What can still be given back then; `None`: nothing.
    pub left: Option<Fen>,
    /// The name for this attempt: however often it is asked for under it, it is one refund.
    pub number: String,
}

/// Before the numbers of attempts, so that none is taken for a key of a back end's.
const BEGINNING: &str = "console-";
const DRAWN: usize = 16;

impl Gateway {
    /// What a refund of this amount would be. Nothing is stored or asked.
    ///
    /// # Errors
    /// As [`Gateway::refund`], before anything is stored.
    pub async fn second_look(&self, order_id: &OrderId, fee: Fen) -> Result<SecondLook, GatewayError> {
        let deal = self.load(order_id).await?;
        Self::is_about(order_id, &deal.account);
        let fee = self.may_refund(&deal, Some(fee))?;
        let left = deal.left().and_then(|left| Fen::new(left.get() - fee.get()));
        let number = format!("{BEGINNING}{}", &self.chance.nonce()[..DRAWN]);
        Ok(SecondLook { deal, fee, left, number })
    }

    /// Whether a refund was stored under this number.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn is_attempt_stored(&self, order_id: &OrderId, number: &str) -> Result<bool, GatewayError> {
        Ok(self.store.find_refund_by_key(order_id, number).await?.is_some())
    }
}

/// Whether it has the form of a number that was drawn for an attempt.
pub fn is_attempt(number: &str) -> bool {
    let drawn = number.strip_prefix(BEGINNING).unwrap_or_default();
    drawn.len() == DRAWN && drawn.bytes().all(|b| b.is_ascii_alphanumeric())
}
