//! Outcomes of the calls about one order, as far as no [`Ticket`](crate::deal::Ticket) or error says it.

use crate::deal::RefundId;

use super::error::Refusal;
use super::proof::{ProvenRefund, Trade};

/// What a query found.
#[derive(Debug, Clone)]
pub enum QueryOutcome {
    /// The channel knows the order.
    Known(Trade),
    /// It does not, or not yet.
    NotExist,
}

/// What a close brought. None of these proves anything by itself: WeChat is reported to "close" unknown numbers as well
/// (PROTOCOL.md, fact 12), so a query follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseOutcome {
    /// Closed now, or before.
    Closed,
    /// The payer was faster.
    Paid,
    /// The channel does not know the order.
    NotExist,
}

/// What a request for a refund brought. What is not said here is an unknown outcome ([`CallError`](super::CallError)): only the
/// identical request or a query can tell.
#[derive(Debug, Clone)]
pub enum RefundOutcome {
    /// Accepted, now or by an earlier request of this number.
    Accepted(ProvenRefund),
    /// Not executed. The identical request may be accepted later.
    NotNow(Postponed),
    /// Refused in signed words, or turned away in unsigned ones. A query by the number tells whether an earlier request of it was accepted.
    Refused(Refusal),
}

/// Why a refund is not accepted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Postponed {
    /// Too many requests, or the order is not ready.
    #[error("WeChat asks to be asked again later")]
    Later,
    /// Two refunds of one order are to be a minute apart, or there were too many bad requests.
    #[error("WeChat asks to be asked again in a minute")]
    InAMinute,
    /// The merchant's balance does not suffice (`NOTENOUGH`): an operator tops it up.
    #[error("the merchant's balance at WeChat does not suffice: top it up")]
    NotEnough,
    /// The client certificate, or its lack: nothing was looked at.
    #[error("{0}")]
    Certificate(CertificateFault),
    /// The merchant may not do this, or not from this address (`NOAUTH`).
    #[error("WeChat does not allow this merchant number to refund from this address")]
    NotAllowed,
    /// What the configuration says of the merchant is wrong: nothing was looked at.
    #[error("{0}")]
    Misconfigured(Misconfiguration),
}

/// What WeChat does not take of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Misconfiguration {
    /// `SIGNERROR` or `签名错误`, by either key.
    #[error("WeChat does not take the signature: is the API key (api_key) right?")]
    Signature,
    /// `APPID_NOT_EXIST`.
    #[error("WeChat does not know the appid")]
    Appid,
    /// `MCHID_NOT_EXIST`.
    #[error("WeChat does not know the merchant number (mch_id)")]
    MchId,
}

/// Why a client certificate is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CertificateFault {
    /// None is configured, or none reached WeChat.
    #[error("WeChat was shown no client certificate")]
    Missing,
    /// It is expired, of another authority, or does not fit its key.
    #[error("WeChat does not take the client certificate: is it expired, or not from 商户平台?")]
    Rejected,
    /// It is another merchant's.
    #[error("the client certificate is another merchant number's")]
    Foreign,
    /// It was revoked or replaced (`CERT_ERROR`).
    #[error("the client certificate was revoked or replaced")]
    Revoked,
}

/// Which refunds are asked about.
#[derive(Debug, Clone, Copy)]
pub enum RefundSubject<'a> {
    /// That of this number.
    Refund(&'a RefundId),
    /// Those of the order, from this one on, counted from 0.
    OfOrder(u32),
}

/// What a query for refunds found.
#[derive(Debug, Clone)]
pub enum RefundQueryOutcome {
    /// These, and how many there are altogether.
    Known(Vec<ProvenRefund>, u32),
    /// There is none, or not yet.
    NotExist,
}
