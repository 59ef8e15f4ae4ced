//! What a payer's page shows. It is told by the store alone, so that a page never waits for WeChat; only a deal whose link
//! never arrived (the outcome of toPay was unknown) gets it now, by the identical request.

use tracing::info;

use crate::deal::{CheckoutId, Deal, DealStatus, Details, Fen, OrderId, Refund, RefundState, Timestamp};

use super::link::{Link, Payable};
use super::{Gateway, GatewayError};

/// A purchase as its payer is to see it: a deal, or a checkout with the deal that is its way to be paid here.
#[derive(Debug, Clone)]
pub struct PayPage {
    /// What is bought.
    pub bought: Bought,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// Whether more may happen to it: it is neither paid nor given up, as far as is stored.
    pub is_undecided: bool,
    /// How it stands.
    pub standing: Standing,
}

/// What is bought.
#[derive(Debug, Clone)]
pub struct Bought {
    /// The deal's number; `None`: of a checkout, none is opened for this payer.
    pub order_id: Option<OrderId>,
    /// The checkout's, if it is one.
    pub checkout_id: Option<CheckoutId>,
    /// The product.
    pub product_id: i64,
    /// The price, if it is a whole amount of fen.
    pub price: Option<Fen>,
    /// What the merchant said of it.
    pub details: Details,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was paid, once paid.
    pub paid_at: Option<Timestamp>,
    /// WeChat's number of the payment, once paid by WeChat.
    pub transaction_id: Option<String>,
}

impl From<&Deal> for Bought {
    fn from(deal: &Deal) -> Self {
        Self {
            order_id: Some(deal.order_id.clone()),
            checkout_id: None,
            product_id: deal.product_id,
            price: deal.charged,
            details: deal.details.clone(),
            created_at: deal.created_at,
            paid_at: deal.paid_at,
            transaction_id: deal.transaction_id.clone().filter(|_| deal.mode.is_wechat()),
        }
    }
}

/// How a deal stands for its payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can be paid by this.
    Waiting(Payable),
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
    /// Another payer has begun to pay it inside WeChat, in whose name the order is.
    Taken,
    /// From this device it cannot be paid: there is no way for it that the merchant has.
    Elsewhere,
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
        // Nobody is to pay one way of a checkout that was paid in another.
        if let Some(checkout_id) = &deal.checkout_id
            && let Some(checkout) = self.store.find_checkout(checkout_id).await?
            && let Some(page) = self.page_of_decided(&checkout).await?
        {
            return Ok(page);
        }
        self.page_of(deal).await
    }

    pub(super) async fn page_of(&self, deal: Deal) -> Result<PayPage, GatewayError> {
        let expires_at = deal.payable_until();
        let is_over = expires_at <= self.clock.now();
        let (mut bought, mut is_undecided) = (Bought::from(&deal), deal.status == DealStatus::Unpaid);
        let standing = match deal.status {
            DealStatus::Paid => self.paid(&deal).await?,
            DealStatus::Expired | DealStatus::Unpaid if is_over => Standing::Expired,
            DealStatus::Expired => Standing::Closed,
            DealStatus::Unpaid => match self.link_for_page(deal.clone()).await {
                Ok(Link::Open(opened)) => Standing::Waiting(opened.payable),
                Ok(Link::Paid(order_id)) => {
                    let deal = self.load(&order_id).await?;
                    (bought, is_undecided) = (Bought::from(&deal), false);
                    self.paid(&deal).await?
                }
                Ok(Link::Closed(_)) => Standing::Closed,
                Err(error @ GatewayError::Store(_)) => return Err(error),
                Err(error) => Standing::trouble(&error),
            },
        };
        Ok(PayPage { bought, expires_at, is_undecided, standing })
    }

    async fn paid(&self, deal: &Deal) -> Result<Standing, GatewayError> {
        if deal.refunded.fee.is_none() {
            return Ok(if deal.refunded_at.is_some() { Standing::Refunded(GivenBack::default()) } else { Standing::Paid });
        }
        Ok(Standing::Refunded(GivenBack::by(&self.store.find_refunds(&deal.order_id).await?)))
    }
}

impl Standing {
    /// A payer's page has no link to show.
    pub(super) fn trouble(error: &GatewayError) -> Self {
        info!(%error, "a payer's page has no link to show");
        Self::Trouble
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
