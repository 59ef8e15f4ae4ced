//! The sheet that a payer sees before the payment, and what the payer then does.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::deal::{Fen, Timestamp};

use super::super::acts::Act;
use super::super::orders::OrderKey;
use super::super::{CannotPay, Payer, Payment, World};

/// What the payer does, as pages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Looks at the sheet.
    Look,
    /// Pays.
    Pay,
    /// Leaves it.
    Cancel,
    /// Is refused by the bank.
    Fail,
}

/// What the sheet shows.
#[derive(Debug)]
pub struct Sheet {
    /// The merchant's name, where it has one.
    pub payee: Option<String>,
    /// The merchant's number: the sub-merchant's, where it is one's.
    pub mch_id: String,
    /// What is bought.
    pub body: String,
    /// The price.
    pub total_fee: Fen,
}

impl Sheet {
    /// As scripts read it, the price in fen.
    pub fn json(&self) -> Value {
        json!({ "payee": self.payee, "mch_id": self.mch_id, "body": self.body, "total_fee": self.total_fee.get() })
    }
}

/// Why a payer cannot do it, in words that the payer reads.
pub fn told(error: CannotPay) -> String {
    match error {
        CannotPay::Paid => "该订单已支付".to_owned(),
        CannotPay::Closed => "该订单已关闭".to_owned(),
        CannotPay::Expired => "支付请求已失效，请重新发起支付".to_owned(),
        error => error.to_string(),
    }
}

impl World {
    /// The payer does it.
    pub(super) fn choose_to(&mut self, key: &OrderKey, choice: Choice, payer: Payer, now: Timestamp) -> Result<(), CannotPay> {
        match choice {
            Choice::Look => self.act(key, Act::EnterPassword, Some(payer), now),
            Choice::Pay => self.pay_order(key, Payment { payer: Some(payer), ..Payment::default() }, now),
            Choice::Cancel => self.act(key, Act::WalkAway, Some(payer), now),
            Choice::Fail => self.act(key, Act::Fail, Some(payer), now),
        }
    }

    /// The sheet of an order.
    pub(super) fn sheet(&self, key: &OrderKey) -> Option<Sheet> {
        let order = self.order_by_key(key)?;
        let mch_id = order.sub_mch_id.as_ref().unwrap_or(&order.mch_id).clone();
        Some(Sheet { payee: self.payee(order).map(str::to_owned), mch_id, body: order.body.clone(), total_fee: order.total_fee })
    }
}
