//! The model: what WeChat knows and does, as plain data and functions. Time comes in as an argument, chance from the
//! [`Chance`] it was made with, so that a history can be replayed.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;

use crate::chance::Chance;
use crate::channel::TradeState;
use crate::channel::wechat::v2::Merchant;
use crate::deal::{BeijingTime, Fen, Timestamp};

use super::codes::CodeBook;
use super::merchants::{SimMerchant, directory};
use super::message_log::{Message, MessageLog};
use super::notifications::{Delivery, LATE, REPEATS};
use super::order_book::OrderBook;
use super::orders::{OrderKey, SimOrder};
use super::pay_api::ReplyFault;
use super::payment::{CannotPay, Payment};
use super::refunds::{Balances, RefundBook};
use super::switches::{Faults, Habits, Notify};

/// A simulated WeChat, as it is at one moment.
#[derive(Debug)]
pub struct World {
    pub(super) merchants: Vec<SimMerchant>,
    pub(super) chance: Chance,
    pub(super) time_scale: i32,
    /// How much later it is here than by the clock.
    pub(super) ahead: TimeDelta,
    pub(super) orders: OrderBook,
    pub(super) refunds: RefundBook,
    pub(super) balances: Balances,
    pub(super) codes: CodeBook,
    pub(super) deliveries: VecDeque<Delivery>,
    /// Notifications that are being posted: nobody knows yet whether they come again.
    pub(super) under_way: Vec<Delivery>,
    /// What goes wrong.
    pub faults: Faults,
    /// What differs from day to day.
    pub habits: Habits,
    pub(super) stats: Stats,
    /// What was said and done, for people to read.
    pub(super) log: MessageLog,
}

/// What was counted.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(super) struct Stats {
    pub calls: BTreeMap<String, u64>,
    pub notifications_sent: u64,
    pub notifications_acknowledged: u64,
}

impl World {
    /// A WeChat that has these merchants, and no orders yet. Several entries of one appid and mch_id are one merchant.
    pub fn with_merchants(merchants: Vec<SimMerchant>, chance: Chance, time_scale: u32) -> Self {
        Self {
            merchants: directory(merchants),
            chance,
            time_scale: i32::try_from(time_scale).unwrap_or(i32::MAX).max(1),
            ahead: TimeDelta::zero(),
            orders: OrderBook::default(),
            refunds: RefundBook::default(),
            balances: Balances::default(),
            codes: CodeBook::default(),
            deliveries: VecDeque::new(),
            under_way: Vec::new(),
            faults: Faults::default(),
            habits: Habits::default(),
            stats: Stats::default(),
            log: MessageLog::default(),
        }
    }

    /// A merchant's API key is changed: from now on its requests must be signed with this one. What is sent about an order goes on
    /// as that order was opened.
    pub fn change_key(&mut self, merchant: &Merchant) {
        for known in self.merchants.iter_mut().filter(|known| known.mch_id == merchant.mch_id) {
            known.change_key(merchant.signer.clone());
        }
    }

    /// An order by the merchant's number; none where the number repeats.
    pub fn order(&self, out_trade_no: &str) -> Option<&SimOrder> {
        self.order_by_key(&self.find(out_trade_no).ok()?)
    }

    /// An order.
    pub fn order_by_key(&self, key: &OrderKey) -> Option<&SimOrder> {
        self.orders.get(key)
    }

    fn find(&self, out_trade_no: &str) -> Result<OrderKey, CannotPay> {
        self.choose(out_trade_no, None, None)
    }

    /// The one order that is meant by a number, and by whose it is as far as that is said.
    pub(super) fn choose(&self, out_trade_no: &str, mch_id: Option<&str>, sub_mch_id: Option<&str>) -> Result<OrderKey, CannotPay> {
        let mut meant = self.orders.of_number(out_trade_no).iter().filter(|key| key.is_meant(out_trade_no, mch_id, sub_mch_id));
        match (meant.next(), meant.next()) {
            (Some(key), None) => Ok(key.clone()),
            (Some(_), Some(_)) => Err(CannotPay::Ambiguous),
            (None, _) => Err(CannotPay::NoSuchOrder),
        }
    }

    /// All orders, newest first.
    pub fn orders(&self) -> impl Iterator<Item = &SimOrder> {
        self.orders.newest_first()
    }

    pub(super) fn merchant(&self, mch_id: &str) -> Option<&SimMerchant> {
        self.merchants.iter().find(|merchant| merchant.mch_id == mch_id)
    }

    /// What the payer of an order reads of its merchant, where that has a name.
    pub(super) fn payee(&self, order: &SimOrder) -> Option<&str> {
        let is_its = |merchant: &&SimMerchant| merchant.mch_id == order.mch_id && order.parameter("appid") == Some(&merchant.appid);
        self.merchants.iter().find(is_its)?.name(order.sub_mch_id.as_deref())
    }

    /// How often an API was called (`/pay/unifiedorder` …).
    pub fn calls(&self, path: &str) -> u64 {
        self.stats.calls.get(path).copied().unwrap_or(0)
    }

    /// Throws the dice about a call.
    pub(super) fn draw_reply_fault(&self) -> ReplyFault {
        let happens = |share| self.chance.happens(share);
        if happens(self.faults.reset) {
            ReplyFault::Reset
        } else if happens(self.faults.html) {
            ReplyFault::Html
        } else if happens(self.faults.system_error) {
            ReplyFault::SystemError { carried_out: self.chance.draw().is_multiple_of(2) }
        } else if happens(self.faults.drop_reply) {
            ReplyFault::DropReply
        } else {
            ReplyFault::None
        }
    }

    pub(super) fn close_if_forgotten(&mut self, key: &OrderKey, now: Timestamp) {
        let life = TimeDelta::days(i64::from(self.habits.auto_close_days));
        if let Some(order) = self.orders.get_mut(key)
            && !order.trade_state.is_paid()
            && now >= order.created_at + life
        {
            order.trade_state = TradeState::Closed;
        }
    }

    /// The payer pays, with a coupon perhaps; the notification goes out by itself.
    pub fn pay(&mut self, out_trade_no: &str, coupon: Option<Fen>, notify: Option<Notify>, now: Timestamp) -> Result<(), CannotPay> {
        let key = self.find(out_trade_no)?;
        self.pay_order(&key, Payment { coupon, notify, ..Payment::default() }, now)
    }

    /// The payer pays an order in a certain way.
    pub fn pay_order(&mut self, key: &OrderKey, payment: Payment, now: Timestamp) -> Result<(), CannotPay> {
        if payment.signed_by.as_ref().is_some_and(|mch_id| self.merchant(mch_id).is_none()) {
            return Err(CannotPay::NoSuchMerchant);
        }
        self.close_if_forgotten(key, now);
        let number = self.chance.draw() % 10_000_000_000;
        let order = self.orders.get(key).ok_or(CannotPay::NoSuchOrder)?;
        if order.trade_state.is_paid() {
            return Err(CannotPay::Paid);
        }
        if order.trade_state.is_dead() {
            return Err(CannotPay::Closed);
        }
        if !order.can_be_paid(now) {
            return Err(CannotPay::Expired);
        }
        let payer = self.payer_of(key, payment.payer)?;
        self.take_up(key, payer);
        self.log.note(key, Message::new("pay", now));
        self.take_money(key, number, payment, now);
        Ok(())
    }

    /// The payer pays between the merchant's question and its close. That the link's time is over does not help: a payer
    /// that has begun to pay may end.
    pub(super) fn pay_at_close(&mut self, key: &OrderKey, now: Timestamp) {
        if self.orders.get(key).is_some_and(|order| !order.trade_state.is_paid() && !order.trade_state.is_dead()) {
            let number = self.chance.draw() % 10_000_000_000;
            self.log.note(key, Message { fault: Some("pay_at_close"), ..Message::new("pay", now) });
            self.take_money(key, number, Payment::default(), now);
        }
    }

    fn take_money(&mut self, key: &OrderKey, number: u128, payment: Payment, now: Timestamp) {
        let Some(order) = self.orders.get_mut(key) else { return };
        let transaction_id = || format!("42000000{}{number:010}00", &BeijingTime::from(now).compact()[..8]);
        order.trade_state = TradeState::Success;
        order.paid_at = Some(now);
        order.coupon = payment.coupon.filter(|coupon| *coupon < order.total_fee);
        order.transaction_id = Some(payment.transaction_id.unwrap_or_else(transaction_id));
        self.balances.add(key, order.total_fee);
        let notify = payment.notify.unwrap_or(self.faults.notify);
        let unheard = Message { fault: Some(notify.as_str()), ..Message::new("notification", now) };
        let mut delivery = Delivery { order: key.clone(), refund: None, due: now, number: 0, signed_by: payment.signed_by };
        match notify {
            Notify::Lost => return self.log.note(key, unheard),
            Notify::Late => {
                delivery.due = now + TimeDelta::seconds(LATE) / self.time_scale;
                let next_at = Some(BeijingTime::from(delivery.due).to_string());
                self.log.note(key, Message { next_at, ..unheard });
            }
            Notify::Twice => self.deliveries.push_back(Delivery { number: REPEATS.len(), ..delivery.clone() }),
            Notify::Normal | Notify::Forged | Notify::WrongAmount => {}
        }
        self.deliveries.push_back(delivery);
    }

    /// The payer's bank refuses.
    pub fn fail(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.turn(&self.find(out_trade_no)?, TradeState::PayError)
    }

    /// The payer begins to enter the password.
    pub fn enter_password(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.turn(&self.find(out_trade_no)?, TradeState::UserPaying)
    }

    /// An order that is not paid takes another state without a payment.
    pub(super) fn turn(&mut self, key: &OrderKey, state: TradeState) -> Result<(), CannotPay> {
        let order = self.orders.get_mut(key).ok_or(CannotPay::NoSuchOrder)?;
        match order.trade_state {
            former if former.is_paid() => return Err(CannotPay::Paid),
            former if former.is_dead() => return Err(CannotPay::Closed),
            _ => order.trade_state = state,
        }
        Ok(())
    }
}
