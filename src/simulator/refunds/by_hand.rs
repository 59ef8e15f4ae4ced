//! Manual refunds: what the merchant's staff does in the merchant platform, and what a tester decides in WeChat's place.

use crate::deal::{BeijingTime, Fen, Timestamp};

use super::super::World;
use super::super::message_log::Message;
use super::super::orders::OrderKey;
use super::super::payment::CannotPay;
use super::book::Place;
use super::{RefundRefusal, RefundState, SimRefund};

/// Why a refund cannot be made, or not be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotRefund {
    /// No order, or several, of this number.
    #[error(transparent)]
    Which(#[from] CannotPay),
    /// WeChat's rules forbid it.
    #[error(transparent)]
    Refused(#[from] RefundRefusal),
    /// No refund of this number.
    #[error("REFUNDNOTEXIST")]
    NoSuchRefund,
    /// It has come to its end; nothing changes that.
    #[error("the refund is decided")]
    Decided,
}

impl World {
    /// The merchant's staff gives back so much of an order, or all that is left.
    ///
    /// # Errors
    /// When no order, or more than one, has this number, or WeChat's rules forbid the refund.
    pub fn refund_by_hand(&mut self, out_trade_no: &str, fee: Option<Fen>, now: Timestamp) -> Result<(), CannotRefund> {
        let order = self.choose(out_trade_no, None, None)?;
        self.refund_order_by_hand(&order, fee, now)
    }

    /// The same for an order that is known.
    ///
    /// # Errors
    /// As [`Self::refund_by_hand`].
    pub fn refund_order_by_hand(&mut self, key: &OrderKey, fee: Option<Fen>, now: Timestamp) -> Result<(), CannotRefund> {
        self.decide_due_refunds(now);
        let case = self.case(key).ok_or(CannotPay::NoSuchOrder)?;
        let fee = fee.or_else(|| Fen::new(case.left())).unwrap_or(case.order.total_fee);
        case.judge(fee, now)?;
        let number = format!("{}{}{:06}", key.mch_id, BeijingTime::from(now).compact(), self.refunds.len() + 1);
        let refund = self.new_refund(key.clone(), number, fee, now);
        self.accept(refund, now);
        self.log.note(key, Message::new("refund-by-hand", now));
        Ok(())
    }

    /// A refund under way comes to its end as the tester wants it.
    ///
    /// # Errors
    /// When no refund, or more than one, has this number, or it is decided already.
    pub fn finish_refund(&mut self, out_refund_no: &str, state: RefundState, now: Timestamp) -> Result<(), CannotRefund> {
        let place = self.choose_refund(out_refund_no, None, None)?;
        self.finish_refund_at(place, state, now)
    }

    pub(super) fn finish_refund_at(&mut self, place: Place, state: RefundState, now: Timestamp) -> Result<(), CannotRefund> {
        self.decide_due_refunds(now);
        match self.refunds.get(place).ok_or(CannotRefund::NoSuchRefund)?.state {
            RefundState::Processing => self.decide(place, state, now),
            _ => return Err(CannotRefund::Decided),
        }
        Ok(())
    }

    /// The one refund that is meant by a number, and by whose it is as far as that is said.
    pub(super) fn choose_refund(&self, number: &str, mch_id: Option<&str>, sub_mch_id: Option<&str>) -> Result<Place, CannotRefund> {
        let of_number = self.refunds.of_number(number);
        let mut meant = of_number.filter(|(_, refund)| refund.order.is_meant(&refund.order.out_trade_no, mch_id, sub_mch_id));
        match (meant.next(), meant.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err(CannotPay::Ambiguous.into()),
            (None, _) => Err(CannotRefund::NoSuchRefund),
        }
    }

    /// All refunds, newest first.
    pub fn refunds(&self) -> impl Iterator<Item = &SimRefund> {
        self.refunds.newest_first().map(|(_, refund)| refund)
    }
}
