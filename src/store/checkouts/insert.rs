//! The insert of a new checkout, under its unique number and keys.

use sqlx::Error;

use crate::deal::{Checkout, Description, Reference};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// A checkout about to be made.
#[derive(Debug, Clone)]
pub struct NewCheckout {
    /// What it is.
    pub checkout: Checkout,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The nonce of the signed offer that it is made with.
    pub signed_nonce: Option<String>,
}

impl Store {
    /// Stores a new checkout.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the number, the idempotency key or the nonce is taken.
    pub async fn insert_checkout(&self, checkout: NewCheckout) -> Result<(), StoreError> {
        self.engine().change(Insert(checkout)).await?;
        Ok(())
    }
}

struct Insert(NewCheckout);

impl Change for Insert {
    const NAME: &'static str = "insert checkout";

    fn key(&self) -> Option<&str> {
        Some(self.0.checkout.checkout_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const INSERT: &str = "INSERT INTO checkout (checkout_id, account, account_named, merchant_id, product_id, total_fee, description, \
                              reference, return_url, cancel_url, idempotency_key, signed_nonce, created_at, expires_at, attempts) \
                              VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)";
        let change = conn.change_each(INSERT, rows, |Self(new)| {
            let checkout = &new.checkout;
            Values::of([
                checkout.checkout_id.as_str().into(),
                checkout.account.column().into(),
                i64::from(checkout.account_named).into(),
                checkout.merchant_id.into(),
                checkout.product_id.into(),
                checkout.price.get().into(),
                checkout.details.description.as_ref().map(Description::as_str).into(),
                checkout.details.reference.as_ref().map(Reference::as_str).into(),
                checkout.details.return_url.as_deref().into(),
                checkout.details.cancel_url.as_deref().into(),
                new.idempotency_key.as_deref().into(),
                new.signed_nonce.as_deref().into(),
                column(checkout.created_at).into(),
                column(checkout.expires_at).into(),
            ])
        });
        change.await
    }

    /// Whether the row is there: its number was drawn for it.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM checkout WHERE checkout_id = ?";
        conn.begin().await?;
        let counted = conn.rows::<(i64,)>(COUNT, Values::of([self.0.checkout.checkout_id.as_str().into()])).await;
        conn.end(counted.map(|counted| (false, counted == [(1,)]))).await
    }
}
