//! How an order stands, as a caller is told it.

use std::borrow::Cow;
use std::sync::Arc;

use crate::channel::TradeState;
use crate::deal::{Deal, DealStatus, Details, Fen, Timestamp};

/// How a deal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// WeChat's word.
    pub state: TradeState,
    /// WeChat's description of it.
    pub description: Cow<'static, str>,
    /// What never changes.
    pub facts: Facts,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// What has been given back of the payment, or is on its way, as far as it is known how much.
    pub refunded: Option<Fen>,
    /// When this was so, if that is not now.
    pub as_of: Option<Timestamp>,
}

/// What callers are told of a deal whatever becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Until when it can be paid.
    pub expires_at: Option<Timestamp>,
    /// What the merchant said of it. Many deals are remembered, of most of which nothing was said.
    pub details: Option<Arc<Details>>,
}

impl Facts {
    /// Of a deal that can be paid until then.
    pub fn new(expires_at: Option<Timestamp>, details: &Details) -> Self {
        Self { expires_at, details: (!details.is_empty()).then(|| Arc::new(details.clone())) }
    }
}

impl From<&Deal> for Facts {
    fn from(deal: &Deal) -> Self {
        Self::new(deal.expires_at, &deal.details)
    }
}

impl OrderView {
    /// Of a deal that is not decided.
    pub fn undecided(state: TradeState, facts: Facts) -> Self {
        Self::new(state, facts, None)
    }

    /// Of a deal that is paid.
    pub fn paid(is_refunded: bool, refunded: Option<Fen>, facts: Facts, paid_at: Option<Timestamp>) -> Self {
        Self { refunded, ..Self::new(TradeState::of_paid(is_refunded), facts, paid_at) }
    }

    /// What the store says by itself about a decided deal.
    pub fn decided(deal: &Deal) -> Option<Self> {
        match deal.status {
            DealStatus::Paid => Some(Self::paid(deal.refunded_at.is_some(), deal.refunded.fee, deal.into(), deal.paid_at)),
            DealStatus::Expired => Some(Self::new(TradeState::Closed, deal.into(), deal.paid_at)),
            DealStatus::Unpaid => None,
        }
    }

    /// Nothing more can happen to the deal.
    pub fn is_final(&self) -> bool {
        self.state.is_paid() || self.state.is_dead()
    }

    /// Whether a listener that has heard the one hears nothing new by the other.
    pub fn is_same_news(&self, other: &Self) -> bool {
        (self.state, &self.description, self.paid_at) == (other.state, &other.description, other.paid_at)
    }

    fn new(state: TradeState, facts: Facts, paid_at: Option<Timestamp>) -> Self {
        Self { state, description: state.description().into(), facts, paid_at, refunded: None, as_of: None }
    }
}
