//! What a till asks for: an offer that the merchant's back end has signed.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use wechat_pay::clock::Clock;

use crate::support::random::Random;

/// What signs it, as `auth.signing_secrets` holds it.
pub const SIGNING_SECRETS: &str = "shop:0123456789abcdef0123456789abcdef";

/// What a till asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    pub merchant_id: i64,
    pub product_id: i64,
    pub fen: i64,
    /// By which it may be asked for again.
    pub key: Option<String>,
    pub nonce: String,
}

impl Wish {
    pub fn draw(random: &Random) -> Self {
        Self {
            merchant_id: random.between(1, 5).try_into().unwrap(),
            product_id: random.between(1, 1_000_000).try_into().unwrap(),
            fen: random.between(1, 9_999_999).try_into().unwrap(),
            key: random.happens(600).then(|| random.word()),
            nonce: random.word(),
        }
    }

    /// What is posted. It is signed each time, with its one nonce.
    pub fn offer(&self) -> Value {
        offer(self.merchant_id, self.product_id, &format!("{}.{:02}", self.fen / 100, self.fen % 100), &self.nonce)
    }
}

/// A signed offer, whatever its price.
pub fn offer(merchant_id: i64, product_id: i64, price: &str, nonce: &str) -> Value {
    let (merchant_id, product_id, timestamp) =
        (merchant_id.to_string(), product_id.to_string(), Clock::System.now().timestamp().to_string());
    let text = ["v1", &merchant_id, &product_id, price, &timestamp, nonce].join("\n");
    let secret = SIGNING_SECRETS.split_once(':').unwrap().1;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"merchant_id": merchant_id, "product_id": product_id, "price": price, "timestamp": timestamp, "nonce": nonce, "signature": signature})
}
