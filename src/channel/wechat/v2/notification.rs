//! What WeChat posts when an order was paid (支付结果通知): PROTOCOL.md, 7.

use crate::deal::OrderId;

use super::algorithm::Unconfirmed;
use super::fields::Fields;
use super::merchant::Merchant;
use super::sign::SignatureError;
use super::xml::{self, XmlError};
use crate::channel::proof::{Evidence, ProvenPayment, Source, out_trade_no};

/// What a notification tells, whose signature, appid and mch_id are right; or one of a refund, which has no signature and
/// proves nothing.
#[derive(Debug)]
pub enum Notification {
    /// The order was paid.
    Paid(ProvenPayment),
    /// A payment was tried and failed. Acknowledged and otherwise only taken note of.
    Failed {
        /// Which order.
        order_id: OrderId,
    },
    /// Something was given back (`req_info`): encrypted instead of signed, and of an order that only its text names.
    Refund,
}

/// A notification that our key has signed.
#[derive(Debug)]
pub enum Reading {
    /// By the configured algorithm.
    Verified(Notification),
    /// By the other one, which is right if its order was sent so.
    OtherAlgorithm(Unconfirmed),
}

/// Why a notification is not believed. The texts are fixed: nothing of the post is ever echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Not a message of the protocol.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// Not signed by WeChat with our key.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// A required field is missing or malformed.
    #[error("the notification has no valid {0}")]
    Incomplete(&'static str),
    /// For another appid or merchant number.
    #[error("the notification has a foreign {0}")]
    Foreign(&'static str),
}

impl Merchant {
    /// Reads and verifies the body of a notification. The content type does not matter, the bytes do.
    ///
    /// The signature is checked before any field is looked at, over every field received, with the algorithm of
    /// our configuration and then with the other one. A `sign_type` in the message is one signed field among others.
    pub fn read_notification(&self, body: &[u8]) -> Result<Reading, NotificationError> {
        let fields = xml::parse(body)?;
        if is_of_refund(&fields) {
            return self.read_verified(&fields, || Ok(Notification::Refund)).map(Reading::Verified);
        }
        let read = || match fields.get("result_code") {
            Some("SUCCESS") => ProvenPayment::read(&fields, Source::Notification, Evidence::new(body)).map(Notification::Paid),
            Some("FAIL") => out_trade_no(&fields).map(|order_id| Notification::Failed { order_id }),
            _ => Err("result_code"),
        };
        let Err(wrong) = self.verify(&fields) else { return self.read_verified(&fields, read).map(Reading::Verified) };
        let sign_type = self.signer.sign_type().other();
        self.by(sign_type).verify(&fields).map_err(|_| wrong)?;
        let notification = self.read_verified(&fields, read)?;
        let order_id = out_trade_no(&fields).map_err(NotificationError::Incomplete)?;
        Ok(Reading::OtherAlgorithm(Unconfirmed { order_id, notification, sign_type }))
    }

    /// What all notifications have, and then what this one tells.
    fn read_verified(
        &self,
        fields: &Fields,
        read: impl FnOnce() -> Result<Notification, &'static str>,
    ) -> Result<Notification, NotificationError> {
        if fields.get("return_code") != Some("SUCCESS") {
            return Err(NotificationError::Incomplete("return_code"));
        }
        for required in ["appid", "mch_id"] {
            fields.get(required).ok_or(NotificationError::Incomplete(required))?;
        }
        let notification = read().map_err(NotificationError::Incomplete)?;
        match self.foreign_field(fields) {
            Some(field) => Err(NotificationError::Foreign(field)),
            None => Ok(notification),
        }
    }
}

/// Whether it is a refund's, which has `req_info`, in Base64, and neither `sign` nor `result_code` (PROTOCOL.md, 3.10). A
/// payment without its signature is none, whatever is added to it.
fn is_of_refund(fields: &Fields) -> bool {
    let is_base64 = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b));
    fields.get("req_info").is_some_and(is_base64) && !fields.contains("sign") && !fields.contains("result_code")
}

#[cfg(test)]
mod tests;
