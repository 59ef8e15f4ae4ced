//! What WeChat posts when an order was paid (支付结果通知): PROTOCOL.md, 7.

use crate::deal::OrderId;

use super::merchant::Merchant;
use super::sign::SignatureError;
use super::trade::{Evidence, PaidTrade, Source, out_trade_no};
use super::xml::{self, XmlError};

/// A notification whose signature, appid and mch_id are right.
#[derive(Debug)]
pub enum Notification {
    /// The order was paid.
    Paid(PaidTrade),
    /// A payment was tried and failed. Acknowledged and otherwise only taken note of.
    Failed {
        /// Which order.
        order_id: OrderId,
    },
}

/// Why a notification is not believed. The texts are fixed: nothing of the post is ever echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Not a message of the protocol.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// A refund notification (`req_info`): encrypted instead of signed, and never "no signature, so skip it".
    #[error("refund notifications are not taken here")]
    Refund,
    /// Not signed by WeChat with our key and algorithm.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// Signed, but a required field is missing or malformed.
    #[error("the notification has no valid {0}")]
    Incomplete(&'static str),
    /// Signed, but for another appid or merchant number.
    #[error("the notification has a foreign {0}")]
    Foreign(&'static str),
}

impl Merchant {
    /// Reads and verifies the body of a notification. The content type does not matter, the bytes do.
    ///
    /// The signature is checked before any field is looked at, over every field received, with the algorithm of
    /// our configuration. A `sign_type` in the message is one signed field among others.
    pub fn read_notification(&self, body: &[u8]) -> Result<Notification, NotificationError> {
        let fields = xml::parse(body)?;
        if fields.contains("req_info") && !fields.contains("sign") {
            return Err(NotificationError::Refund);
        }
        self.verify(&fields)?;
        if fields.get("return_code") != Some("SUCCESS") {
            return Err(NotificationError::Incomplete("return_code"));
        }
        for required in ["appid", "mch_id"] {
            fields.get(required).ok_or(NotificationError::Incomplete(required))?;
        }
        let notification = match fields.get("result_code") {
            Some("SUCCESS") => PaidTrade::read(&fields, Source::Notification, Evidence::new(body)).map(Notification::Paid),
            Some("FAIL") => out_trade_no(&fields).map(|order_id| Notification::Failed { order_id }),
            _ => Err("result_code"),
        };
        let notification = notification.map_err(NotificationError::Incomplete)?;
        match self.foreign_field(&fields) {
            Some(field) => Err(NotificationError::Foreign(field)),
            None => Ok(notification),
        }
    }
}

#[cfg(test)]
mod tests;
