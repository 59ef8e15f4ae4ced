//! What a payer's page shows. It is told by the store alone, so that a page never waits for WeChat; only a deal whose link
//! never arrived (the outcome of toPay was unknown) gets it now, by the identical request.

use tracing::info;

use crate::deal::{Deal, DealStatus, Fen, OrderId, Refund, RefundState, Timestamp};

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
    /// It was paid, and at least a part went back or is on its way.
    Refunded(GivenBack),
    /// Its time is over. (Whether it was paid at the last moment may be known only a little later.)
    Expired,
    /// It was given up before its time was over.
    Closed,
    /// It is not paid, and no link can be had at present.
    Trouble,
}

/// How much of a payment goes back, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GivenBack {
    /// What the payer has.
    pub arrived: Option<Fen>,
    /// What is on its way, or is to be paid out by the merchant's hand.
    pub under_way: Option<Fen>,
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
            DealStatus::Paid => self.paid(&deal).await?,
            DealStatus::Expired | DealStatus::Unpaid if is_over => Standing::Expired,
            DealStatus::Expired => Standing::Closed,
            DealStatus::Unpaid => match self.link(deal.clone()).await {
                Ok(Link::Open(opened)) => Standing::Waiting(opened.code_url),
                Ok(Link::Paid(_)) => self.paid(&self.load(&order_id).await?).await?,
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

    async fn paid(&self, deal: &Deal) -> Result<Standing, GatewayError> {
        if deal.refunded.fee.is_none() {
            return Ok(if deal.refunded_at.is_some() { Standing::Refunded(GivenBack::default()) } else { Standing::Paid });
        }
        Ok(Standing::Refunded(GivenBack::by(&self.store.find_refunds(&deal.order_id).await?)))
    }
}

impl GivenBack {
    fn by(refunds: &[Refund]) -> Self {
        let of_payment = || refunds.iter().filter(|refund| !refund.is_of_second_payment && refund.state.holds_amount());
        let sum = |has_arrived: bool| {
            let meant = of_payment().filter(|refund| (refund.state == RefundState::Success) == has_arrived);
            Fen::new(meant.map(|refund| refund.fee.get()).sum())
        };
        Self { arrived: sum(true), under_way: sum(false) }
    }
}
