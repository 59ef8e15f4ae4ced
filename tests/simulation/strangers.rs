//! Forged notifications: a stranger's, those of another program that has a key of ours, and those of a merchant of ours that has
//! turned evil and signs, with its own key, that others' orders were paid. None may change a deal.

use std::fmt;

use wechat_pay::channel::wechat::v2::{Fields, Merchant, xml};
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::SimOrder;

use super::history::History;
use super::merchants::{Merchants, is_named, of_other_sub_merchant};
use super::requests::RequestKind;

/// The account that turns evil in some histories.
const EVIL: &str = "shop2";

/// A notification that WeChat has not sent.
pub struct Forgery {
    what: &'static str,
    out_trade_no: String,
    /// Whose numbers it has.
    names: Merchant,
    /// Whose key has signed it.
    signed_by: Option<AccountId>,
    /// Which account's own address it is posted to.
    posted_to: Option<AccountId>,
    has_failed: bool,
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, out_trade_no, names, signed_by, posted_to, has_failed } = self;
        let numbers = (&names.mch_id, &names.sub_mch_id);
        write!(f, "{what} of {out_trade_no}: numbers {numbers:?}, key {signed_by:?}, address {posted_to:?}, failed {has_failed}")
    }
}

impl Forgery {
    /// The status of the one right answer by an instance whose configuration lacks an account, perhaps: the numbers choose the
    /// key, where they name no account the address does; the key must fit, then the numbers, then the address, then the deal.
    pub fn answer(&self, merchants: &Merchants, lacks: Option<&AccountId>) -> u16 {
        let fields = self.numbers();
        let named = merchants.iter().find(|merchant| is_named(merchant, &fields)).map(|merchant| &merchant.account);
        let mut choices = [named, self.posted_to.as_ref()].into_iter().flatten();
        let chosen = choices.find(|account| lacks != Some(*account)).cloned().unwrap_or_default();
        if self.signed_by.as_ref() != Some(&chosen) {
            401
        } else if self.has_failed && named == Some(&chosen) && self.posted_to.as_ref().is_none_or(|account| *account == chosen) {
            200
        } else {
            409
        }
    }

    fn numbers(&self) -> Fields {
        let Merchant { appid, mch_id, sub_mch_id, .. } = &self.names;
        let fields = Fields::new().with("appid", appid.as_str()).with("mch_id", mch_id.as_str());
        sub_mch_id.iter().fold(fields, |fields, number| fields.with("sub_mch_id", number.as_str()))
    }

    fn body(&self, merchants: &Merchants, nonce: String, total_fee: String, transaction_id: String) -> String {
        let fields = self
            .numbers()
            .with("nonce_str", nonce)
            .with("out_trade_no", self.out_trade_no.as_str())
            .with("return_code", "SUCCESS")
            .with("result_code", if self.has_failed { "FAIL" } else { "SUCCESS" })
            .with("total_fee", total_fee)
            .with("time_end", "20260401120500")
            .with("transaction_id", transaction_id);
        xml::write(&match &self.signed_by {
            Some(account) => merchants.of_account(account).signer.signed(fields),
            None if self.what == "an unsigned payment" => fields,
            None => fields.with("sign", "0".repeat(32)),
        })
    }
}

impl History<'_> {
    /// Forges without any key, or with the key of the order's own account.
    pub async fn stranger_posts(&mut self) {
        let Some(order) = self.network.some_order(&self.random) else { return };
        let own = self.network.merchants.account_of(&order).clone();
        let mut forgery = Forgery {
            what: self.random.one_of(&[
                "a forged payment",
                "an unsigned payment",
                "a failed payment",
                "an unknown order's payment",
                "a second payment",
                "another sub-merchant's payment",
                "a payment at another account's address",
            ]),
            names: self.network.merchants.of_account(&own).clone(),
            signed_by: Some(own.clone()),
            posted_to: self.some_address(),
            has_failed: false,
            out_trade_no: order.out_trade_no,
        };
        match forgery.what {
            "a failed payment" => forgery.has_failed = true,
            "an unknown order's payment" => forgery.out_trade_no = "nobody-knows-it".to_owned(),
            "a second payment" => {
                let row = self.invariants.rows.get(&forgery.out_trade_no);
                if !row.is_some_and(|row| row.status == 1 && row.transaction_id.is_some()) {
                    return;
                }
            }
            "another sub-merchant's payment" if forgery.names.sub_mch_id.is_none() => return,
            "another sub-merchant's payment" => forgery.names = of_other_sub_merchant(&forgery.names),
            "a payment at another account's address" if forgery.posted_to.as_ref().is_none_or(|account| *account == own) => return,
            "a payment at another account's address" => {}
            _ => forgery.signed_by = None,
        }
        self.count("strangers", 1);
        self.post_forgery(forgery).await;
    }

    /// The merchant that has turned evil says that an order of another account was paid, or not: in its own name or in the other's.
    pub async fn evil_merchant_posts(&mut self) {
        let Some(order) = self.network.some_order(&self.random) else { return };
        let (evil, own) = (EVIL.parse::<AccountId>().unwrap(), self.network.merchants.account_of(&order).clone());
        if own == evil {
            return;
        }
        let named = if self.random.happens(700) { &evil } else { &own };
        let forgery = Forgery {
            what: "an evil merchant's payment",
            names: self.network.merchants.of_account(named).clone(),
            signed_by: Some(evil),
            posted_to: self.some_address(),
            has_failed: self.random.happens(200),
            out_trade_no: order.out_trade_no,
        };
        self.count("evil", 1);
        self.post_forgery(forgery).await;
    }

    fn some_address(&self) -> Option<AccountId> {
        let accounts: Vec<_> = self.network.merchants.iter().map(|merchant| merchant.account.clone()).collect();
        self.random.happens(500).then(|| self.random.one_of(&accounts))
    }

    /// Of the right amount, by a payment that was never made or one of any other order's.
    async fn post_forgery(&mut self, forgery: Forgery) {
        let orders = || self.network.world.orders();
        let total_fee = orders().find(|order| order.out_trade_no == forgery.out_trade_no).map_or(1990, |order| order.total_fee.get());
        let is_other = |order: &&SimOrder| order.out_trade_no != forgery.out_trade_no;
        let used = orders().filter(is_other).find_map(|order| order.transaction_id.clone()).filter(|_| self.random.happens(500));
        let transaction_id = used.unwrap_or_else(|| "4200000000202604010000000000".to_owned());
        let nonce = format!("{:032x}", self.random.seed());
        let body = forgery.body(&self.network.merchants, nonce, total_fee.to_string(), transaction_id);
        let names_own = |account: &AccountId| self.invariants.rows.get(&forgery.out_trade_no).is_some_and(|row| row.account == *account);
        if forgery.has_failed && forgery.signed_by.as_ref().is_some_and(names_own) {
            self.network.failures.insert(forgery.out_trade_no.clone());
        }
        let path = forgery.posted_to.as_ref().map_or_else(|| "/wxPay/notify".to_owned(), |account| format!("/wxPay/notify/{account}"));
        self.send(RequestKind::Forgery(Box::new(forgery)), &path, None, body).await;
    }
}
