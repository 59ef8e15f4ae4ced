//! How an order stands, as a caller is told it.

use std::borrow::Cow;

use crate::channel::TradeState;
use crate::deal::{Deal, DealStatus, Timestamp};

/// How a deal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// WeChat's word.
    pub state: TradeState,
    /// WeChat's description of it.
    pub description: Cow<'static, str>,
    /// Until when it can be paid.
    pub expires_at: Option<Timestamp>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When this was so, if that is not now.
    pub as_of: Option<Timestamp>,
}

impl OrderView {
    /// Of a deal that is not decided.
    pub fn undecided(state: TradeState, expires_at: Option<Timestamp>) -> Self {
        Self::new(state, expires_at, None)
    }

    /// Of a deal that is paid.
    pub fn paid(is_refunded: bool, expires_at: Option<Timestamp>, paid_at: Option<Timestamp>) -> Self {
        Self::new(TradeState::of_paid(is_refunded), expires_at, paid_at)
    }

    /// What the store says by itself about a decided deal.
    pub fn decided(deal: &Deal) -> Option<Self> {
        match deal.status {
            DealStatus::Paid => Some(Self::paid(deal.refunded_at.is_some(), deal.expires_at, deal.paid_at)),
            DealStatus::Expired => Some(Self::new(TradeState::Closed, deal.expires_at, deal.paid_at)),
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

    fn new(state: TradeState, expires_at: Option<Timestamp>, paid_at: Option<Timestamp>) -> Self {
        Self { state, description: state.description().into(), expires_at, paid_at, as_of: None }
    }
}
