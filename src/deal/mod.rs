//! The domain, pure: what a deal is, what it costs and how it may change.
//! Nothing in here knows HTTP, SQL or XML.

mod account_id;
mod alarm;
mod alarm_kind;
mod announcement;
mod audience;
mod audit;
mod bill;
mod bill_kind;
mod checkout;
mod checkout_id;
mod console_session;
mod day;
mod details;
mod difference;
mod endpoint_name;
mod event_delivery;
mod event_id;
mod fen;
mod hour;
mod listing;
mod mode;
mod note;
mod openid;
mod order_id;
mod reach;
mod refund;
mod refund_id;
mod refund_page;
mod refund_reason;
mod refund_state;
mod role;
mod route;
mod schedule;
mod search;
mod sellers;
mod spelled;
mod status;
mod takings;
mod ticket;
mod time;
mod trade_type;
mod transaction_key;

use chrono::TimeDelta;

pub use account_id::{AccountId, InvalidAccountId};
pub use alarm::{Alarm, Answer, Resolution, Resolved};
pub use alarm_kind::AlarmKind;
pub use announcement::{Announcement, EventType, InvalidAnnouncement};
pub use audience::Audience;
pub use audit::{AuditAction, AuditEntry, AuditWish, NewAudit};
pub use bill::{Bill, BillState, BillSums, fee_in_yuan};
pub use bill_kind::BillKind;
pub use checkout::Checkout;
pub use checkout_id::{CheckoutId, InvalidCheckoutId};
pub use console_session::ConsoleSession;
pub use day::{Day, InvalidDay, InvalidMoment, range_from, range_to};
pub use details::{Description, Details, InvalidDescription, InvalidReference, Reference};
pub use difference::{Difference, DifferenceKind, DifferenceState, Finding, Found};
pub use endpoint_name::{EndpointName, InvalidEndpointName};
pub use event_delivery::{DeliveryList, EventDelivery, ListedDelivery};
pub use event_id::{EventId, InvalidEventId};
pub use fen::{Fen, InvalidYuan};
pub use hour::{HOURS, Hour, HourlyTakings};
pub use listing::{Contradiction, DealPage, InvalidPlace, ListedBy, Listing, Place};
pub use mode::Mode;
pub use note::{InvalidNote, Note};
pub use openid::{InvalidOpenid, Openid};
pub use order_id::{InvalidOrderId, OrderId};
pub use reach::Reach;
#[cfg(test)]
pub use refund::testing;
pub use refund::{Refund, RefundSource, Refunded};
pub use refund_id::{InvalidRefundId, RefundId};
pub use refund_page::RefundPage;
pub use refund_reason::{InvalidRefundReason, RefundReason};
pub use refund_state::RefundState;
pub use role::{InvalidRole, Role};
pub use route::Route;
pub use schedule::Schedule;
pub use search::{Sought, readings};
pub use sellers::{InvalidSellers, Sellers};
pub use spelled::spelled;
pub use status::{DealStatus, UnknownStatus};
pub use takings::{Sums, Takings, TakingsBy, TakingsWish, yuan};
pub use ticket::Ticket;
pub use time::{BeijingTime, ForeignTime, Timestamp};
pub use trade_type::{InvalidTradeType, TradeType};
pub use transaction_key::transaction_key;

/// A deal that the original opened without saying until when lives as long as WeChat's link.
const LINK_LIFE: TimeDelta = TimeDelta::hours(2);

/// One attempt of one payer to buy one product, as the store knows it.
///
/// A deal exists before WeChat is asked for a QR link, so nothing that can be paid is ever without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// The row's number in the `deal` table.
    pub id: i64,
    /// Our number for the deal, `out_trade_no` on the wire.
    pub order_id: OrderId,
    /// Through which of our accounts WeChat is asked about it, whatever the configuration says by now.
    pub account: AccountId,
    /// Whether the caller that opened it named the account. Otherwise it was the seller's then.
    pub account_named: bool,
    /// The seller: the front end's number for the merchant or user.
    pub merchant_id: i64,
    /// What is sold: the front end's number for the product.
    pub product_id: i64,
    /// What the merchant said of it.
    pub details: Details,
    /// How its payer pays.
    pub trade_type: TradeType,
    /// Of which checkout it is one way, if of any.
    pub checkout_id: Option<CheckoutId>,
    /// What is really charged. `None` for a row of the original whose price is not a whole amount of fen:
    /// such a deal can be shown, but no payment can ever match it.
    pub charged: Option<Fen>,
    /// Our verdict on the deal.
    pub status: DealStatus,
    /// WeChat's number of the payment, once paid. Other programs write it too.
    pub transaction_id: Option<String>,
    /// The [`transaction_key()`] of the payment, once WeChat's signed word is stored: no other program writes it.
    pub transaction_key: Option<String>,
    /// By whom it is paid.
    pub mode: Mode,
    /// When it was opened, as its row says in Beijing time.
    pub created_at: Timestamp,
    /// What the same column means by the clock of the program that inserted the row. `None` for deals that this service
    /// opened.
    pub foreign: Option<ForeignTime>,
    /// When it was paid, once paid (of the original's rows: when it wrote that down).
    pub paid_at: Option<Timestamp>,
    /// When it was first heard that at least a part of the payment was given back, and not by this service.
    pub refunded_at: Option<Timestamp>,
    /// What has been given back of the payment, or is on its way, as far as it is known how much.
    pub refunded: Refunded,
    /// Until when it can be paid. `None` for deals that the original opened.
    pub expires_at: Option<Timestamp>,
    /// When it will be looked at next, without a caller asking. `None` once it is decided, and for deals so old when they
    /// were adopted that they are not followed.
    pub due_at: Option<Timestamp>,
    /// How far the asking for what it is paid with has got.
    pub prepay: Prepay,
}

impl Deal {
    /// When it was opened, as far as can be known: never in the future, whatever zone its row was written in.
    pub fn opened_at(&self, now: Timestamp) -> Timestamp {
        match self.foreign {
            Some(foreign) if foreign.likely <= now => foreign.likely,
            _ => self.created_at.min(now),
        }
    }

    /// Until when it can be paid; where that cannot be known for sure, the latest time that it can be.
    pub fn payable_until(&self) -> Timestamp {
        let opened = self.foreign.map_or(self.created_at, |foreign| foreign.latest);
        self.expires_at.unwrap_or(opened + LINK_LIFE)
    }

    /// What was paid; `None`: nothing.
    pub fn paid(&self) -> Option<Fen> {
        self.charged.filter(|_| self.status == DealStatus::Paid)
    }

    /// How much of the payment can still be given back; `None`: nothing.
    pub fn left(&self) -> Option<Fen> {
        Fen::new(self.paid()?.get() - self.refunded.fee.map_or(0, Fen::get))
    }
}

/// What is known about what a deal is paid with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prepay {
    /// The exact bytes to send to WeChat, kept because a repeat must be identical
    /// (any other parameter is answered `201 商户订单号重复`). `None` for deals that the original opened.
    pub request: Option<String>,
    /// While this lies in the future a caller is asking WeChat, and no other may. Later: when the last answer came.
    pub asking_until: Option<Timestamp>,
    /// What it is paid with, once WeChat gave it.
    pub ticket: Option<Ticket>,
    /// Why WeChat refused to give one, when it last did.
    pub refusal: Option<String>,
}

impl Prepay {
    /// What the deal is paid with, if WeChat gave it and it is still good.
    pub fn good_ticket(&self, now: Timestamp) -> Option<&Ticket> {
        let ticket = self.ticket.as_ref()?;
        let given_at = self.asking_until.unwrap_or(now);
        ticket.good_until(given_at).is_none_or(|until| now < until).then_some(ticket)
    }
}
