//! The insert of a new deal, under its unique numbers and keys.

use std::sync::LazyLock;

use sqlx::Error;

use crate::deal::{AccountId, CheckoutId, Description, Details, Fen, OrderId, Reference, Timestamp, TradeType};
use crate::store::columns::column;
use crate::store::engine::connection::Conn;
use crate::store::engine::sizes::Texts;
use crate::store::engine::statement::Change;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::journal::event::Event;

use super::prepay::HAS_NO_TICKET;

/// A deal about to be opened.
#[derive(Debug, Clone)]
pub struct NewDeal {
    /// Our number for it.
    pub order_id: OrderId,
    /// Through which account WeChat is asked about it, for ever.
    pub account: AccountId,
    /// Whether the caller named it, and it is not merely the seller's.
    pub account_named: bool,
    /// The seller.
    pub merchant_id: i64,
    /// What is sold.
    pub product_id: i64,
    /// What the merchant says of it.
    pub details: Details,
    /// How its payer pays.
    pub trade_type: TradeType,
    /// Of which checkout it is one way, if of any ([`Store::insert_attempt`]).
    pub checkout_id: Option<CheckoutId>,
    /// What is charged.
    pub price: Fen,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The nonce of the signed offer that it is opened with.
    pub signed_nonce: Option<String>,
    /// The exact bytes that WeChat will be asked with.
    pub prepay_request: String,
    /// Until when the caller that opens it is asking WeChat.
    pub asking_until: Timestamp,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When it is first looked at.
    pub due_at: Timestamp,
}

impl NewDeal {
    /// NULL where the code is scanned, as in the rows of the original's; in an attempt of a checkout it is always said, for the index that
    /// keeps each way from being opened twice.
    fn trade_type_column(&self) -> Option<&'static str> {
        let is_said = self.checkout_id.is_some() || self.trade_type != TradeType::Native;
        is_said.then(|| self.trade_type.as_str())
    }
}

impl Store {
    /// Stores a new deal.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the order id, the idempotency key or the nonce is taken.
    pub async fn insert(&self, deal: NewDeal, event: Event) -> Result<(), StoreError> {
        self.change_and_tell(Insert(deal), event).await?;
        Ok(())
    }

    /// Takes the idempotency key, the nonce and the place in its checkout off a deal whose number WeChat would not take, for the deal that
    /// replaces it.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn release_keys(&self, order_id: &OrderId) -> Result<(), StoreError> {
        self.engine().change(ReleaseKeys { order_id: order_id.clone() }).await?;
        Ok(())
    }
}

pub struct Insert(pub NewDeal);

impl Change for Insert {
    const NAME: &'static str = "insert";

    fn key(&self) -> Option<&str> {
        Some(self.0.order_id.as_str())
    }

    fn may_travel(&self) -> bool {
        true
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static INSERT: Texts = Texts::new(|rows| {
            let values = rows.list("(?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
            format!(
                "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, \
                 idempotency_key, signed_nonce, prepay_request, asking_until, create_at, update_at, expires_at, due_at, \
                 account, account_named, description, reference, return_url, cancel_url, trade_type, checkout_id) VALUES {values}"
            )
        });
        let mut values = Values::default();
        for Self(deal) in rows {
            values.extend([
                deal.order_id.as_str().into(),
                deal.order_id.as_str().into(),
                deal.product_id.into(),
                deal.merchant_id.into(),
                deal.price.to_price().into(),
                deal.price.to_price().into(),
                deal.price.get().into(),
                deal.idempotency_key.as_deref().into(),
                deal.signed_nonce.as_deref().into(),
                deal.prepay_request.as_str().into(),
                column(deal.asking_until).into(),
                column(deal.created_at).into(),
                column(deal.created_at).into(),
                column(deal.expires_at).into(),
                column(deal.due_at).into(),
                deal.account.column().into(),
                i64::from(deal.account_named).into(),
                deal.details.description.as_ref().map(Description::as_str).into(),
                deal.details.reference.as_ref().map(Reference::as_str).into(),
                deal.details.return_url.as_deref().into(),
                deal.details.cancel_url.as_deref().into(),
                deal.trade_type_column().into(),
                deal.checkout_id.as_ref().map(CheckoutId::as_str).into(),
            ]);
        }
        conn.change(INSERT.of(rows.len(), conn), values).await
    }

    /// Whether the row is there and is this very one: the request has a nonce in it.
    async fn is_stored(&self, conn: &mut Conn) -> Result<bool, Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM deal WHERE order_key = ? AND prepay_request = ?";
        let values = Values::of([self.0.order_id.as_str().into(), self.0.prepay_request.as_str().into()]);
        conn.begin().await?;
        let counted = conn.rows::<(i64,)>(COUNT, values).await;
        conn.end(counted.map(|counted| (false, counted == [(1,)]))).await
    }
}

struct ReleaseKeys {
    order_id: OrderId,
}

impl Change for ReleaseKeys {
    const NAME: &'static str = "release keys";

    fn key(&self) -> Option<&str> {
        Some(self.order_id.as_str())
    }

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            format!(
                "UPDATE deal SET idempotency_key = NULL, signed_nonce = NULL, checkout_id = NULL, create_at = create_at, \
                 update_at = update_at WHERE order_key = ? AND COALESCE(status, 0) = 0 AND {HAS_NO_TICKET}"
            )
        });
        conn.change_each(&UPDATE, rows, |row| Values::of([row.order_id.as_str().into()])).await
    }
}
