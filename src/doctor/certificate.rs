//! The client certificate of an account: whose it is, how long it is good, and whether WeChat takes it.

use chrono::TimeDelta;

use crate::channel::wechat::v2::calls::REFUND;
use crate::channel::wechat::v2::{ClientCertificate, Endpoints, Merchant, reply};
use crate::channel::{CallError, Ground, Postponed, RefundOrder, RefundOutcome};
use crate::config::AccountSettings;
use crate::deal::{Fen, Timestamp};

use super::hosts::endpoint;
use super::line::{Heard, post_certified};
use super::words::{certificate as words, hosts};
use super::{Check, Doctor, Finding};

const CHECK: Check = Check::Certificate;
/// A new one takes the merchant's super administrator.
const SOON: TimeDelta = TimeDelta::days(30);

impl Doctor {
    /// That key and certificate fit one another was checked when the configuration was read.
    pub(super) async fn certificate(&self, account: &AccountSettings, endpoints: &Endpoints) -> Vec<Finding> {
        let is_demanded = endpoints.primary.scheme() == "https";
        let Some(settings) = &account.certificate else {
            return is_demanded.then(|| Finding::ok(CHECK, words::none())).into_iter().collect();
        };
        let (certificate, mch_id) = (settings.certificate.as_ref(), &account.merchant.mch_id);
        let mut findings = vec![validity(certificate, self.clock.now())];
        if !certificate.names(mch_id) {
            findings.push(Finding::warn(CHECK, words::of_another(certificate.subject(), mch_id)));
        }
        if is_demanded {
            findings.extend(self.tried(&account.merchant_at(""), endpoints, certificate).await);
        }
        findings
    }

    /// Asks for a refund of an order that cannot exist: WeChat looks at the certificate first.
    async fn tried(&self, merchant: &Merchant, endpoints: &Endpoints, certificate: &ClientCertificate) -> Option<Finding> {
        let order_id = self.impossible_order()?;
        let refund_id = order_id.as_str().parse().ok()?;
        let fee = Fen::new(1)?;
        let refund = RefundOrder { refund_id: &refund_id, order_id: &order_id, transaction_id: None, total_fee: fee, fee, reason: None };
        let request = merchant.refund_request(&refund, &self.chance);
        let url = endpoint(&endpoints.primary, REFUND);
        let host = url.host_str().unwrap_or_default();
        Some(match post_certified(endpoints, &url, certificate, request).await {
            Ok(Heard { status: 200 | 400, body, .. }) => judged(&reply::refund(merchant, &order_id, &refund_id, &body), host),
            Ok(Heard { status, .. }) => Finding::warn(CHECK, words::http_status(status)),
            Err(broken) => Finding::warn(CHECK, hosts::broken_at(host, &broken)),
        })
    }
}

fn validity(certificate: &ClientCertificate, now: Timestamp) -> Finding {
    let until = certificate.not_after();
    if until < now {
        Finding::fail(CHECK, words::expired(until))
    } else if until < now + SOON {
        Finding::warn(CHECK, words::expires_soon(until, (until - now).num_days()))
    } else {
        Finding::ok(CHECK, words::good(certificate.subject(), until))
    }
}

/// Whatever WeChat says of the refund itself, it says after it has taken the certificate.
fn judged(answer: &Result<RefundOutcome, CallError>, host: &str) -> Finding {
    match answer {
        Ok(RefundOutcome::NotNow(Postponed::Certificate(fault))) => Finding::fail(CHECK, words::refused(*fault)),
        Ok(RefundOutcome::NotNow(Postponed::NotAllowed)) => Finding::fail(CHECK, words::not_allowed()),
        Err(CallError::Refused(refusal)) if refusal.ground == Ground::OurSignature => Finding::warn(CHECK, words::key_is_wrong()),
        Ok(RefundOutcome::NotNow(_) | RefundOutcome::Refused(_)) | Err(CallError::Refused(_)) => Finding::ok(CHECK, words::taken(host)),
        Ok(RefundOutcome::Accepted(_)) => Finding::warn(CHECK, hosts::impossible_order()),
        Err(error) => Finding::warn(CHECK, hosts::untried_because(error)),
    }
}
