//! Idempotency of payments: the key by which a payment is held to pay one order only, and by which a deal's own payment is known.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{AccountId, Deal};

/// The key of a payment: its transaction id within its account, so that no account can use up another's. That of the account
/// `default` is the id itself, as it always was; any other's is a digest, since the column has 45 characters, and begins with a
/// space, which no transaction id does.
pub fn transaction_key<'t>(account: &AccountId, transaction_id: &'t str) -> Cow<'t, str> {
    let Some(account) = account.column() else { return transaction_id.into() };
    let digest = Sha256::digest(format!("{account}\n{transaction_id}"));
    digest[..22].iter().fold(" ".to_owned(), |key, byte| format!("{key}{byte:02x}")).into()
}

impl Deal {
    /// Whether it was paid by this payment of its account. `None`: no word of WeChat's says by which, whatever another program has
    /// written for its number.
    pub fn is_paid_by(&self, transaction_id: &str) -> Option<bool> {
        self.transaction_key.as_ref().map(|own| *own == transaction_key(&self.account, transaction_id))
    }

    /// WeChat's number of its payment, where WeChat's word says that this is it.
    pub fn proven_transaction_id(&self) -> Option<&str> {
        self.transaction_id.as_deref().filter(|id| self.is_paid_by(id) == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_another_at_another_account() {
        let (default, shop2): (AccountId, AccountId) = (AccountId::default(), "shop2".parse().unwrap());
        let id = "4200002100202604010000000001";
        assert_eq!(transaction_key(&default, id), id);
        let key = transaction_key(&shop2, id);
        assert!(key.len() == 45 && key.starts_with(' '), "{key}");
        assert_ne!(key, transaction_key(&"shop3".parse().unwrap(), id));
        assert_ne!(key, transaction_key(&shop2, "4200002100202604010000000002"));
    }
}
