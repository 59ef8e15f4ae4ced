//! The channel boundary: the payment providers behind one enum. Above it no type of a provider's protocol is named.
//!
//! `proof` holds what a verified message proves, `error` how a call can fail, `notice` what a provider posts, and [`Channel`]
//! the calls. Each provider's protocol has a room of its own below: WeChat Pay API v2 is the one that there is.

pub mod error;
pub mod notice;
mod order;
mod outcome;
pub mod proof;
pub mod wechat;

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::SemaphorePermit;

use crate::chance::Chance;
use crate::deal::{BillKind, Day, Openid, OrderId, Refund, RefundId, Timestamp, TradeType};
use crate::metrics::Registry;

pub use error::{CallError, Doubt, Ground, Malformed, Refusal, SignatureError};
pub use notice::{Acknowledgement, Addressee, News, NoticeError, Reading, Receipt, RefundWake, Unconfirmed};
pub use order::{Order, PayParams, RefundOrder, Way};
pub use outcome::{
    CertificateFault, CloseOutcome, Misconfiguration, Postponed, QueryOutcome, RefundOutcome, RefundQueryOutcome, RefundSubject,
};
pub use proof::{Evidence, OpenedOrder, ProvenPayment, ProvenRefund, Source, Trade, TradeState};

use wechat::v2;
pub use wechat::v2::bill::{
    BillEnd, BillError, BillReader, Direction, Fed, FedBill, FedFundFlow, FundFlow, FundFlowReader, FundFlowRow, FundFlowSums, Kinds,
    Layout, LineFault, MovementKind, PaymentRow, RefundRow, Row as BillRow, StatedSum, TradeBill, TradeSums, UnreadableLine,
};
pub use wechat::v2::{ClientCertificate, Download, ShownField, shown};
pub use wechat::{Login, LoginEndpoints, LoginError};

/// A notification as it was posted: parsed, and not believed.
#[derive(Debug)]
pub struct UnverifiedNotice<'a>(v2::UnverifiedNotice<'a>);

impl<'a> UnverifiedNotice<'a> {
    /// Parses the body of a notification.
    ///
    /// # Errors
    /// It is no message of any protocol that is known here.
    pub fn parse(body: &'a [u8]) -> Result<Self, NoticeError> {
        v2::UnverifiedNotice::parse(body).map(Self)
    }

    /// Whose it says that it is. This only chooses the key by which it must then verify.
    pub fn addressee(&self) -> Addressee {
        self.0.addressee()
    }
}

impl Unconfirmed {
    /// Believes it if the order's stored request is of the algorithm that signed it. `request` is `None` for an order that
    /// another program has opened.
    ///
    /// # Errors
    /// [`SignatureError::Wrong`] when the order was sent by another algorithm.
    pub fn confirm(self, request: Option<&str>) -> Result<News, SignatureError> {
        v2::confirm(self, request)
    }
}

impl Acknowledgement {
    /// What a provider is answered to a notification.
    pub fn of(receipt: Receipt) -> Self {
        v2::acknowledgement(receipt)
    }
}

/// Whether a merchant can ask for refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refunding {
    /// With the client certificate of this fingerprint (SHA-256, in hexadecimal).
    Certified(String),
    /// Without one, since the way to the provider is none that demands it (a simulator's, without TLS).
    Uncertified,
    /// Not: there is no client certificate.
    Impossible,
}

/// A payment provider, reached as one merchant of it.
#[derive(Debug)]
pub enum Channel {
    /// WeChat Pay API v2, Native QR codes.
    WeChatV2(v2::Client),
}

impl Channel {
    /// The exact bytes of the request that opens this order. They are stored before they are sent, because a repeat must be
    /// these bytes again.
    pub fn draft(&self, order: &Order<'_>, chance: &Chance) -> String {
        match self {
            Self::WeChatV2(client) => client.merchant().unified_order_request(order, chance),
        }
    }

    /// A place among the orders that are being opened. Taken before a row is stored for one, so that a slow provider fills
    /// neither the table nor the memory.
    ///
    /// # Errors
    /// [`CallError::Busy`] when no place became free in time.
    pub async fn place_for_order(&self) -> Result<SemaphorePermit<'_>, CallError> {
        match self {
            Self::WeChatV2(client) => client.place_for_order().await,
        }
    }

    /// Opens an order by the stored request of [`Channel::draft`].
    ///
    /// # Errors
    /// Says what may be concluded about the order: see [`CallError`].
    pub async fn open(&self, place: SemaphorePermit<'_>, order_id: &OrderId, request: String) -> Result<OpenedOrder, CallError> {
        match self {
            Self::WeChatV2(client) => client.unified_order(place, order_id, request).await,
        }
    }

    /// What the payer's own WeChat, or an app, is called with for an order that this stored request has opened and that is paid with
    /// this `prepay_id`: signed now, by the order's own algorithm.
    pub fn pay_params(&self, request: &str, trade_type: TradeType, prepay_id: &str, now: Timestamp, chance: &Chance) -> PayParams {
        match self {
            Self::WeChatV2(client) => client.merchant().of_request(request).pay_params(trade_type, prepay_id, now, chance),
        }
    }

    /// A key for a purpose of this service's own, which follows from the merchant's and does not tell it.
    pub fn derived_key(&self, purpose: &str) -> [u8; 32] {
        match self {
            Self::WeChatV2(client) => client.merchant().signer.derived_key(purpose),
        }
    }

    /// Whether a stored request opens an order that a browser at this address can pay.
    pub fn is_for_address(&self, request: &str, address: IpAddr) -> bool {
        match self {
            Self::WeChatV2(_) => v2::is_for_address(request, address),
        }
    }

    /// Whether a stored request opens an order for this payer.
    pub fn is_for_payer(&self, request: &str, openid: &Openid) -> bool {
        match self {
            Self::WeChatV2(_) => v2::is_for_payer(request, openid),
        }
    }

    /// How an order stands, for a caller that waits.
    ///
    /// # Errors
    /// Whatever kept the provider from saying it.
    pub async fn query(&self, order_id: &OrderId) -> Result<QueryOutcome, CallError> {
        match self {
            Self::WeChatV2(client) => client.order_query(order_id).await,
        }
    }

    /// The same for the sweeper, whose budget bounds how many are under way: it takes no place from callers.
    ///
    /// # Errors
    /// As [`Channel::query`].
    pub async fn query_in_budget(&self, order_id: &OrderId) -> Result<QueryOutcome, CallError> {
        match self {
            Self::WeChatV2(client) => client.order_query_in_budget(order_id).await,
        }
    }

    /// Closes an order, for a caller that waits.
    ///
    /// # Errors
    /// Whatever kept the provider from doing it. The order may be closed all the same.
    pub async fn close(&self, order_id: &OrderId) -> Result<CloseOutcome, CallError> {
        match self {
            Self::WeChatV2(client) => client.close_order(order_id).await,
        }
    }

    /// The same for the sweeper, as [`Channel::query_in_budget`].
    ///
    /// # Errors
    /// As [`Channel::close`].
    pub async fn close_in_budget(&self, order_id: &OrderId) -> Result<CloseOutcome, CallError> {
        match self {
            Self::WeChatV2(client) => client.close_order_in_budget(order_id).await,
        }
    }

    /// The exact bytes of the request for a refund. They are stored before they are sent, because a repeat must be these bytes
    /// again.
    pub fn draft_refund(&self, refund: &RefundOrder<'_>, chance: &Chance) -> String {
        match self {
            Self::WeChatV2(client) => client.merchant().refund_request(refund, chance),
        }
    }

    /// Whether a stored request of [`Channel::draft_refund`] is the one for this refund: another program may have changed the row.
    pub fn is_request_for(&self, request: &str, refund: &Refund) -> bool {
        match self {
            Self::WeChatV2(_) => v2::is_request_for(request, refund),
        }
    }

    /// Shows this client certificate from the next call on that wants one, or none.
    pub fn set_certificate(&self, certificate: Option<Arc<ClientCertificate>>) {
        match self {
            Self::WeChatV2(client) => client.set_certificate(certificate),
        }
    }

    /// Which client certificate refunds are asked for with, if any can be asked for at all.
    pub fn refunding(&self) -> Refunding {
        match self {
            Self::WeChatV2(client) => client.refunding(),
        }
    }

    /// After when the client certificate is not taken that refunds are asked for with, if there is one.
    pub fn certificate_until(&self) -> Option<Timestamp> {
        match self {
            Self::WeChatV2(client) => client.certificate_until(),
        }
    }

    /// Asks for a refund by the stored request of [`Channel::draft_refund`].
    ///
    /// # Errors
    /// Says what may be concluded: see [`CallError`]; a refusal is an outcome and no error.
    pub async fn refund(&self, order_id: &OrderId, refund_id: &RefundId, request: String) -> Result<RefundOutcome, CallError> {
        match self {
            Self::WeChatV2(client) => client.refund(order_id, refund_id, request).await,
        }
    }

    /// How refunds of an order stand.
    ///
    /// # Errors
    /// Whatever kept the provider from saying it.
    pub async fn query_refund(&self, order_id: &OrderId, subject: RefundSubject<'_>) -> Result<RefundQueryOutcome, CallError> {
        match self {
            Self::WeChatV2(client) => client.refund_query(order_id, subject).await,
        }
    }

    /// Begins to receive a bill of a day. Nobody has signed it.
    ///
    /// # Errors
    /// Why there is none to be had: an error document is told from a file by its first bytes. Whether to ask again is the caller's to say.
    pub async fn download(&self, kind: BillKind, day: Day) -> Result<Download, BillError> {
        match self {
            Self::WeChatV2(client) => client.download(kind, day).await,
        }
    }

    /// By which numbers the messages of this merchant say whose they are.
    pub fn addressee(&self) -> Addressee {
        match self {
            Self::WeChatV2(client) => client.merchant().addressee(),
        }
    }

    /// Verifies a notification by this merchant's key, and reads it.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn read_notice(&self, UnverifiedNotice(notice): &UnverifiedNotice<'_>) -> Result<Reading, NoticeError> {
        match self {
            Self::WeChatV2(client) => client.merchant().read_notification(notice),
        }
    }

    /// Shows what is counted of the calls of these, each with its account's name.
    pub fn register_metrics<'a>(channels: impl IntoIterator<Item = &'a Self>, registry: &mut Registry) {
        v2::Client::register_metrics(channels.into_iter().map(|Self::WeChatV2(client)| client), registry);
    }
}
