//! Extraction of a proven payment from the fields of a verified message.

use crate::channel::proof::{Evidence, ProvenPayment, Source, TradeState};
use crate::deal::{BeijingTime, Fen, OrderId};

use super::fields::Fields;
use super::merchant::Merchant;

impl Merchant {
    /// Reads the fields of a message that this merchant's key has verified; the error names the field that is missing or
    /// malformed.
    pub(super) fn proven_payment(&self, fields: &Fields, source: Source, evidence: Evidence) -> Result<ProvenPayment, &'static str> {
        Ok(ProvenPayment {
            account: self.account.clone(),
            order_id: out_trade_no(fields)?,
            transaction_id: fields.get("transaction_id").filter(|id| is_transaction_id(id)).ok_or("transaction_id")?.to_owned(),
            // Not `cash_fee`, which is less when a coupon was used.
            total_fee: fields.get("total_fee").and_then(Fen::from_total_fee).ok_or("total_fee")?,
            is_cny: fields.get("fee_type").is_none_or(|currency| currency == "CNY"),
            time_end: fields.get("time_end").and_then(BeijingTime::from_compact).map(BeijingTime::timestamp),
            is_refunded: source == Source::Query && fields.get("trade_state") == Some(TradeState::Refund.as_str()),
            source,
            evidence,
        })
    }
}

/// At most 32 characters: longer ones never come from WeChat.
pub(super) fn out_trade_no(fields: &Fields) -> Result<OrderId, &'static str> {
    let number = fields.get("out_trade_no").filter(|number| number.len() <= 32);
    number.and_then(|number| number.parse().ok()).ok_or("out_trade_no")
}

/// 28 digits today; all that matters is that the column holds it as it is, and that it is one value: a `&` would
/// mean that a field beside it was drawn into it, which the signature does not tell.
pub(super) fn is_transaction_id(text: &str) -> bool {
    text.len() <= 45 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'&')
}
