//! No reply makes the gate panic: the input's lines become fields, signed as WeChat signs, so that what lies behind the
//! signature is reached too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechat_pay::channel::RefundSubject;
use wechat_pay::channel::wechat::v2::{ApiKey, Fields, Merchant, SignType, Signer, UnverifiedNotice, reply, xml};
use wechat_pay::deal::AccountId;

fuzz_target!(|text: &str| {
    let signer = Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), SignType::HmacSha256);
    let merchant = Merchant {
        account: AccountId::default(),
        appid: "wxd930ea5d5a258f4f".into(),
        mch_id: "10000100".into(),
        sub_mch_id: None,
        sub_appid: None,
        signer: signer.clone(),
        previous_key: None,
        notify_url: String::new(),
        refund_notify_url: String::new(),
    };
    let fields: Fields = text.lines().filter_map(|line| line.split_once('=')).collect();
    let (order_id, refund_id) = ("20150806125346".parse().unwrap(), "R20150806125346_1".parse().unwrap());
    for body in [xml::write(&signer.signed(fields)), text.to_owned()] {
        let _ = reply::unified_order(&merchant, &order_id, body.as_bytes());
        let _ = reply::order_query(&merchant, &order_id, body.as_bytes());
        let _ = reply::close_order(&merchant, &order_id, body.as_bytes());
        let _ = reply::refund(&merchant, &order_id, &refund_id, body.as_bytes());
        let _ = reply::refund_query(&merchant, &order_id, RefundSubject::OfOrder(0), body.as_bytes());
        let _ = UnverifiedNotice::parse(body.as_bytes()).and_then(|notice| merchant.read_notification(&notice));
    }
});
