//! What a payer's page shows. It is told by the store alone, so that a page never waits for WeChat; only a deal whose link
//! never arrived (the outcome of toPay was unknown) gets it now, by the identical request.

use tracing::info;

use crate::deal::{Deal, DealStatus, OrderId, Timestamp};

use super::link::Link;
use super::{Gateway, GatewayError};

/// A deal as its payer is to see it.
#[derive(Debug, Clone)]
pub struct PayPage {
    /// The deal.
    pub deal: Deal,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
}

/// How a deal stands for its payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can be paid by this link.
    Waiting(String),
    /// It is paid.
    Paid,
    /// It was paid, and at least a part was given back.
    Refunded,
    /// Its time is over. (Whether it was paid at the last moment may be known only a little later.)
    Expired,
    /// It was given up before its time was over.
    Closed,
    /// It is not paid, and no link can be had at present.
    Trouble,
}

impl Gateway {
    /// The page of a deal.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`] and [`GatewayError::Store`]; a link that cannot be had is [`Standing::Trouble`].
    pub async fn pay_page(&self, order_id: OrderId) -> Result<PayPage, GatewayError> {
        let deal = self.load(&order_id).await?;
        Self::is_about(&order_id, &deal.account);
        let expires_at = deal.payable_until();
        let is_over = expires_at <= self.clock.now();
        let standing = match deal.status {
            DealStatus::Paid => paid(&deal),
            DealStatus::Expired | DealStatus::Unpaid if is_over => Standing::Expired,
            DealStatus::Expired => Standing::Closed,
            DealStatus::Unpaid => match self.link(deal.clone()).await {
                Ok(Link::Open(opened)) => Standing::Waiting(opened.code_url),
                Ok(Link::Paid(_)) => paid(&self.load(&order_id).await?),
                Ok(Link::Closed(_)) => Standing::Closed,
                Err(error @ GatewayError::Store(_)) => return Err(error),
                Err(error) => {
                    info!(%order_id, %error, "a payer's page has no link to show");
                    Standing::Trouble
                }
            },
        };
        Ok(PayPage { deal, expires_at, standing })
    }
}

fn paid(deal: &Deal) -> Standing {
    if deal.refunded_at.is_some() { Standing::Refunded } else { Standing::Paid }
}
