//! The accounts of every history: a merchant, another one, and a sub-merchant of a service provider.

use wechat_pay::channel::wechat::v2::{ApiKey, Fields, Merchant, SignType, Signer};
use wechat_pay::config::Settings;
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::{OrderKey, SimMerchant, SubMerchant};

/// A seller of each account, in the order of the accounts.
pub const SELLERS: [i64; 3] = [12, 205, 300];
/// A sub-merchant of the same provider that is no account of ours.
const OTHER_SUB_MERCHANT: &str = "1900000310";

/// Those of the accounts `default`, `shop2` and `sub`.
#[derive(Clone)]
pub struct Merchants(Vec<Merchant>);

impl Merchants {
    pub fn of(settings: &Settings) -> Self {
        let default = settings.wechat.merchant.clone();
        let numbered = |account: &str, mch_id: &str, key: &str| Merchant {
            account: account.parse().unwrap(),
            appid: format!("wx{mch_id:0>16}"),
            mch_id: mch_id.to_owned(),
            signer: Signer::new(ApiKey::new(key).unwrap(), SignType::Md5),
            ..default.clone()
        };
        let notify_url = format!("{}/shop2", default.notify_url);
        let shop2 = Merchant { notify_url, ..numbered("shop2", "1900000002", "8934e7d15453e97507ef794cf7b0519d") };
        let sub_mch_id = Some("1900000309".to_owned());
        let sub = Merchant { sub_mch_id, ..numbered("sub", "1900000003", "192006250b4c09247ec02edce69f6a2d") };
        Self(vec![default, shop2, sub])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Merchant> {
        self.0.iter()
    }

    pub fn of_account(&self, account: &AccountId) -> &Merchant {
        self.iter().find(|merchant| merchant.account == *account).unwrap_or_else(|| panic!("{account} is no account"))
    }

    /// Whose deals go through an account, as its operator writes it.
    pub fn sellers(account: &AccountId) -> &'static str {
        match account.as_str() {
            "shop2" => "200-299",
            "sub" => "300",
            _ => "",
        }
    }

    /// The order of a deal at the merchant of its account.
    pub fn order(&self, account: &AccountId, order_id: &str) -> OrderKey {
        let Merchant { mch_id, sub_mch_id, .. } = self.of_account(account);
        OrderKey { mch_id: mch_id.clone(), sub_mch_id: sub_mch_id.clone(), out_trade_no: order_id.to_owned() }
    }

    /// The account that an order at WeChat is of.
    pub fn account_of(&self, order: &OrderKey) -> &AccountId {
        let merchant = self.iter().find(|merchant| merchant.mch_id == order.mch_id && merchant.sub_mch_id == order.sub_mch_id);
        &merchant.unwrap_or_else(|| panic!("WeChat has an order of none of our merchants: {order:?}")).account
    }

    /// As WeChat knows them.
    pub fn at_wechat(&self) -> Vec<SimMerchant> {
        let known = |merchant: &Merchant| {
            let own = merchant.sub_mch_id.as_deref().map(|own| [own, OTHER_SUB_MERCHANT]);
            let sub_merchants = own.into_iter().flatten().map(|mch_id| SubMerchant { mch_id: mch_id.to_owned(), appid: None });
            SimMerchant::from(merchant).with_sub_merchants(sub_merchants)
        };
        self.iter().map(known).collect()
    }
}

/// The same provider, in the name of a sub-merchant that is no account of ours.
pub fn of_other_sub_merchant(provider: &Merchant) -> Merchant {
    Merchant { sub_mch_id: Some(OTHER_SUB_MERCHANT.to_owned()), ..provider.clone() }
}

/// Whether a message names a merchant, by all its numbers.
pub fn is_named(merchant: &Merchant, fields: &Fields) -> bool {
    let numbers = [("appid", Some(&merchant.appid)), ("mch_id", Some(&merchant.mch_id)), ("sub_mch_id", merchant.sub_mch_id.as_ref())];
    numbers.into_iter().all(|(name, number)| fields.get(name) == number.map(String::as_str))
}
