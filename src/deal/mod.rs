//! The domain, pure: what a deal is, what it costs and how it may change.
//! Nothing in here knows HTTP, SQL or XML.

mod fen;
mod order_id;
mod schedule;
mod status;
mod time;

pub use fen::{Fen, InvalidYuan};
pub use order_id::{InvalidOrderId, OrderId};
pub use schedule::Schedule;
pub use status::{DealStatus, UnknownStatus};
pub use time::{BeijingTime, Timestamp};

/// One attempt of one payer to buy one product, as the store knows it.
///
/// A deal exists before WeChat is asked for a QR link, so no payable link is ever without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// The row's number in the `deal` table.
    pub id: i64,
    /// Our number for the deal, `out_trade_no` on the wire.
    pub order_id: OrderId,
    /// Who sells: the front end's number for the merchant or user.
    pub merchant_id: i64,
    /// What is sold: the front end's number for the product.
    pub product_id: i64,
    /// What is really charged. `None` for a row of the original whose price is not a whole amount of fen:
    /// such a deal can be shown, but no payment can ever match it.
    pub charged: Option<Fen>,
    /// Our verdict on the deal.
    pub status: DealStatus,
    /// WeChat's number of the payment, once paid.
    pub transaction_id: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was paid, once paid (of the original's rows: when it wrote that down).
    pub paid_at: Option<Timestamp>,
    /// Until when it can be paid. `None` for deals that the original opened.
    pub expires_at: Option<Timestamp>,
    /// When it will be looked at next, without anybody asking. `None` once it is decided, and for deals so old when they
    /// were adopted that nobody follows them.
    pub due_at: Option<Timestamp>,
    /// How far the asking for its QR link has got.
    pub prepay: Prepay,
}

/// What is known about the QR link of a deal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prepay {
    /// The exact bytes to send to WeChat, kept because a repeat must be identical
    /// (any other parameter is answered `201 商户订单号重复`). `None` for deals that the original opened.
    pub request: Option<String>,
    /// While this lies in the future somebody is asking WeChat, and nobody else may. Later: when the last answer came.
    pub asking_until: Option<Timestamp>,
    /// The link to draw as a QR code, once WeChat gave one.
    pub code_url: Option<String>,
    /// Why WeChat refused to give one, when it last did.
    pub refusal: Option<String>,
}
