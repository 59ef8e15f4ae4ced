//! What a payer does with an order short of paying it, and which payer may do anything with it at all.

use crate::channel::TradeState;
use crate::deal::Timestamp;

use super::World;
use super::message_log::Message;
use super::orders::OrderKey;
use super::payers::Payer;
use super::payment::CannotPay;
use crate::deal::TradeType;

/// What a payer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Begins to pay.
    EnterPassword,
    /// Goes away, and may come back.
    WalkAway,
    /// Is refused by the bank.
    Fail,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::EnterPassword => "enter-password",
            Self::WalkAway => "walk-away",
            Self::Fail => "fail",
        }
    }

    fn leads_to(self) -> TradeState {
        match self {
            Self::EnterPassword => TradeState::UserPaying,
            Self::WalkAway => TradeState::NotPay,
            Self::Fail => TradeState::PayError,
        }
    }
}

impl World {
    /// A payer does something with an order, and takes its link up by that.
    pub(super) fn act(&mut self, key: &OrderKey, act: Act, payer: Option<Payer>, now: Timestamp) -> Result<(), CannotPay> {
        let payer = self.payer_of(key, payer)?;
        self.turn(key, act.leads_to())?;
        self.take_up(key, payer);
        self.log.note(key, Message::new(act.name(), now));
        Ok(())
    }

    /// Who pays an order: a JSAPI order's own payer, the one who took a link up first, or the first to come.
    /// None: a payer whom this WeChat does not know, since a test has invented the order's openid.
    pub(super) fn payer_of(&self, key: &OrderKey, said: Option<Payer>) -> Result<Option<Payer>, CannotPay> {
        let order = self.orders.get(key).ok_or(CannotPay::NoSuchOrder)?;
        if order.trade_type == TradeType::Jsapi {
            return match said {
                Some(payer) if !order.is_for(payer) => Err(CannotPay::AnotherPayer),
                Some(payer) => Ok(Some(payer)),
                None => Ok(Payer::ALL.into_iter().find(|payer| order.is_for(*payer))),
            };
        }
        match (order.payer, said) {
            (Some(holder), Some(payer)) if holder != payer => Err(CannotPay::TakenUp),
            (holder, said) => Ok(said.or(holder).or(Some(Payer::default()))),
        }
    }

    /// From now on the order's link is this payer's alone.
    pub(super) fn take_up(&mut self, key: &OrderKey, payer: Option<Payer>) {
        if let Some(order) = self.orders.get_mut(key) {
            order.payer = payer;
        }
    }
}
