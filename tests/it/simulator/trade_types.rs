//! unifiedorder of each trade type: what it asks for, what it answers, and what a repeat of it brings.

use chrono::TimeDelta;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, Fields, SignType, Signer, xml};
use wechat_pay::deal::TradeType;
use wechat_pay::simulator::{Habits, Payer, Payment, SimMerchant, World};

use super::merchants::{FIRST, Merchant, SECOND, WITH_APPID, ask, gist, now, world};

pub const NUMBER: &str = "20150806125346";
/// As tests invent them.
const OPENID: &str = "oUpF8uMEb4qRXf22hE3X68TekukE";
pub const SCENE: &str = r#"{"h5_info":{"type":"Wap","wap_url":"https://shop.example.com","wap_name":"腾讯充值"}}"#;

/// An order of this type at a merchant, with what it needs beside, if that is not taken away by an empty value.
pub fn order(merchant: Merchant, trade_type: &str, more: &[(&str, &str)]) -> String {
    let needed = match trade_type {
        "JSAPI" => vec![("openid", OPENID)],
        "MWEB" => vec![("scene_info", SCENE)],
        _ => Vec::new(),
    };
    let common = [
        ("body", "腾讯充值中心-QQ会员充值"),
        ("out_trade_no", NUMBER),
        ("total_fee", "88"),
        ("spbill_create_ip", "127.0.0.1"),
        ("notify_url", "http://127.0.0.1:9/wxPay/notify"),
        ("trade_type", trade_type),
    ];
    let is_given_otherwise = |(name, _): &(&str, &str)| more.iter().any(|(given, _)| given == name);
    let kept = common.into_iter().chain(needed).filter(|field| !is_given_otherwise(field));
    merchant.request(SignType::Md5, &kept.chain(more.iter().copied()).collect::<Vec<_>>())
}

fn ordered(world: &mut World, trade_type: &str, more: &[(&str, &str)]) -> Fields {
    ask(world, "unifiedorder", &order(FIRST, trade_type, more))
}

#[test]
fn each_type_answers_what_its_payer_pays_by() {
    for trade_type in TradeType::ALL {
        let mut world = world();
        let answer = ordered(&mut world, trade_type.as_str(), &[]);
        assert_eq!((gist(&answer), answer.get("trade_type")), ("SUCCESS", Some(trade_type.as_str())));
        assert_eq!(FIRST.signer(SignType::Md5).verify(&answer), Ok(()));
        let prepay_id = answer.get("prepay_id").unwrap();
        assert!(prepay_id.len() == 36 && prepay_id.starts_with("wx"), "{prepay_id}");
        assert_eq!(answer.get("code_url").is_some(), trade_type == TradeType::Native);
        let page = format!("http://127.0.0.1:8361/_wechat/checkmweb?prepay_id={prepay_id}&package=");
        assert_eq!(answer.get("mweb_url").map(|url| url.starts_with(&page)), (trade_type == TradeType::Mweb).then_some(true));
        let order = world.order(NUMBER).unwrap();
        assert_eq!((order.trade_type, order.prepay_id.as_str()), (trade_type, prepay_id));
        assert_eq!(order.code_url.as_deref(), answer.get("code_url"));
        assert_eq!(order.h5_page.as_ref().map(|page| page.url.as_str()), answer.get("mweb_url"));
    }
}

/// Signed elsewhere (T1 and T5), read here.
#[test]
fn orders_are_read_as_others_sign_them() {
    const COMMON: &str = "<appid>wxd930ea5d5a258f4f</appid><body>腾讯充值中心-QQ会员充值</body><mch_id>10000100</mch_id>\
                          <nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str><notify_url>https://example.com/wxPay/callback</notify_url>\
                          <out_trade_no>20150806125346</out_trade_no><spbill_create_ip>123.12.12.123</spbill_create_ip><total_fee>88</total_fee>";
    const T1: &str = "<openid>oUpF8uMEb4qRXf22hE3X68TekukE</openid><trade_type>JSAPI</trade_type>";
    const T5: &str = "<trade_type>MWEB</trade_type><scene_info><![CDATA[{\"h5_info\":{\"type\":\"Wap\",\
                      \"wap_url\":\"https://example.com\",\"wap_name\":\"腾讯充值\"}}]]></scene_info>";
    let signer = Signer::new(ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap(), SignType::Md5);
    for (own, sign) in [(T1, "9C79BE4297782DCE8A3B310313134128"), (T5, "0995D31829275E1FC107D6F2BA9B143D")] {
        let merchant = SimMerchant::new("wxd930ea5d5a258f4f", "10000100", signer.clone());
        let mut world = World::with_merchants(vec![merchant], Chance::seeded(1), 1);
        let request = format!("<xml>{COMMON}{own}<sign>{sign}</sign></xml>");
        assert_eq!(gist(&ask(&mut world, "unifiedorder", &request)), "SUCCESS", "{sign}");
        let changed = request.replace("<total_fee>88<", "<total_fee>89<");
        assert_eq!(gist(&ask(&mut world, "unifiedorder", &changed)), "签名错误", "{sign}");
    }
}

#[test]
fn what_a_type_asks_for_is_missed_in_wechat_s_words() {
    const NO_SCENE: &str = "输入源“/body/xml/scene_info”映射到字段“场景信息”必填性规则校验失败，此字段为必填项";
    for (trade_type, more, code, text) in [
        ("JSAPI", &[("openid", "")][..], "LACK_PARAMS", "JSAPI支付必须传openid"),
        ("JSAPI", &[("openid", ""), ("sub_openid", OPENID)], "LACK_PARAMS", "JSAPI支付必须传openid"),
        ("MWEB", &[("scene_info", "")], "FAIL", NO_SCENE),
        ("MWEB", &[("scene_info", "{}")], "FAIL", "scene_info参数格式错误"),
        ("MWEB", &[("scene_info", r#"{"h5_info":{"type":"Web"}}"#)], "FAIL", "scene_info参数格式错误"),
        ("MICROPAY", &[("auth_code", "134567890123456789")], "FAIL", "不识别的参数auth_code"),
        ("MICROPAY", &[], "FAIL", "trade_type参数格式错误"),
        ("jsapi", &[], "FAIL", "trade_type参数格式错误"),
    ] {
        let mut world = world();
        let answer = ordered(&mut world, trade_type, more);
        let told = answer.get("err_code").map_or(answer.get("return_msg"), |_| answer.get("err_code_des"));
        assert_eq!((answer.get("err_code").or(answer.get("return_code")), told), (Some(code), Some(text)), "{trade_type} {more:?}");
        assert!(world.order(NUMBER).is_none());
    }
    let mut world = world();
    world.habits.product_id_required = true;
    assert_eq!(gist(&ordered(&mut world, "NATIVE", &[])), "缺少参数");
    assert_eq!(gist(&ordered(&mut world, "NATIVE", &[("product_id", "1")])), "SUCCESS");
}

#[test]
fn what_belongs_to_another_type_is_let_pass() {
    for trade_type in ["NATIVE", "APP", "MWEB", "JSAPI"] {
        let more = [("openid", OPENID), ("scene_info", SCENE), ("product_id", "1")];
        let mut world = world();
        assert_eq!(gist(&ordered(&mut world, trade_type, &more)), "SUCCESS", "{trade_type}");
        world.pay(NUMBER, None, None, now()).unwrap();
        let paid = ask(&mut world, "orderquery", &FIRST.about("out_trade_no", NUMBER));
        assert_eq!(paid.get("openid") == Some(OPENID), trade_type == "JSAPI", "an openid means nothing to {trade_type}");
    }
}

#[test]
fn an_openid_of_another_appid_is_refused() {
    let of_second = Payer::First.openid(SECOND.appid);
    let of_sub_merchant = Payer::Third.login_openid("wx0000000000000109");
    for openid in [of_second.as_str(), &of_sub_merchant, &Payer::SnapshotVisitor.login_openid(SECOND.appid)] {
        let answer = ordered(&mut world(), "JSAPI", &[("openid", openid)]);
        assert_eq!((answer.get("return_code"), gist(&answer)), (Some("FAIL"), "appid与openid不匹配"), "{openid}");
    }
    for payer in Payer::ALL {
        assert_eq!(gist(&ordered(&mut world(), "JSAPI", &[("openid", &payer.openid(FIRST.appid))])), "SUCCESS", "{payer:?}");
    }
    // A provider names the payer by the openid of one of the two appids.
    let of_provider = Payer::Second.openid(WITH_APPID.appid);
    for (name, openid, said) in [
        ("sub_openid", of_sub_merchant.as_str(), "SUCCESS"),
        ("openid", &of_provider, "SUCCESS"),
        ("sub_openid", &of_provider, "appid与openid不匹配"),
        ("openid", &of_sub_merchant, "appid与openid不匹配"),
    ] {
        let request = order(
            WITH_APPID,
            "JSAPI",
            &[("openid", if name == "openid" { openid } else { "" }), (name, openid)][usize::from(name == "openid")..],
        );
        assert_eq!(gist(&ask(&mut world(), "unifiedorder", &request)), said, "{name} {openid}");
    }
}

#[test]
fn a_repeat_is_fresh_where_a_link_is_and_the_same_where_it_is_not() {
    for trade_type in TradeType::ALL {
        let mut world = world();
        let request = order(FIRST, trade_type.as_str(), &[]);
        let mut at = |minutes: i64| {
            let answer = world.call("unifiedorder", request.as_bytes(), now() + TimeDelta::minutes(minutes)).unwrap();
            let answer = xml::parse(answer.as_bytes()).unwrap();
            let get = |name| answer.get(name).map(str::to_owned);
            (get("prepay_id").unwrap(), get("code_url"), get("mweb_url"))
        };
        let [first, again, late] = [0, 119, 240].map(&mut at);
        let is_native = trade_type == TradeType::Native;
        assert_eq!(first.0 == again.0, !is_native, "{trade_type:?}");
        assert_ne!(again.0, late.0, "a prepay_id lives for two hours: {trade_type:?}");
        assert_eq!(first.1 != again.1, is_native);
        assert_eq!(first.2 != again.2, trade_type == TradeType::Mweb, "{trade_type:?}");
    }
}

#[test]
fn a_number_is_of_one_type() {
    for former in TradeType::ALL {
        for trade_type in TradeType::ALL.into_iter().filter(|other| *other != former) {
            let mut world = world();
            let both = [("openid", OPENID), ("scene_info", SCENE)];
            ordered(&mut world, former.as_str(), &both);
            let answer = ordered(&mut world, trade_type.as_str(), &both);
            assert_eq!((answer.get("err_code"), answer.get("err_code_des")), (Some("INVALID_REQUEST"), Some("201 商户订单号重复")));
        }
    }
}

#[test]
fn a_merchant_may_be_without_a_type() {
    let mut world = world();
    world.habits = Habits { trade_types: vec![TradeType::Native, TradeType::Mweb], mweb_without_url: true, ..Habits::default() };
    for trade_type in ["JSAPI", "APP"] {
        let answer = ordered(&mut world, trade_type, &[]);
        assert_eq!((answer.get("err_code"), answer.get("err_code_des")), (Some("NOAUTH"), Some("商户无此接口权限")));
    }
    let answer = ordered(&mut world, "MWEB", &[]);
    assert_eq!((gist(&answer), answer.get("prepay_id").is_some(), answer.get("mweb_url")), ("SUCCESS", true, None));
}

#[test]
fn answers_and_notifications_tell_the_type_and_the_payer() {
    let of_second = Payer::Second.openid(FIRST.appid);
    for (trade_type, more, openid) in [
        ("JSAPI", &[("openid", of_second.as_str())][..], of_second.as_str()),
        ("JSAPI", &[], OPENID),
        ("MWEB", &[], &Payer::First.openid(FIRST.appid)),
        ("APP", &[], &Payer::First.openid(FIRST.appid)),
        ("NATIVE", &[], &Payer::First.openid(FIRST.appid)),
    ] {
        let mut world = world();
        ordered(&mut world, trade_type, more);
        world.pay_order(&FIRST.order(NUMBER), Payment::default(), now()).unwrap();
        let answer = ask(&mut world, "orderquery", &FIRST.about("out_trade_no", NUMBER));
        let notification = xml::parse(world.notifications_due(now()).pop().unwrap().body.as_bytes()).unwrap();
        for message in [answer, notification] {
            assert_eq!((message.get("trade_type"), message.get("openid")), (Some(trade_type), Some(openid)));
        }
    }
}
