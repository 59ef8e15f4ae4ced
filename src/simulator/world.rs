//! The model: what WeChat knows and does, as plain data and functions. Time comes in as an argument, chance from the
//! [`Chance`] it was made with, so that a history can be replayed.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::TimeDelta;
use md5::{Digest, Md5};

use crate::chance::Chance;
use crate::channel::TradeState;
use crate::channel::wechat::v2::{ApiKey, Fields, Merchant, Signer};
use crate::deal::{BeijingTime, Fen, Timestamp};

use super::message_log::{Message, MessageLog};
use super::notifications::{Delivery, LATE, REPEATS};
use super::orders::SimOrder;
use super::pay_api::Fate;
use super::switches::{Faults, Habits, Notify};

/// A link lives for two hours, whatever the order says.
const LINK_LIFE: TimeDelta = TimeDelta::hours(2);

/// A simulated WeChat, as it is at one moment.
#[derive(Debug)]
pub struct World {
    pub(super) appid: String,
    pub(super) mch_id: String,
    pub(super) signer: Signer,
    pub(super) sandbox_signer: Signer,
    pub(super) sandbox_key: String,
    pub(super) chance: Chance,
    pub(super) time_scale: i32,
    pub(super) orders: HashMap<String, SimOrder>,
    pub(super) newest_last: Vec<String>,
    pub(super) deliveries: VecDeque<Delivery>,
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

/// Why a payer cannot pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotPay {
    /// No such order.
    #[error("ORDERNOTEXIST")]
    NoSuchOrder,
    /// Closed, or closed by itself.
    #[error("ORDERCLOSED")]
    Closed,
    /// Paid before.
    #[error("ORDERPAID")]
    Paid,
    /// Past `time_expire`, or the link is older than two hours.
    #[error("the link has expired")]
    Expired,
}

impl World {
    /// A WeChat that has one merchant, and no orders yet.
    pub fn new(merchant: &Merchant, chance: Chance, time_scale: u32) -> Self {
        // A sandbox key of its own, as the real one has, derived so that a restart gives the same.
        let sandbox_key: String = Md5::digest(merchant.signer.sign(&Fields::new())).iter().map(|b| format!("{b:02x}")).collect();
        let sandbox_signer =
            ApiKey::new(&sandbox_key).map_or_else(|_| merchant.signer.clone(), |key| Signer::new(key, merchant.signer.sign_type()));
        Self {
            appid: merchant.appid.clone(),
            mch_id: merchant.mch_id.clone(),
            signer: merchant.signer.clone(),
            sandbox_signer,
            sandbox_key,
            chance,
            time_scale: i32::try_from(time_scale).unwrap_or(i32::MAX).max(1),
            orders: HashMap::new(),
            newest_last: Vec::new(),
            deliveries: VecDeque::new(),
            faults: Faults::default(),
            habits: Habits::default(),
            stats: Stats::default(),
            log: MessageLog::default(),
        }
    }

    /// An order by the merchant's number.
    pub fn order(&self, out_trade_no: &str) -> Option<&SimOrder> {
        self.orders.get(out_trade_no)
    }

    /// All orders, newest first.
    pub fn orders(&self) -> impl Iterator<Item = &SimOrder> {
        self.newest_last.iter().rev().filter_map(|number| self.orders.get(number))
    }

    /// How often an API was called (`/pay/unifiedorder` …).
    pub fn calls(&self, path: &str) -> u64 {
        self.stats.calls.get(path).copied().unwrap_or(0)
    }

    /// Throws the dice about a call.
    pub(super) fn draw_fate(&self) -> Fate {
        let happens = |share| self.chance.happens(share);
        if happens(self.faults.reset) {
            Fate::Reset
        } else if happens(self.faults.html) {
            Fate::Html
        } else if happens(self.faults.system_error) {
            Fate::SystemError { carried_out: self.chance.draw().is_multiple_of(2) }
        } else if happens(self.faults.drop_reply) {
            Fate::DropReply
        } else {
            Fate::Answer
        }
    }

    pub(super) fn close_if_forgotten(&mut self, number: &str, now: Timestamp) {
        let life = TimeDelta::days(i64::from(self.habits.auto_close_days));
        if let Some(order) = self.orders.get_mut(number)
            && !order.trade_state.is_paid()
            && now >= order.created_at + life
        {
            order.trade_state = TradeState::Closed;
        }
    }

    /// The payer pays, with a coupon perhaps; the notification goes out by itself.
    pub fn pay(&mut self, out_trade_no: &str, coupon: Option<Fen>, notify: Option<Notify>, now: Timestamp) -> Result<(), CannotPay> {
        self.close_if_forgotten(out_trade_no, now);
        let number = self.chance.draw() % 10_000_000_000;
        let order = self.orders.get_mut(out_trade_no).ok_or(CannotPay::NoSuchOrder)?;
        if order.trade_state.is_paid() {
            return Err(CannotPay::Paid);
        }
        if order.trade_state.is_dead() {
            return Err(CannotPay::Closed);
        }
        if now >= order.created_at + LINK_LIFE || order.expires_at.is_some_and(|time| now >= time) {
            return Err(CannotPay::Expired);
        }
        self.log.note(out_trade_no, Message::new("pay", now));
        self.take_money(out_trade_no, number, coupon, notify, now);
        Ok(())
    }

    /// The payer pays between the merchant's question and its close. That the link's time is over does not help: a payer
    /// that has begun to pay may end.
    pub(super) fn pay_at_close(&mut self, out_trade_no: &str, now: Timestamp) {
        if self.orders.get(out_trade_no).is_some_and(|order| !order.trade_state.is_paid() && !order.trade_state.is_dead()) {
            let number = self.chance.draw() % 10_000_000_000;
            self.log.note(out_trade_no, Message { fault: Some("pay_at_close"), ..Message::new("pay", now) });
            self.take_money(out_trade_no, number, None, None, now);
        }
    }

    fn take_money(&mut self, out_trade_no: &str, number: u128, coupon: Option<Fen>, notify: Option<Notify>, now: Timestamp) {
        let Some(order) = self.orders.get_mut(out_trade_no) else { return };
        order.trade_state = TradeState::Success;
        order.paid_at = Some(now);
        order.coupon = coupon.filter(|coupon| *coupon < order.total_fee);
        order.transaction_id = Some(format!("42000000{}{number:010}00", &BeijingTime::from(now).compact()[..8]));
        let notify = notify.unwrap_or(self.faults.notify);
        let unheard = Message { fault: Some(notify.as_str()), ..Message::new("notification", now) };
        let due = match notify {
            Notify::Lost => return self.log.note(out_trade_no, unheard),
            Notify::Late => {
                let due = now + TimeDelta::seconds(LATE) / self.time_scale;
                self.log.note(out_trade_no, Message { next_at: Some(BeijingTime::from(due).to_string()), ..unheard });
                due
            }
            Notify::Twice => {
                self.deliveries.push_back(Delivery { out_trade_no: out_trade_no.to_owned(), due: now, number: REPEATS.len() });
                now
            }
            Notify::Normal | Notify::Forged | Notify::WrongAmount => now,
        };
        self.deliveries.push_back(Delivery { out_trade_no: out_trade_no.to_owned(), due, number: 0 });
    }

    /// The payer's bank refuses.
    pub fn fail(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.move_unpaid(out_trade_no, TradeState::PayError)
    }

    /// The payer begins to enter the password.
    pub fn enter_password(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.move_unpaid(out_trade_no, TradeState::UserPaying)
    }

    /// The payer walks away, and may come back.
    pub fn walk_away(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        self.move_unpaid(out_trade_no, TradeState::NotPay)
    }

    fn move_unpaid(&mut self, out_trade_no: &str, state: TradeState) -> Result<(), CannotPay> {
        let order = self.orders.get_mut(out_trade_no).ok_or(CannotPay::NoSuchOrder)?;
        if order.trade_state.is_paid() {
            return Err(CannotPay::Paid);
        }
        if order.trade_state.is_dead() {
            return Err(CannotPay::Closed);
        }
        order.trade_state = state;
        Ok(())
    }

    /// A paid order is given back, at least in part.
    pub fn refund(&mut self, out_trade_no: &str) -> Result<(), CannotPay> {
        let order = self.orders.get_mut(out_trade_no).ok_or(CannotPay::NoSuchOrder)?;
        if !order.trade_state.is_paid() {
            return Err(CannotPay::Closed);
        }
        order.trade_state = TradeState::Refund;
        Ok(())
    }
}
