//! Verification of WeChat's payment notifications (支付结果通知): PROTOCOL.md, 7.

use crate::channel::error::Malformed;
use crate::channel::notice::{Acknowledgement, Addressee, News, NoticeError, Reading, Receipt, Unconfirmed};
use crate::channel::proof::{Evidence, Source};

use super::fields::Fields;
use super::merchant::{Merchant, addressee};
use super::payment::out_trade_no;
use super::xml;

/// Exactly this acknowledges a notification (PROTOCOL.md, fact 7).
const SUCCESS: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

/// A notification's body, parsed and not believed. The content type does not matter, the bytes do.
#[derive(Debug)]
pub struct UnverifiedNotice<'a> {
    body: &'a [u8],
    fields: Fields,
}

impl<'a> UnverifiedNotice<'a> {
    /// Parses a body.
    ///
    /// # Errors
    /// It is no message of the protocol.
    pub fn parse(body: &'a [u8]) -> Result<Self, NoticeError> {
        Ok(Self { body, fields: xml::parse(body).map_err(Malformed::from)? })
    }

    /// Whose it says that it is.
    pub fn addressee(&self) -> Addressee {
        addressee(&self.fields)
    }
}

impl Merchant {
    /// Verifies a notification and reads it.
    ///
    /// The signature is checked before any field is looked at, over every field received, with the algorithm of
    /// our configuration and then with the other one. A `sign_type` in the message is one signed field among others.
    pub fn read_notification(&self, UnverifiedNotice { body, fields }: &UnverifiedNotice<'_>) -> Result<Reading, NoticeError> {
        if is_of_refund(fields) {
            return self.read_verified(fields, || self.refund_wake(fields).map(News::Refund).ok_or("req_info")).map(Reading::Verified);
        }
        let read = || match fields.get("result_code") {
            Some("SUCCESS") => self.proven_payment(fields, Source::Notification, Evidence::new(body)).map(News::Paid),
            Some("FAIL") => out_trade_no(fields).map(|order_id| News::Failed { account: self.account.clone(), order_id }),
            _ => Err("result_code"),
        };
        let Err(wrong) = self.verify(fields) else { return self.read_verified(fields, read).map(Reading::Verified) };
        let sign_type = self.signer.sign_type().other();
        self.by(sign_type).verify(fields).map_err(|_| wrong)?;
        let news = self.read_verified(fields, read)?;
        let order_id = out_trade_no(fields).map_err(NoticeError::Incomplete)?;
        Ok(Reading::OtherAlgorithm(Unconfirmed { account: self.account.clone(), order_id, news, algorithm: sign_type.as_str() }))
    }

    /// What all notifications have, and then what this one tells.
    fn read_verified(&self, fields: &Fields, read: impl FnOnce() -> Result<News, &'static str>) -> Result<News, NoticeError> {
        if fields.get("return_code") != Some("SUCCESS") {
            return Err(NoticeError::Incomplete("return_code"));
        }
        for required in ["appid", "mch_id"] {
            fields.get(required).ok_or(NoticeError::Incomplete(required))?;
        }
        let news = read().map_err(NoticeError::Incomplete)?;
        match self.foreign_field(fields) {
            Some(field) => Err(NoticeError::Foreign(field)),
            None => Ok(news),
        }
    }
}

/// The answer to a notification. WeChat posts it again after anything but [`SUCCESS`].
pub(in crate::channel) fn acknowledgement(receipt: Receipt) -> Acknowledgement {
    let body = match receipt {
        Receipt::Taken => SUCCESS.into(),
        Receipt::Refused(why) => {
            format!("<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{why}]]></return_msg></xml>").into()
        }
    };
    Acknowledgement { body, content_type: "text/xml; charset=utf-8" }
}

/// Whether it is a refund's, which has `req_info`, in Base64, and neither `sign` nor `result_code` (PROTOCOL.md, 3.10). A
/// payment without its signature is none, whatever is added to it.
fn is_of_refund(fields: &Fields) -> bool {
    let is_base64 = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b));
    fields.get("req_info").is_some_and(is_base64) && !fields.contains("sign") && !fields.contains("result_code")
}

#[cfg(test)]
mod tests;
