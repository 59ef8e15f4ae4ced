//! The accounts of every history: a merchant, another one, and a sub-merchant of a service provider.

use wechat_pay::channel::wechat::v2::{ApiKey, Fields, Merchant, PreviousKey, SignType, Signer};
use wechat_pay::config::Settings;
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::{OrderKey, SimMerchant, SubMerchant};

/// The account whose API key and algorithm are changed.
pub const CHANGED: &str = "shop2";
/// A sub-merchant of the same provider that is no account of ours.
const OTHER_SUB_MERCHANT: &str = "1900000310";

/// Those of the accounts `default`, `shop2` and `sub`.
#[derive(Clone)]
pub struct Merchants {
    known: Vec<Merchant>,
    /// The key before the present one, of the account whose key is changed.
    former: Option<Signer>,
}

impl Merchants {
    pub fn of(settings: &Settings) -> Self {
        let default = settings.wechat.merchant.clone();
        let refund_notify_url = default.notify_url.replace("/notify", "/refundNotify");
        let default = Merchant { refund_notify_url, ..default };
        let key = |text: &str| ApiKey::new(text).unwrap();
        let numbered = |account: &str, mch_id: &str, signer: Signer| Merchant {
            account: account.parse().unwrap(),
            appid: format!("wx{mch_id:0>16}"),
            mch_id: mch_id.to_owned(),
            signer,
            ..default.clone()
        };
        let former = key("8934e7d15453e97507ef794cf7b0519d");
        let shop2 = numbered(CHANGED, "1900000002", Signer::new(key("5f4dcc3b5aa765d61d8327deb882cf99"), SignType::HmacSha256));
        let previous_key = Some(PreviousKey::new(former.clone(), &shop2.signer));
        let shop2 = Merchant {
            notify_url: format!("{}/shop2", default.notify_url),
            refund_notify_url: format!("{}/shop2", default.refund_notify_url),
            previous_key,
            ..shop2
        };
        let sub = numbered("sub", "1900000003", Signer::new(key("192006250b4c09247ec02edce69f6a2d"), SignType::Md5));
        let sub = Merchant { sub_mch_id: Some("1900000309".to_owned()), ..sub };
        Self { known: vec![default, shop2, sub], former: Some(Signer::new(former, SignType::Md5)) }
    }

    /// The same with the keys of before.
    pub fn before_the_change(&self) -> Self {
        let mut known = self.known.clone();
        if let (Some(signer), Some(changed)) = (&self.former, known.iter_mut().find(|merchant| merchant.account.as_str() == CHANGED)) {
            *changed = Merchant { signer: signer.clone(), previous_key: None, ..changed.clone() };
        }
        Self { known, former: None }
    }

    /// Those of all accounts but one, perhaps.
    pub fn without(mut self, account: Option<&AccountId>) -> Self {
        self.known.retain(|merchant| Some(&merchant.account) != account);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &Merchant> {
        self.known.iter()
    }

    pub fn get(&self, account: &AccountId) -> Option<&Merchant> {
        self.iter().find(|merchant| merchant.account == *account)
    }

    pub fn of_account(&self, account: &AccountId) -> &Merchant {
        self.get(account).unwrap_or_else(|| panic!("{account} is no account"))
    }

    /// The present key of an account, and the previous one.
    pub fn keys(&self, account: &AccountId) -> Vec<&Signer> {
        let present = self.get(account).map(|merchant| &merchant.signer);
        let previous = self.former.as_ref().filter(|_| present.is_some() && account.as_str() == CHANGED);
        present.into_iter().chain(previous).collect()
    }

    /// Whether a key of the account has signed a message, by this algorithm.
    pub fn have_signed(&self, account: &AccountId, message: &Fields, sign_type: SignType) -> bool {
        self.keys(account).into_iter().any(|key| key.with(sign_type).verify(message).is_ok())
    }

    /// The key that has signed a request, by the algorithm that it names.
    pub fn signer_of(&self, request: &Fields) -> Option<Signer> {
        let keys = self.iter().flat_map(|merchant| self.keys(&merchant.account));
        keys.map(|key| key.with(sign_type(request))).find(|key| key.verify(request).is_ok())
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

/// By which algorithm a request says that it is signed.
pub fn sign_type(request: &Fields) -> SignType {
    if request.get("sign_type") == Some(SignType::HmacSha256.as_str()) { SignType::HmacSha256 } else { SignType::Md5 }
}

/// Whether a message names a merchant, by all its numbers.
pub fn is_named(merchant: &Merchant, fields: &Fields) -> bool {
    let numbers = [("appid", Some(&merchant.appid)), ("mch_id", Some(&merchant.mch_id)), ("sub_mch_id", merchant.sub_mch_id.as_ref())];
    numbers.into_iter().all(|(name, number)| fields.get(name) == number.map(String::as_str))
}
