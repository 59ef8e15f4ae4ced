//! One link for every device: a checkout is stored, and WeChat is asked for nothing until a payer comes.

use tracing::info;

use crate::deal::{Checkout, CheckoutId, Reach};
use crate::store::{NewCheckout, StoreError};

use super::to_pay::Purchase;
use super::{Gateway, GatewayError};

/// Numbers drawn for one checkout; that one of them is taken is all but impossible.
const DRAWS: u32 = 3;

impl Gateway {
    /// Makes a checkout, or finds the one that was made under the same idempotency key.
    ///
    /// # Errors
    /// [`GatewayError::IdempotencyConflict`], [`GatewayError::SignatureUsed`] and [`GatewayError::Store`].
    pub async fn open_checkout(&self, purchase: &Purchase) -> Result<Checkout, GatewayError> {
        if let Some(checkout) = self.made_before(purchase).await? {
            return is_same(checkout, purchase);
        }
        // An offer is for one purchase. Of two checkouts a unique index keeps it.
        if let Some(nonce) = &purchase.signed_nonce
            && self.store.is_nonce_used(purchase.merchant_id, nonce).await?
        {
            return Err(GatewayError::SignatureUsed);
        }
        // One that there is, so that the checkout can be paid.
        let account = self.accounts.get(&self.account_for(purchase))?;
        if !account.has_checkouts() {
            return Err(GatewayError::TradeTypeOff(account.id().clone()));
        }
        let account = account.id().clone();
        for _ in 0..DRAWS {
            let created_at = self.clock.now_seconds();
            let checkout = Checkout {
                checkout_id: CheckoutId::draw(created_at, self.chance.draw()),
                account: account.clone(),
                account_named: purchase.account.is_some(),
                merchant_id: purchase.merchant_id,
                product_id: purchase.product_id,
                price: purchase.price,
                details: purchase.details.clone(),
                created_at,
                expires_at: created_at + self.terms.expire_after,
                paid_by: None,
                given_up_at: None,
            };
            let new = NewCheckout {
                checkout: checkout.clone(),
                idempotency_key: purchase.idempotency_key.clone(),
                signed_nonce: purchase.signed_nonce.clone(),
            };
            match self.store.insert_checkout(new).await {
                Ok(()) => {
                    info!(checkout_id = %checkout.checkout_id, "a checkout is made");
                    return Ok(checkout);
                }
                Err(StoreError::Conflict) => {
                    if let Some(existing) = self.made_before(purchase).await? {
                        return is_same(existing, purchase);
                    }
                    if let Some(nonce) = &purchase.signed_nonce
                        && self.store.is_nonce_used_for_checkout(purchase.merchant_id, nonce).await?
                    {
                        return Err(GatewayError::SignatureUsed);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// The checkout of this number.
    ///
    /// # Errors
    /// [`GatewayError::NotFound`], also for one that is not within the caller's reach; [`GatewayError::Store`].
    pub async fn find_checkout(&self, checkout_id: &CheckoutId, reach: &Reach) -> Result<Checkout, GatewayError> {
        let found = self.store.find_checkout(checkout_id).await?;
        found.filter(|checkout| checkout.is_within(reach)).ok_or(GatewayError::NotFound)
    }

    async fn made_before(&self, purchase: &Purchase) -> Result<Option<Checkout>, StoreError> {
        match &purchase.idempotency_key {
            Some(key) => self.store.find_checkout_by_key(purchase.merchant_id, key).await,
            None => Ok(None),
        }
    }
}

/// The same wish again is the same checkout; another one under the same key is none. Before all else, so that of a checkout beyond its
/// reach a caller learns nothing by trying.
fn is_same(checkout: Checkout, purchase: &Purchase) -> Result<Checkout, GatewayError> {
    let is_its_account = purchase.account.as_ref() == checkout.account_named.then_some(&checkout.account);
    let differs = match () {
        () if !is_its_account || !checkout.is_within(&purchase.reach) => Some("account"),
        () if checkout.product_id != purchase.product_id => Some("product_id"),
        () if checkout.price != purchase.price => Some("price"),
        () => checkout.details.differs_in(&purchase.details),
    };
    differs.map_or(Ok(checkout), |field| Err(GatewayError::IdempotencyConflict(field)))
}
