//! The simulator's merchant: known to the service under test by its configuration, and to the tests as a signer.

use wechat_pay::channel::wechat::v2::{ApiKey, Merchant, SignType, Signer};
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::DEFAULT_MERCHANT;

/// Nothing listens there: the tests bring the notifications themselves.
pub const NOTIFY_URL: &str = "http://127.0.0.1:9/wxPay/notify";

/// What configures it, with WeChat at this base URL; callers need no key.
pub fn variables(base_url: &str, notify_url: &str) -> [(&'static str, String); 6] {
    [
        ("WECHAT__APPID", DEFAULT_MERCHANT.appid.to_owned()),
        ("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id.to_owned()),
        ("WECHAT__API_KEY", DEFAULT_MERCHANT.api_key.to_owned()),
        ("WECHAT__BASE_URL", base_url.to_owned()),
        ("WECHAT__NOTIFY_URL", notify_url.to_owned()),
        ("AUTH__MODE", "open".to_owned()),
    ]
}

/// Signs as WeChat does for it.
pub fn signer(sign_type: SignType) -> Signer {
    Signer::new(ApiKey::new(DEFAULT_MERCHANT.api_key).unwrap(), sign_type)
}

/// As the service holds it.
#[allow(dead_code, reason = "the benches and the memory test use it")]
pub fn merchant(sign_type: SignType) -> Merchant {
    Merchant {
        account: AccountId::default(),
        appid: DEFAULT_MERCHANT.appid.to_owned(),
        mch_id: DEFAULT_MERCHANT.mch_id.to_owned(),
        sub_mch_id: None,
        sub_appid: None,
        signer: signer(sign_type),
        previous_key: None,
        notify_url: NOTIFY_URL.to_owned(),
        refund_notify_url: "https://example.com/wxPay/refundNotify".to_owned(),
    }
}
