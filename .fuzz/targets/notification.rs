//! No post makes the reader of notifications panic, and none is believed without the key: the fuzzer does not have it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechat_pay::channel::wechat::v2::{ApiKey, Merchant, SignType, Signer, UnverifiedNotice};
use wechat_pay::deal::AccountId;

fuzz_target!(|bytes: &[u8]| {
    let merchant = Merchant {
        account: AccountId::default(),
        appid: "wxd930ea5d5a258f4f".into(),
        mch_id: "10000100".into(),
        sub_mch_id: None,
        sub_appid: None,
        signer: Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), SignType::Md5),
        previous_key: None,
        notify_url: String::new(),
        refund_notify_url: String::new(),
    };
    assert!(UnverifiedNotice::parse(bytes).and_then(|notice| merchant.read_notification(&notice)).is_err());
});
