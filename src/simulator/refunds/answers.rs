//! Acceptance of refunds: what WeChat answers to `/secapi/pay/refund`, and how a refund comes to its end.

use chrono::TimeDelta;

use crate::channel::TradeState;
use crate::channel::wechat::v2::Fields;
use crate::deal::{BeijingTime, Fen, Timestamp};

use super::super::World;
use super::super::merchants::Requester;
use super::super::message_log::Message;
use super::super::orders::OrderKey;
use super::super::switches::RefundNotify;
use super::balance::payee;
use super::book::Place;
use super::rules::Case;
use super::{RefundRefusal, RefundSource, RefundState, SimRefund};

impl World {
    /// Answers a merchant's request for a refund. That it is accepted is not yet that it arrives.
    pub(in super::super) fn refund(&mut self, fields: &Fields, requester: &Requester, now: Timestamp) -> Result<Fields, RefundRefusal> {
        self.decide_due_refunds(now);
        let not_there =
            if fields.get("transaction_id").is_some() { RefundRefusal::InvalidTransactionid } else { RefundRefusal::Ordernotexist };
        let number = fields.get("out_refund_no").unwrap_or_default();
        let parameters = parameters(fields);
        // A number that was used is judged before everything else: its refund may have taken what is left.
        let former = self.refunds.of_number(number).find(|(_, refund)| requester.has(&refund.order));
        if let Some((place, former)) = former {
            former.is_repeated_by(&parameters)?;
            return self.acceptance(place).ok_or(not_there);
        }
        if let Some(refused) = self.faults.refund_refused {
            return Err(refused);
        }
        if self.refunds.is_first_request(requester, number) && self.chance.happens(self.faults.refund_frequency_limited) {
            return Err(RefundRefusal::FrequencyLimited);
        }
        let key = self.order_named(fields, requester).ok_or(not_there)?;
        let fee = |name| fields.get(name).and_then(Fen::from_total_fee).ok_or(RefundRefusal::InvalidRequest);
        let (total_fee, refund_fee) = (fee("total_fee")?, fee("refund_fee")?);
        self.case(&key).ok_or(not_there)?.judge_call(total_fee, refund_fee, now)?;
        let refund = SimRefund {
            source: RefundSource::Api,
            notify_url: fields.get("notify_url").map(str::to_owned).or_else(|| self.platform_url()),
            parameters,
            ..self.new_refund(key, number.to_owned(), refund_fee, now)
        };
        let place = self.accept(refund, now);
        self.acceptance(place).ok_or(not_there)
    }

    /// What is known about refunds of an order.
    pub(super) fn case(&self, key: &OrderKey) -> Option<Case<'_>> {
        let order = self.orders.get(key)?;
        Some(Case { order, former: self.refunds.of_order(key).collect(), balance: self.balances.of(&payee(key)) })
    }

    /// A refund as it begins.
    pub(super) fn new_refund(&self, order: OrderKey, out_refund_no: String, refund_fee: Fen, now: Timestamp) -> SimRefund {
        let day = &BeijingTime::from(now).compact()[..8];
        SimRefund {
            order,
            out_refund_no,
            refund_id: format!("5030000000{day}{:011}", self.refunds.len() + 1),
            refund_fee,
            state: RefundState::Processing,
            source: RefundSource::VendorPlatform,
            notify_url: self.platform_url(),
            accepted_at: now,
            decided_at: None,
            attempts: Vec::new(),
            parameters: Fields::new(),
        }
    }

    /// Where the merchant platform sends what no request gave an address for.
    fn platform_url(&self) -> Option<String> {
        Some(self.habits.refund_notify_url.clone()).filter(|url| !url.is_empty())
    }

    /// Takes a judged refund in. Its money leaves the merchant at once.
    pub(super) fn accept(&mut self, refund: SimRefund, now: Timestamp) -> Place {
        self.balances.take(&refund.order, refund.refund_fee);
        if let Some(order) = self.orders.get_mut(&refund.order) {
            order.trade_state = TradeState::Refund;
        }
        let delay = TimeDelta::seconds(i64::from(self.faults.refund_delay_s));
        let place = self.refunds.insert(refund, now + delay);
        if self.faults.refund_notify == RefundNotify::Forged {
            self.tell_of_refund(place, now);
        }
        place
    }

    /// The answer about a refund that was accepted: the same whenever it is asked for.
    fn acceptance(&self, place: Place) -> Option<Fields> {
        let refund = self.refunds.get(place)?;
        let order = self.orders.get(&refund.order)?;
        let cash = order.cash_part(refund.refund_fee);
        Some(
            Fields::new()
                .with("transaction_id", order.transaction_id.clone().unwrap_or_default())
                .with("out_trade_no", order.out_trade_no.as_str())
                .with("out_refund_no", refund.out_refund_no.as_str())
                .with("refund_id", refund.refund_id.as_str())
                .with("refund_channel", "")
                .with("refund_fee", refund.refund_fee.get().to_string())
                .with("coupon_refund_fee", (refund.refund_fee.get() - cash).to_string())
                .with("total_fee", order.total_fee.get().to_string())
                .with("cash_fee", order.cash_fee().to_string())
                .with("coupon_refund_count", "0")
                .with("cash_refund_fee", cash.to_string()),
        )
    }

    /// Refunds that have been under way long enough come to their end.
    pub(in super::super) fn decide_due_refunds(&mut self, now: Timestamp) {
        while let Some((due, place)) = self.refunds.due(now) {
            self.decide(place, self.faults.refund_end, due);
        }
    }

    /// A refund under way comes to its end, and the merchant is told.
    pub(super) fn decide(&mut self, place: Place, state: RefundState, at: Timestamp) {
        self.refunds.end(place);
        let Some(refund) = self.refunds.get_mut(place) else { return };
        refund.state = state;
        refund.decided_at = Some(at);
        if matches!(state, RefundState::RefundClose | RefundState::Change) {
            self.balances.add(&refund.order, refund.refund_fee);
        }
        let says = Some(state.as_str().to_owned());
        self.log.note(&refund.order, Message { says, ..Message::new("refund-decided", at) });
        self.tell_of_refund(place, at);
    }
}

impl SimRefund {
    /// Whether a request under the same number is the same request.
    fn is_repeated_by(&self, parameters: &Fields) -> Result<(), RefundRefusal> {
        let differs = |name| self.parameters.get(name) != parameters.get(name);
        if self.parameters == *parameters {
            Ok(())
        } else if differs("refund_fee") {
            Err(RefundRefusal::OtherRefundFee)
        } else if differs("total_fee") {
            Err(RefundRefusal::RefundFeeMismatch)
        } else {
            Err(RefundRefusal::InvalidRequest)
        }
    }
}

/// What makes a request the same as another, in whatever order it comes.
fn parameters(fields: &Fields) -> Fields {
    let mut own: Vec<_> =
        fields.iter().filter(|(name, value)| !value.is_empty() && !["nonce_str", "sign", "sign_type"].contains(name)).collect();
    own.sort_unstable();
    own.into_iter().collect()
}
