//! Forged notifications: a stranger's, those of another program that has a key of ours, and those of a merchant of ours that has
//! turned evil and signs, with its own key, that others' orders were paid. None may change a deal.

use std::fmt;

use wechat_pay::channel::wechat::v2::{Fields, Merchant, SignType, Signer, xml};
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::SimOrder;

use super::history::History;
use super::invariants::Row;
use super::merchants::{Merchants, is_named, of_other_sub_merchant};
use super::requests::RequestKind;

/// The account that turns evil in some histories.
const EVIL: &str = "shop2";

/// A notification that WeChat has not sent.
pub struct Forgery {
    what: &'static str,
    pub out_trade_no: String,
    /// Whose numbers it has.
    names: Merchant,
    /// Whose key has signed it, the key, and how it was used.
    signed_by: Option<(AccountId, Signer)>,
    /// Which account's own address it is posted to.
    posted_to: Option<AccountId>,
    has_failed: bool,
    /// What is posted.
    message: Fields,
}

/// The one right answer.
pub struct Answer {
    pub status: u16,
    /// The deal is looked at for it, which may meet a database that is away.
    pub is_looked_up: bool,
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, out_trade_no, names, signed_by, posted_to, has_failed, .. } = self;
        let numbers = (&names.mch_id, &names.sub_mch_id);
        let key = signed_by.as_ref().map(|(account, key)| (account, key.sign_type()));
        write!(f, "{what} of {out_trade_no}: numbers {numbers:?}, key {key:?}, address {posted_to:?}, failed {has_failed}")
    }
}

impl Forgery {
    /// How an instance of this configuration must answer: the address of an account that it lacks is none; the numbers choose the
    /// account, where they name none the address does; a key of it must fit, then the numbers, then the address. By the other algorithm than the account's, it counts for
    /// nothing but an order of the account that was sent so. Then the deal decides.
    pub fn answer(&self, configured: &Merchants, row: Option<&Row>) -> Answer {
        if self.posted_to.as_ref().is_some_and(|account| configured.get(account).is_none()) {
            return Answer { status: 401, is_looked_up: false };
        }
        let is_numbered = |merchant: &&Merchant| is_named(merchant, &self.message);
        let named = configured.iter().find(is_numbered).map(|merchant| merchant.account.clone());
        let chosen = named.clone().or(self.posted_to.clone()).unwrap_or_default();
        let Some(sign_type) = SignType::ALL.into_iter().find(|by| configured.have_signed(&chosen, &self.message, *by)) else {
            return Answer { status: 401, is_looked_up: false };
        };
        let is_foreign = named.as_ref() != Some(&chosen) || self.posted_to.as_ref().is_some_and(|account| *account != chosen);
        let is_of_other_algorithm = sign_type != configured.of_account(&chosen).signer.sign_type();
        let was_sent_so = row.is_none_or(|row| row.account == chosen && row.sign_type() == sign_type);
        if is_foreign {
            Answer { status: 409, is_looked_up: false }
        } else if is_of_other_algorithm && !was_sent_so {
            Answer { status: 401, is_looked_up: true }
        } else if self.has_failed {
            Answer { status: 200, is_looked_up: is_of_other_algorithm }
        } else {
            Answer { status: 409, is_looked_up: true }
        }
    }

    fn numbers(&self) -> Fields {
        let Merchant { appid, mch_id, sub_mch_id, .. } = &self.names;
        let fields = Fields::new().with("appid", appid.as_str()).with("mch_id", mch_id.as_str());
        sub_mch_id.iter().fold(fields, |fields, number| fields.with("sub_mch_id", number.as_str()))
    }

    fn message(&self, nonce: String, total_fee: String, transaction_id: String) -> Fields {
        let fields = self
            .numbers()
            .with("nonce_str", nonce)
            .with("out_trade_no", self.out_trade_no.as_str())
            .with("return_code", "SUCCESS")
            .with("result_code", if self.has_failed { "FAIL" } else { "SUCCESS" })
            .with("total_fee", total_fee)
            .with("time_end", "20260401120500")
            .with("transaction_id", transaction_id);
        match &self.signed_by {
            Some((_, key)) => key.signed(fields),
            None if self.what == "an unsigned payment" => fields,
            None => fields.with("sign", "0".repeat(32)),
        }
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
            signed_by: Some((own.clone(), self.some_key(&own))),
            posted_to: self.some_address(),
            has_failed: false,
            message: Fields::new(),
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
            signed_by: Some((evil.clone(), self.some_key(&evil))),
            posted_to: self.some_address(),
            has_failed: self.random.happens(200),
            message: Fields::new(),
            out_trade_no: order.out_trade_no,
        };
        self.count("evil", 1);
        self.post_forgery(forgery).await;
    }

    /// Any key of an account, by any algorithm.
    fn some_key(&self, account: &AccountId) -> Signer {
        self.random.one_of(&self.network.merchants.keys(account)).with(self.random.one_of(&SignType::ALL))
    }

    fn some_address(&self) -> Option<AccountId> {
        let accounts: Vec<_> = self.network.merchants.iter().map(|merchant| merchant.account.clone()).collect();
        self.random.happens(500).then(|| self.random.one_of(&accounts))
    }

    /// Of the right amount, by a payment that was never made or one of any other order's.
    async fn post_forgery(&mut self, mut forgery: Forgery) {
        let orders = || self.network.world.orders();
        let total_fee = orders().find(|order| order.out_trade_no == forgery.out_trade_no).map_or(1990, |order| order.total_fee.get());
        let is_other = |order: &&SimOrder| order.out_trade_no != forgery.out_trade_no;
        // WeChat, whose key it is, says of no payment that it is another order's too; and a second one may be given back.
        let may_be_used = forgery.what != "a second payment" && self.random.happens(500);
        let used = orders().filter(is_other).find_map(|order| order.transaction_id.clone()).filter(|_| may_be_used);
        let transaction_id = used.unwrap_or_else(|| "4200000000202604010000000000".to_owned());
        let nonce = format!("{:032x}", self.random.seed());
        forgery.message = forgery.message(nonce, total_fee.to_string(), transaction_id);
        let body = xml::write(&forgery.message);
        let row = self.invariants.rows.get(&forgery.out_trade_no);
        let is_own = |(account, _): &(AccountId, Signer)| row.is_some_and(|row| row.account == *account);
        if forgery.has_failed && forgery.signed_by.as_ref().is_some_and(is_own) {
            self.network.failures.insert(forgery.out_trade_no.clone());
        }
        let path = forgery.posted_to.as_ref().map_or_else(|| "/wxPay/notify".to_owned(), |account| format!("/wxPay/notify/{account}"));
        self.send(RequestKind::Forgery(Box::new(forgery)), &path, None, body).await;
    }
}
