//! What a payer's page shows of a checkout: the way to pay that fits the payer's device, opened when it is first needed.

use std::net::IpAddr;

use crate::deal::{Checkout, CheckoutId, Details, Openid, Reach, TradeType};

use super::link::Link;
use super::pay_page::{Bought, PayPage, Standing};
use super::to_pay::{Purchase, ToPay};
use super::{Gateway, GatewayError};

/// Who is about to pay a checkout, and how.
#[derive(Debug, Clone)]
pub struct Payer {
    /// In which way.
    pub trade_type: TradeType,
    /// Who, where that has to be known.
    pub openid: Option<Openid>,
    /// From which address.
    pub address: IpAddr,
}

/// The ways in which a checkout may be paid beside the scanning of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// Inside WeChat, by a payer who has logged in.
    pub jsapi: bool,
    /// From a phone's browser.
    pub mweb: bool,
}

impl Gateway {
    /// The ways in which a checkout may be paid beside the scanning of a code.
    ///
    /// # Errors
    /// [`GatewayError::NoAccount`].
    pub fn ways(&self, checkout: &Checkout) -> Result<Ways, GatewayError> {
        let account = self.accounts.get(&checkout.account)?;
        let offers = |trade_type| account.offers(trade_type, true);
        Ok(Ways { jsapi: offers(TradeType::Jsapi) && account.login().is_some(), mweb: offers(TradeType::Mweb) })
    }

    /// Whether a payer may still begin to pay a checkout.
    pub fn is_open(&self, checkout: &Checkout) -> bool {
        checkout.is_open(self.clock.now())
    }

    /// The page of a checkout for this payer; `None`: for one who pays in no way from here.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`] and [`GatewayError::Store`]; a way that cannot be had is [`Standing::Trouble`].
    pub async fn checkout_page(&self, checkout_id: &CheckoutId, payer: Option<Payer>) -> Result<PayPage, GatewayError> {
        let checkout = self.find_checkout(checkout_id, &Reach::default()).await?;
        if let Some(page) = self.page_of_decided(&checkout).await? {
            return Ok(page);
        }
        let page = |standing, order_id| PayPage {
            bought: Bought { order_id, ..Bought::from(&checkout) },
            expires_at: checkout.expires_at,
            is_undecided: true,
            standing,
        };
        let Some(payer) = payer else { return Ok(page(Standing::Elsewhere, None)) };
        let way = payer.trade_type;
        let paid_by_scanning = Payer { trade_type: TradeType::Native, openid: None, address: payer.address };
        let link = match self.to_pay(attempt(&checkout, payer)).await {
            // Not from this browser: then in WeChat on the same phone, or else by scanning with another one.
            Err(GatewayError::OtherAddress | GatewayError::Refused(..)) if way == TradeType::Mweb && self.ways(&checkout)?.jsapi => {
                return Ok(page(Standing::Elsewhere, None));
            }
            Err(GatewayError::OtherAddress | GatewayError::Refused(..)) if way != TradeType::Native => {
                self.to_pay(attempt(&checkout, paid_by_scanning)).await
            }
            link => link,
        };
        Ok(match link {
            Ok(Link::Open(opened)) => page(Standing::Waiting(opened.payable), Some(opened.order_id)),
            Ok(Link::Closed(order_id)) => page(Standing::Closed, Some(order_id)),
            Err(GatewayError::TradeTypeOff(_) | GatewayError::OtherAddress) if self.ways(&checkout)?.jsapi => {
                page(Standing::Elsewhere, None)
            }
            Err(GatewayError::IdempotencyConflict(_)) => page(Standing::Taken, None),
            Err(error @ GatewayError::Store(_)) => return Err(error),
            // It was decided meanwhile.
            outcome @ (Ok(Link::Paid(_)) | Err(GatewayError::CheckoutClosed)) => {
                let checkout = self.find_checkout(checkout_id, &Reach::default()).await?;
                let standing = if outcome.is_ok() { Standing::Trouble } else { Standing::Closed };
                self.page_of_decided(&checkout).await?.unwrap_or_else(|| page(standing, None))
            }
            Err(error) => page(Standing::trouble(&error), None),
        })
    }

    /// `None`: a payer may begin to pay it.
    pub(super) async fn page_of_decided(&self, checkout: &Checkout) -> Result<Option<PayPage>, GatewayError> {
        let (checkout_id, now) = (Some(checkout.checkout_id.clone()), self.clock.now());
        if let Some(order_id) = &checkout.paid_by {
            let page = self.page_of(self.load(order_id).await?).await?;
            return Ok(Some(PayPage { bought: Bought { checkout_id, ..page.bought }, ..page }));
        }
        if checkout.is_open(now) {
            return Ok(None);
        }
        let standing = if checkout.given_up_at.is_some() { Standing::Closed } else { Standing::Expired };
        let (bought, expires_at) = (Bought::from(checkout), checkout.expires_at);
        // A payment of the last moment may come to light yet.
        Ok(Some(PayPage { bought, expires_at, is_undecided: true, standing }))
    }
}

/// The deal by which a checkout is paid in this way.
fn attempt(checkout: &Checkout, Payer { trade_type, openid, address }: Payer) -> ToPay {
    let purchase = Purchase {
        merchant_id: checkout.merchant_id,
        product_id: checkout.product_id,
        price: checkout.price,
        details: checkout.details.clone(),
        account: checkout.account_named.then(|| checkout.account.clone()),
        reach: Reach::default(),
        idempotency_key: None,
        signed_nonce: None,
    };
    ToPay { purchase, trade_type, openid, payer: address, checkout: Some(checkout.clone()) }
}

impl From<&Checkout> for Bought {
    fn from(checkout: &Checkout) -> Self {
        Self {
            order_id: None,
            checkout_id: Some(checkout.checkout_id.clone()),
            product_id: checkout.product_id,
            price: Some(checkout.price),
            details: Details::clone(&checkout.details),
            created_at: checkout.created_at,
            paid_at: None,
            transaction_id: None,
        }
    }
}
