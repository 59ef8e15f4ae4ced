//! Business rules of a refund: what WeChat judges about its order, in its order.

use chrono::TimeDelta;

use crate::channel::TradeState;
use crate::deal::{Fen, Timestamp};

use super::super::orders::SimOrder;
use super::{RefundRefusal, SimRefund};

/// How long after the payment money can go back.
const LONGEST: TimeDelta = TimeDelta::days(365);
/// How many refunds an order can have.
const MOST: usize = 50;
/// How long after the order's last refund the next can be asked for.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// What the judge looks at.
pub struct Case<'a> {
    /// The order that money is to go back of.
    pub order: &'a SimOrder,
    /// Its refunds so far.
    pub former: Vec<&'a SimRefund>,
    /// What its merchant has, in fen.
    pub balance: i64,
}

impl Case<'_> {
    /// What is left of the order, in fen.
    pub fn left(&self) -> i64 {
        let given: i64 = self.former.iter().filter(|refund| refund.counts()).map(|refund| refund.refund_fee.get()).sum();
        self.order.total_fee.get() - given
    }

    /// Whether so much can go back by hand.
    pub fn judge(&self, refund_fee: Fen, now: Timestamp) -> Result<(), RefundRefusal> {
        match (self.order.trade_state, self.order.paid_at) {
            (TradeState::UserPaying, _) => return Err(RefundRefusal::OrderNotReady),
            (_, None) => return Err(RefundRefusal::TradeStateError),
            (_, Some(paid_at)) if now > paid_at + LONGEST => return Err(RefundRefusal::TradeOverdue),
            _ => {}
        }
        if self.left() == 0 {
            return Err(RefundRefusal::FullyRefunded);
        }
        if refund_fee.get() > self.left() {
            return Err(RefundRefusal::RefundFeeInvalid);
        }
        if self.former.len() >= MOST {
            return Err(RefundRefusal::TooMany);
        }
        if refund_fee.get() > self.balance { Err(RefundRefusal::Notenough) } else { Ok(()) }
    }

    /// Whether so much can go back by a call, which says what the order's total is.
    pub fn judge_call(&self, total_fee: Fen, refund_fee: Fen, now: Timestamp) -> Result<(), RefundRefusal> {
        if total_fee != self.order.total_fee {
            return Err(RefundRefusal::RefundFeeMismatch);
        }
        self.judge(refund_fee, now)?;
        let is_soon = self.former.iter().any(|refund| now < refund.accepted_at + PAUSE);
        if is_soon { Err(RefundRefusal::TooSoon) } else { Ok(()) }
    }
}
