//! Verification of WeChat's replies, in one gate. What leaves it has been parsed strictly, verified over every field and is
//! about us; everything else leaves it as a [`CallError`] that says what may be concluded (PROTOCOL.md, 4.1).

use crate::channel::error::{CallError, Doubt, Malformed};
use crate::channel::outcome::{CloseOutcome, Postponed, QueryOutcome, RefundOutcome, RefundQueryOutcome, RefundSubject};
use crate::channel::proof::{Evidence, OpenedOrder, Source, Trade, TradeState};
use crate::deal::{OrderId, RefundId, Ticket, TradeType};

use super::fields::Fields;
use super::merchant::Merchant;
use super::payment::out_trade_no;
use super::refund;
use super::refusal::{WORDLESS, asks_for_patience, refusal};
use super::xml;

/// What a merchant is told whose product 支付产品 H5支付 is not opened.
const WITHOUT_MWEB_URL: &str = "微信没有返回 mweb_url：商户号可能未开通 H5 支付";

/// The three layers of failure, told apart in one place; to be asked to be patient is none of the refusals.
fn admit(merchant: &Merchant, body: &[u8]) -> Result<Fields, CallError> {
    judge(merchant, body).map_err(|error| match error {
        CallError::Refused(refusal) if asks_for_patience(&refusal) => CallError::RateLimited,
        error => error,
    })
}

/// The same, with every refusal in WeChat's words.
fn judge(merchant: &Merchant, body: &[u8]) -> Result<Fields, CallError> {
    let fields = xml::parse(body).map_err(Malformed::from).map_err(Doubt::from)?;
    match fields.get("return_code") {
        Some("SUCCESS") => {}
        // Never signed; TLS alone vouches for it. It means that the request was not executed, so the worst that
        // a forged one can do is to make us ask again.
        Some("FAIL") => return Err(CallError::Refused(refusal(None, fields.get("return_msg").unwrap_or(WORDLESS)))),
        _ => return Err(Doubt::Incomplete("return_code").into()),
    }
    let business_failure = fields.get("result_code") == Some("FAIL");
    if business_failure && fields.get("err_code") == Some("SYSTEMERROR") {
        return Err(Doubt::SystemError.into());
    }
    merchant.verify(&fields).map_err(Doubt::from)?;
    for promised in ["appid", "mch_id"] {
        fields.get(promised).ok_or(Doubt::Incomplete(promised))?;
    }
    if let Some(field) = merchant.foreign_field(&fields) {
        return Err(Doubt::Foreign(field).into());
    }
    match fields.get("result_code") {
        Some("SUCCESS") => Ok(fields),
        Some("FAIL") => {
            let err_code = fields.get("err_code").ok_or(Doubt::Incomplete("err_code"))?;
            let description = fields.get("err_code_des").or(fields.get("return_msg")).unwrap_or_default();
            Err(CallError::Refused(refusal(Some(err_code), description)))
        }
        _ => Err(Doubt::Incomplete("result_code").into()),
    }
}

/// The reply must be about the order that was asked for, where it names one.
fn same_order(fields: &Fields, order_id: &OrderId) -> Result<(), Doubt> {
    match fields.get("out_trade_no") {
        Some(number) if number != order_id.as_str() => Err(Doubt::Foreign("out_trade_no")),
        _ => Ok(()),
    }
}

/// Reads an answer to `unifiedorder` about this order.
pub fn unified_order(merchant: &Merchant, order_id: &OrderId, trade_type: TradeType, body: &[u8]) -> Result<OpenedOrder, CallError> {
    let fields = admit(merchant, body)?;
    same_order(&fields, order_id)?;
    if fields.get("trade_type").is_some_and(|word| word != trade_type.as_str()) {
        return Err(Doubt::Foreign("trade_type").into());
    }
    let promised =
        |name, largest| fields.get(name).filter(|text| is_plain(text, largest)).map(str::to_owned).ok_or(Doubt::Incomplete(name));
    let ticket = match trade_type {
        TradeType::Native => Ticket::Qr(promised("code_url", 256)?),
        // WeChat takes an order of a merchant that may not do this, and gives it no link.
        TradeType::Mweb if fields.get("mweb_url").is_none() => return Err(CallError::Refused(refusal(None, WITHOUT_MWEB_URL))),
        TradeType::Mweb => Ticket::H5(promised("mweb_url", 1024)?),
        TradeType::Jsapi | TradeType::App => Ticket::Prepay(promised("prepay_id", 64)?),
    };
    Ok(OpenedOrder { ticket, evidence: Evidence::new(body) })
}

/// Reads an answer to `orderquery` about this order.
pub fn order_query(merchant: &Merchant, order_id: &OrderId, body: &[u8]) -> Result<QueryOutcome, CallError> {
    let fields = match admit(merchant, body) {
        Err(CallError::Refused(refusal)) if refusal.is("ORDERNOTEXIST") => return Ok(QueryOutcome::NotExist),
        admitted => admitted?,
    };
    // Here the number is promised, so it must be there.
    if out_trade_no(&fields).map_err(Doubt::Incomplete)? != *order_id {
        return Err(Doubt::Foreign("out_trade_no").into());
    }
    let state = fields.get("trade_state").and_then(TradeState::from_word).ok_or(Doubt::Incomplete("trade_state"))?;
    let description = fields.get("trade_state_desc").unwrap_or(state.description()).to_owned();
    let evidence = Evidence::new(body);
    let paid = match state.is_paid() {
        true => Some(merchant.proven_payment(&fields, Source::Query, evidence.clone()).map_err(Doubt::Incomplete)?),
        false => None,
    };
    Ok(QueryOutcome::Known(Trade { state, description, paid, evidence }))
}

/// Reads an answer to `closeorder` about this order.
pub fn close_order(merchant: &Merchant, order_id: &OrderId, body: &[u8]) -> Result<CloseOutcome, CallError> {
    match admit(merchant, body) {
        // `result_msg` is promised by the document and missing from live answers (fact 1): it is not looked at.
        Ok(fields) => Ok(same_order(&fields, order_id).map(|()| CloseOutcome::Closed)?),
        Err(CallError::Refused(refusal)) if refusal.is("ORDERCLOSED") => Ok(CloseOutcome::Closed),
        Err(CallError::Refused(refusal)) if refusal.is("ORDERPAID") => Ok(CloseOutcome::Paid),
        Err(CallError::Refused(refusal)) if refusal.is("ORDERNOTEXIST") => Ok(CloseOutcome::NotExist),
        Err(error) => Err(error),
    }
}

/// Reads an answer to `refund` under this number, nginx's page about the client certificate included. What is refused for good comes as
/// the error.
pub fn refund(merchant: &Merchant, order_id: &OrderId, refund_id: &RefundId, body: &[u8]) -> Result<RefundOutcome, CallError> {
    if let Some(fault) = refund::certificate_fault(body) {
        return Ok(RefundOutcome::NotNow(Postponed::Certificate(fault)));
    }
    let fields = match judge(merchant, body) {
        Err(CallError::Refused(refusal)) => return refund::demand(refusal).map(RefundOutcome::NotNow),
        judged => judged?,
    };
    let proof = merchant.accepted_refund(&fields, Evidence::new(body)).map_err(Doubt::Incomplete)?;
    if proof.order_id() != order_id {
        return Err(Doubt::Foreign("out_trade_no").into());
    }
    if proof.refund_id() != refund_id {
        return Err(Doubt::Foreign("out_refund_no").into());
    }
    Ok(RefundOutcome::Accepted(proof))
}

/// Reads an answer to `refundquery` about this order.
pub fn refund_query(
    merchant: &Merchant,
    order_id: &OrderId,
    subject: RefundSubject<'_>,
    body: &[u8],
) -> Result<RefundQueryOutcome, CallError> {
    let fields = match admit(merchant, body) {
        Err(CallError::Refused(refusal)) if refusal.is("REFUNDNOTEXIST") => return Ok(RefundQueryOutcome::NotExist),
        admitted => admitted?,
    };
    let (refunds, total) = merchant.queried_refunds(&fields, &Evidence::new(body)).map_err(Doubt::Incomplete)?;
    if refunds.iter().any(|refund| refund.order_id() != order_id) {
        return Err(Doubt::Foreign("out_trade_no").into());
    }
    if let RefundSubject::Refund(asked) = subject
        && refunds.iter().any(|refund| refund.refund_id() != asked)
    {
        return Err(Doubt::Foreign("out_refund_no").into());
    }
    Ok(RefundQueryOutcome::Known(refunds, total))
}

/// Whether a link begins as they always did: `weixin://wxpay/bizpayurl?…` or `weixin://wxpay/bizpayurl/…`.
pub(super) fn looks_as_ever(ticket: &Ticket) -> bool {
    match ticket {
        Ticket::Qr(code_url) => code_url.strip_prefix("weixin://wxpay/bizpayurl").is_some_and(|rest| rest.starts_with(['?', '/'])),
        Ticket::H5(mweb_url) => mweb_url.starts_with("http"),
        Ticket::Prepay(prepay_id) => prepay_id.starts_with("wx"),
    }
}

/// Its text is not fixed (PROTOCOL.md, 3.1), and it is for WeChat's eyes alone; so all that matters is that the column
/// holds it, and that a QR code can be drawn of it or a browser led to it.
fn is_plain(text: &str, largest: usize) -> bool {
    text.len() <= largest && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
