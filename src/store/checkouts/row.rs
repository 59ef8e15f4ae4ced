//! Rows of `checkout`, and what they mean.

use tracing::warn;

use crate::deal::{AccountId, Checkout, Details, Fen, Timestamp};
use crate::store::columns::time;

/// Which of its deals has paid a checkout. Another program that marks a deal as paid (the original's, or this service before there were
/// checkouts) does not take a turn at the checkout.
pub const PAID_BY: &str =
    "COALESCE(paid_by, (SELECT MIN(order_key) FROM deal WHERE deal.checkout_id = checkout.checkout_id AND status = 1))";

/// That none of its deals has paid a checkout, by the same words.
pub const IS_UNPAID: &str =
    "paid_by IS NULL AND NOT EXISTS (SELECT 1 FROM deal WHERE deal.checkout_id = checkout.checkout_id AND status = 1)";

/// The question for rows of `checkout`, with an index that they are found by.
pub fn select_from(table: &str, condition: &str) -> String {
    format!(
        "SELECT CAST(id AS SIGNED) AS id, checkout_id, account, CAST(account_named AS SIGNED) AS account_named, merchant_id, product_id, \
         total_fee, description, reference, return_url, cancel_url, CAST(created_at AS CHAR(19)) AS created_at, \
         CAST(expires_at AS CHAR(19)) AS expires_at, {PAID_BY} AS paid_by, CAST(given_up_at AS CHAR(19)) AS given_up_at \
         FROM {table} WHERE {condition}"
    )
}

/// One row as both engines give it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CheckoutRow {
    id: i64,
    checkout_id: String,
    account: Option<String>,
    account_named: i64,
    merchant_id: i64,
    product_id: i64,
    total_fee: i64,
    description: Option<String>,
    reference: Option<String>,
    return_url: Option<String>,
    cancel_url: Option<String>,
    created_at: Option<String>,
    expires_at: Option<String>,
    paid_by: Option<String>,
    given_up_at: Option<String>,
}

impl CheckoutRow {
    /// The checkout that the row stands for. `None`, and a line in the log, for one that no program should have written.
    pub fn into_checkout(self) -> Option<Checkout> {
        let id = self.id;
        let checkout = self.read();
        if checkout.is_none() {
            warn!(row = id, "a row of checkout cannot be read");
        }
        checkout
    }

    fn read(self) -> Option<Checkout> {
        Some(Checkout {
            checkout_id: self.checkout_id.parse().ok()?,
            account: AccountId::from_column(self.account),
            account_named: self.account_named == 1,
            merchant_id: self.merchant_id,
            product_id: self.product_id,
            price: Fen::new(self.total_fee)?,
            details: Details {
                description: self.description.and_then(|text| text.parse().ok()),
                reference: self.reference.and_then(|text| text.parse().ok()),
                return_url: self.return_url.map(Into::into),
                cancel_url: self.cancel_url.map(Into::into),
            },
            created_at: time(self.created_at).unwrap_or(Timestamp::UNIX_EPOCH),
            expires_at: time(self.expires_at)?,
            paid_by: self.paid_by.map(|text| text.parse()).transpose().ok()?,
            given_up_at: time(self.given_up_at),
        })
    }
}
