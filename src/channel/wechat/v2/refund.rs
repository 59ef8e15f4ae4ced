//! Extraction of proven refunds from the fields of a verified message, and what WeChat's refusals of one demand.

use std::sync::Once;

use chrono::NaiveDateTime;
use tracing::warn;

use crate::channel::error::{CallError, Doubt, Ground, Refusal};
use crate::channel::notice::RefundWake;
use crate::channel::outcome::{CertificateFault, Misconfiguration, Postponed, RefundOutcome};
use crate::channel::proof::{Evidence, ProvenRefund};
use crate::deal::{BeijingTime, Fen, RefundId, RefundState, Timestamp};

use super::fields::Fields;
use super::merchant::Merchant;
use super::payment::{is_transaction_id, out_trade_no};
use super::refund_cipher::RefundCipher;
use super::refusal::{WORDLESS, asks_for_patience};
use super::xml;

impl Merchant {
    /// Reads the answer to a request that was accepted; the error names the field that is missing or malformed.
    pub(super) fn accepted_refund(&self, fields: &Fields, evidence: Evidence) -> Result<ProvenRefund, &'static str> {
        self.proven_refund(fields, "", RefundState::Processing, evidence)
    }

    /// Reads the refunds of an answer to `refundquery`, and how many there are altogether, at least as many as the answer counts
    /// anywhere. Fields are read by their suffix, whichever there are.
    pub(super) fn queried_refunds(&self, fields: &Fields, evidence: &Evidence) -> Result<(Vec<ProvenRefund>, u32), &'static str> {
        let suffixes = fields.iter().filter_map(|(name, _)| name.strip_prefix("out_refund_no"));
        let refunds = suffixes.filter(|suffix| is_suffix(suffix)).map(|suffix| {
            let word = fields.get(&format!("refund_status{suffix}")).ok_or("refund_status")?;
            self.proven_refund(fields, suffix, state(word), evidence.clone())
        });
        let refunds = refunds.collect::<Result<Vec<_>, _>>()?;
        if refunds.is_empty() {
            return Err("out_refund_no");
        }
        let mut total = u32::try_from(refunds.len()).unwrap_or(u32::MAX);
        for name in ["refund_count", "total_refund_count"] {
            let count = fields.get(name).map_or(Ok(0), str::parse).map_err(|_| name)?;
            total = total.max(count);
        }
        Ok((refunds, total))
    }

    fn proven_refund(&self, fields: &Fields, suffix: &str, state: RefundState, evidence: Evidence) -> Result<ProvenRefund, &'static str> {
        let value = |name: &str| fields.get(&format!("{name}{suffix}"));
        let fee = |text: Option<&str>| text.and_then(Fen::from_total_fee);
        Ok(ProvenRefund {
            account: self.account.clone(),
            order_id: out_trade_no(fields)?,
            transaction_id: fields.get("transaction_id").filter(|id| is_transaction_id(id)).ok_or("transaction_id")?.to_owned(),
            total_fee: fee(fields.get("total_fee")).ok_or("total_fee")?,
            refund_id: value("out_refund_no").and_then(|number| number.parse().ok()).ok_or("out_refund_no")?,
            wechat_refund_id: value("refund_id").filter(|id| is_transaction_id(id)).ok_or("refund_id")?.to_owned(),
            fee: fee(value("refund_fee")).ok_or("refund_fee")?,
            state,
            receiver: value("refund_recv_accout").map(str::to_owned),
            refunded_at: value("refund_success_time").and_then(success_time),
            evidence,
        })
    }

    /// What an encrypted notification names, opened by the key or the previous one. `None`: it is not of these, or no such message. A
    /// wrong key opens one of 250, so the root counts.
    pub(super) fn refund_wake(&self, fields: &Fields) -> Option<RefundWake> {
        let req_info = fields.get("req_info")?;
        let opened = self.by_either_key(|signer| {
            let plain = RefundCipher::new(signer).decrypt(req_info)?;
            xml::parse_root(plain.as_bytes(), "root").ok()
        })?;
        Some(RefundWake {
            account: self.account.clone(),
            order_id: out_trade_no(&opened).ok()?,
            refund_id: opened.get("out_refund_no")?.parse::<RefundId>().ok()?,
        })
    }
}

/// `_0`, `_1` and so on.
fn is_suffix(text: &str) -> bool {
    text.strip_prefix('_').is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// A word of another time than ours is taken for a refund on its way, and told of once.
fn state(word: &str) -> RefundState {
    static NEW_WORD: Once = Once::new();
    match word {
        "SUCCESS" => RefundState::Success,
        "REFUNDCLOSE" => RefundState::Closed,
        "CHANGE" => RefundState::Abnormal,
        "PROCESSING" => RefundState::Processing,
        _ => {
            NEW_WORD
                .call_once(|| warn!(refund_status = word, "WeChat has a word for a refund that is new to this version; it is followed on"));
            RefundState::Processing
        }
    }
}

fn success_time(text: &str) -> Option<Timestamp> {
    Some(BeijingTime::from(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?).timestamp())
}

/// What a refusal demands: to ask again when something else has changed. The error: nothing is known, or it is refused for good, as far as
/// an answer that need not be signed can say that.
pub(super) fn demand(refusal: Refusal) -> Result<Postponed, CallError> {
    Ok(match refusal.err_code.as_deref() {
        // It met another request of this number, which may have been carried out.
        Some("BIZERR_NEED_RETRY") => return Err(Doubt::NeedRetry.into()),
        Some("FREQUENCY_LIMITED") if refusal.description.contains("1分钟") => Postponed::InAMinute,
        Some("INVALID_REQ_TOO_MUCH") => Postponed::InAMinute,
        Some("ORDER_NOT_READY") => Postponed::Later,
        Some("NOTENOUGH") => Postponed::NotEnough,
        Some("NOAUTH") => Postponed::NotAllowed,
        Some("APPID_NOT_EXIST") => Postponed::Misconfigured(Misconfiguration::Appid),
        Some("MCHID_NOT_EXIST") => Postponed::Misconfigured(Misconfiguration::MchId),
        Some("CERT_ERROR") => Postponed::Certificate(CertificateFault::Revoked),
        None if refusal.description == WORDLESS || refusal.description.contains("certificate not match") => {
            Postponed::Certificate(CertificateFault::Foreign)
        }
        _ if asks_for_patience(&refusal) => Postponed::Later,
        _ => return Err(CallError::Refused(refusal)),
    })
}

/// What remains of a refusal once the previous key was tried: a signature that is not taken says nothing of the refund.
pub(super) fn refused(refusal: Refusal) -> RefundOutcome {
    match refusal.ground {
        Ground::OurSignature => RefundOutcome::NotNow(Postponed::Misconfigured(Misconfiguration::Signature)),
        _ => RefundOutcome::Refused(refusal),
    }
}

/// What nginx's page says of the client certificate (PROTOCOL.md, 1.5), before WeChat has seen the request. Any other page may be another
/// server's, and says nothing of what became of the request: its outcome is unknown, as with any answer that is no message.
pub(super) fn certificate_fault(body: &[u8]) -> Option<CertificateFault> {
    let page = std::str::from_utf8(body).ok().filter(|page| page.trim_start().starts_with("<html"))?;
    if page.contains("No required SSL certificate was sent") {
        Some(CertificateFault::Missing)
    } else if page.contains("The SSL certificate error") {
        Some(CertificateFault::Rejected)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
