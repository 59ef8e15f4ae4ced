//! Opening a deal. The row is committed before WeChat is asked for what it is paid with, so nothing that can be paid is without a deal.

use std::net::IpAddr;

use chrono::TimeDelta;
use tracing::{error, warn};

use crate::channel::{Ground, Order, Way};
use crate::deal::{AccountId, Checkout, Deal, DealStatus, Details, Fen, Openid, OrderId, Reach, Route, TradeType};
use crate::store::{Event, EventKind, NewDeal, Origin, StoreError};

use super::link::{ASKING, Asking, Link};
use super::live::Facts;
use super::{Account, Gateway, GatewayError};

/// Numbers drawn for one deal. That one of them is taken is all but impossible; a third is refused for another reason.
const DRAWS: u32 = 3;
/// A link whose deal ends within this time is sent without `time_expire`: WeChat wants at least five minutes, and
/// clocks differ.
const SHORTEST_TIME_EXPIRE: TimeDelta = TimeDelta::seconds(360);

/// What is to be bought, as a front end asks for it.
#[derive(Debug, Clone)]
pub struct Purchase {
    /// The seller.
    pub merchant_id: i64,
    /// The product.
    pub product_id: i64,
    /// For how much.
    pub price: Fen,
    /// What the merchant says of it.
    pub details: Details,
    /// Through which account, where the caller names one: one that there is, and that the caller may use.
    pub account: Option<AccountId>,
    /// Which deals the caller may open, and find again.
    pub reach: Reach,
    /// The caller's name for this attempt, so that a repeat is not a second deal.
    pub idempotency_key: Option<String>,
    /// The nonce of the offer that the merchant's back end signed, where such a one is wanted: it is used once.
    pub signed_nonce: Option<String>,
}

/// A deal that is to be opened.
#[derive(Debug, Clone)]
pub struct ToPay {
    /// What is bought.
    pub purchase: Purchase,
    /// How the payer pays.
    pub trade_type: TradeType,
    /// Who pays, where that has to be known before ([`TradeType::Jsapi`]).
    pub openid: Option<Openid>,
    /// The payer's address.
    pub payer: IpAddr,
    /// The checkout that the deal is one way of.
    pub checkout: Option<Checkout>,
}

impl Gateway {
    /// Opens a deal, or finds the one that was opened under the same idempotency key.
    ///
    /// # Errors
    /// [`GatewayError::IdempotencyConflict`] and [`GatewayError::SignatureUsed`]; [`GatewayError::Busy`] before anything is
    /// stored; otherwise why no link could be had: the deal is stored, and a repeat under the same key asks again.
    /// [`GatewayError::TradeTypeOff`]: the account is not set up for this way.
    pub async fn to_pay(&self, wish: ToPay) -> Result<Link, GatewayError> {
        let account = match &wish.checkout {
            Some(checkout) => self.accounts.get(&checkout.account)?,
            None => self.accounts.get(&self.account_for(&wish.purchase))?,
        };
        if !account.offers(wish.trade_type, wish.checkout.is_some()) {
            return Err(GatewayError::TradeTypeOff(account.id().clone()));
        }
        if let Some(deal) = self.opened_before(&wish).await? {
            return Box::pin(self.resume(deal, &wish)).await;
        }
        // An offer is for one purchase. Of two deals a unique index keeps it.
        if let Some(nonce) = &wish.purchase.signed_nonce
            && self.store.is_nonce_used_for_checkout(wish.purchase.merchant_id, nonce).await?
        {
            return Err(GatewayError::SignatureUsed);
        }
        let mut number_was_taken = false;
        for _ in 0..DRAWS {
            let place = account.place_for_order().await.map_err(|_| GatewayError::Busy)?;
            let deal = self.draft(&wish, account);
            Self::is_about(&deal.order_id, &deal.account);
            let opened = self.event(&deal.order_id, EventKind::Opened, Origin::FrontEnd);
            match self.insert(&wish, deal.clone(), opened).await {
                Ok(false) => return Err(GatewayError::CheckoutClosed),
                Ok(true) => {
                    self.metrics.opened(&deal.account);
                    self.live.note_facts(&deal.order_id, Facts::new(Some(deal.expires_at), &deal.details));
                }
                Err(StoreError::Conflict) => {
                    if let Some(existing) = self.opened_before(&wish).await? {
                        return Box::pin(self.resume(existing, &wish)).await;
                    }
                    if self.is_offer_used(&wish).await? {
                        return Err(GatewayError::SignatureUsed);
                    }
                    // So it was the number: draw another one.
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            let route = Route::of_new_deal(deal.order_id.clone(), deal.account.clone()).in_checkout(deal.checkout_id.clone());
            let asking = Asking {
                route: &route,
                trade_type: deal.trade_type,
                until: deal.asking_until,
                expires_at: Some(deal.expires_at),
                details: &deal.details,
            };
            match self.ask_for_link(place, asking, deal.prepay_request).await {
                // WeChat knows our brand-new number: another program uses this merchant number. Once may be chance.
                Err(GatewayError::Refused(order_id, refusal)) if refusal.ground == Ground::NumberTaken && !number_was_taken => {
                    warn!(%order_id, "WeChat knows a number that was drawn just now; drawing another");
                    self.store.release_keys(&order_id).await?;
                    number_was_taken = true;
                }
                outcome => return outcome,
            }
        }
        self.metrics.not_opened();
        error!(alarm = "not_opened", "no new deal can be stored: a unique index of the table deal refuses each number that is drawn");
        Err(StoreError::Conflict.into())
    }

    async fn opened_before(&self, wish: &ToPay) -> Result<Option<Deal>, StoreError> {
        match (&wish.checkout, &wish.purchase.idempotency_key) {
            (Some(checkout), _) => self.store.find_attempt(&checkout.checkout_id, wish.trade_type).await,
            (None, Some(key)) => self.store.find_by_key(wish.purchase.merchant_id, key).await,
            (None, None) => Ok(None),
        }
    }

    /// `false`: the checkout that it is one way of wants no payment any more.
    async fn insert(&self, wish: &ToPay, deal: NewDeal, opened: Event) -> Result<bool, StoreError> {
        match &wish.checkout {
            Some(checkout) => {
                // The later of the two clocks: none that has said that its time is over is to be wrong.
                let now = deal.created_at.max(self.now_by_database());
                self.store.insert_attempt(&checkout.checkout_id, now, deal, opened).await
            }
            None => self.store.insert(deal, opened).await.map(|()| true),
        }
    }

    /// Asked only after an insert was refused, whose unique index is what keeps an offer from opening two deals, on
    /// whichever instance. A repeat under the same idempotency key has found its deal before.
    async fn is_offer_used(&self, wish: &ToPay) -> Result<bool, StoreError> {
        match &wish.purchase.signed_nonce {
            Some(nonce) => self.store.is_nonce_used(wish.purchase.merchant_id, nonce).await,
            None => Ok(false),
        }
    }

    fn draft(&self, wish: &ToPay, account: &Account) -> NewDeal {
        let created_at = self.clock.now_seconds();
        let expires_at = wish.checkout.as_ref().map_or(created_at + self.terms.expire_after, |checkout| checkout.expires_at);
        let order_id = OrderId::draw(created_at, self.chance.draw());
        let body = match &wish.purchase.details.description {
            Some(description) => description.as_str().to_owned(),
            None => {
                let body = account.terms().body.replace("{merchant_id}", &wish.purchase.merchant_id.to_string());
                body.replace("{product_id}", &wish.purchase.product_id.to_string())
            }
        };
        let order = Order {
            order_id: &order_id,
            total_fee: wish.purchase.price,
            body: &body,
            way: self.way(wish),
            payer: wish.payer,
            time_expire: (expires_at - created_at >= SHORTEST_TIME_EXPIRE).then_some(expires_at),
        };
        NewDeal {
            prepay_request: account.draft(&order, &self.chance),
            account: account.id().clone(),
            account_named: wish.purchase.account.is_some(),
            details: wish.purchase.details.clone(),
            trade_type: wish.trade_type,
            checkout_id: wish.checkout.as_ref().map(|checkout| checkout.checkout_id.clone()),
            merchant_id: wish.purchase.merchant_id,
            product_id: wish.purchase.product_id,
            price: wish.purchase.price,
            idempotency_key: wish.purchase.idempotency_key.clone(),
            signed_nonce: wish.purchase.signed_nonce.clone(),
            asking_until: created_at + ASKING,
            // Looks are kept by the database's clock.
            due_at: self.terms.schedule.next(created_at, expires_at, created_at) + self.skew(),
            created_at,
            expires_at,
            order_id,
        }
    }

    fn way<'a>(&'a self, wish: &'a ToPay) -> Way<'a> {
        match (wish.trade_type, &wish.openid) {
            (TradeType::Jsapi, Some(openid)) => Way::Jsapi { openid },
            (TradeType::Mweb, _) => Way::Mweb { site_url: &self.terms.site.url, site_name: &self.terms.site.name },
            (TradeType::App, _) => Way::App,
            // No caller asks for JSAPI without saying who pays.
            (TradeType::Native | TradeType::Jsapi, _) => Way::Native { product_id: wish.purchase.product_id },
        }
    }

    /// The account that a caller names, or else the seller's.
    pub fn account_for(&self, purchase: &Purchase) -> AccountId {
        purchase.account.clone().unwrap_or_else(|| self.accounts.of_seller(purchase.merchant_id))
    }

    /// Whether there is such an account.
    pub fn has_account(&self, account: &AccountId) -> bool {
        self.accounts.get(account).is_ok()
    }

    /// The same wish again: the same deal, with its stored link if there is one.
    async fn resume(&self, deal: Deal, wish: &ToPay) -> Result<Link, GatewayError> {
        Self::is_about(&deal.order_id, &deal.account);
        // Before all else, so that of a deal beyond its reach a caller learns nothing by trying. Where neither
        // call named an account, the deal's may be one that was the seller's then.
        let is_another = wish.purchase.account.as_ref() != deal.account_named.then_some(&deal.account) || !wish.purchase.reach.has(&deal);
        if is_another && wish.checkout.is_none() {
            return Err(GatewayError::IdempotencyConflict("account"));
        }
        if deal.product_id != wish.purchase.product_id {
            return Err(GatewayError::IdempotencyConflict("product_id"));
        }
        if deal.charged != Some(wish.purchase.price) {
            return Err(GatewayError::IdempotencyConflict("price"));
        }
        if let Some(field) = deal.details.differs_in(&wish.purchase.details) {
            return Err(GatewayError::IdempotencyConflict(field));
        }
        if deal.trade_type != wish.trade_type {
            return Err(GatewayError::IdempotencyConflict("trade_type"));
        }
        if let (Some(openid), Some(request)) = (&wish.openid, &deal.prepay.request)
            && !self.accounts.get(&deal.account)?.is_for_payer(request, openid)
        {
            return Err(GatewayError::IdempotencyConflict("openid"));
        }
        // WeChat lets a phone's browser pay from the address alone that the order was made for. A caller of toPay knows its payer.
        if let (TradeType::Mweb, Some(_), Some(request)) = (wish.trade_type, &wish.checkout, &deal.prepay.request)
            && deal.status == DealStatus::Unpaid
            && !self.accounts.get(&deal.account)?.is_for_address(request, wish.payer)
        {
            return Err(GatewayError::OtherAddress);
        }
        if wish.checkout.is_some() { self.link_for_page(deal).await } else { self.link(deal).await }
    }
}
