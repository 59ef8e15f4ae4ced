//! No post makes the reader of notifications panic, and none is believed without the key: the fuzzer does not have it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechat_pay::channel::wechat::v2::{ApiKey, Merchant, SignType, Signer};

fuzz_target!(|bytes: &[u8]| {
    let signer = Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), SignType::Md5);
    let merchant = Merchant { appid: "wxd930ea5d5a258f4f".into(), mch_id: "10000100".into(), signer, previous_key: None, notify_url: String::new() };
    assert!(merchant.read_notification(bytes).is_err());
});
