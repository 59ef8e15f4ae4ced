//! The bridge between a page and WeChat: what is checked before a payer sees the sheet, and what the page reads.

use chrono::TimeDelta;
use serde_json::{Value, json};
use wechat_pay::channel::wechat::v2::{Fields, SignType, xml};
use wechat_pay::simulator::{Payer, published_key};

use super::merchants::{FIRST, Merchant, SECOND, Served, WITH_APPID, ask};
use super::trade_types::{NUMBER, order};

const APPID: &str = FIRST.appid;

/// A JSAPI order of the second payer's, or what else is wanted; its `prepay_id`.
async fn ordered(served: &Served, request: String) -> String {
    let answer = served.phone.post("/pay/unifiedorder", "text/xml", request).await.body;
    let answer = xml::parse(answer.as_bytes()).unwrap();
    answer.get("prepay_id").unwrap_or_else(|| panic!("{:?}", answer.get("return_msg"))).to_owned()
}

async fn of_second_payer(served: &Served) -> String {
    ordered(served, order(FIRST, "JSAPI", &[("openid", &Payer::Second.openid(APPID))])).await
}

/// What a page hands over, signed as its server does.
fn parameters(merchant: Merchant, appid: &str, prepay_id: &str, sign_type: SignType) -> Value {
    let signed = [
        ("appId", appid.to_owned()),
        ("timeStamp", "1414561699".to_owned()),
        ("nonceStr", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".to_owned()),
        ("package", format!("prepay_id={prepay_id}")),
        ("signType", sign_type.as_str().to_owned()),
    ];
    let fields: Fields = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut parameters: Value = signed.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    parameters["paySign"] = json!(merchant.signer(sign_type).sign(&fields));
    parameters
}

async fn invoke(served: &Served, choice: &str, payer: u8, parameters: &Value) -> Value {
    served
        .phone
        .post("/_wechat/invoke", "text/plain", json!({ "choice": choice, "payer": payer, "parameters": parameters }).to_string())
        .await
        .json()
}

fn refusal(text: &str) -> Value {
    json!({ "err_msg": "get_brand_wcpay_request:fail", "err_desc": text })
}

fn result(word: &str) -> Value {
    json!({ "err_msg": format!("get_brand_wcpay_request:{word}") })
}

#[tokio::test]
async fn the_payer_looks_hesitates_and_pays() {
    let served = Served::new().await;
    let handed = parameters(FIRST, APPID, &of_second_payer(&served).await, SignType::Md5);
    let state = || served.simulator.world().order(NUMBER).unwrap().trade_state.as_str();
    let sheet = invoke(&served, "look", 2, &handed).await;
    assert_eq!(sheet["sheet"], json!({ "payee": null, "mch_id": "1900000001", "body": "腾讯充值中心-QQ会员充值", "total_fee": 88 }));
    assert_eq!(state(), "USERPAYING");
    for (choice, word, became) in [("cancel", "cancel", "NOTPAY"), ("fail", "fail", "PAYERROR"), ("pay", "ok", "SUCCESS")] {
        assert_eq!(invoke(&served, choice, 2, &handed).await, result(word));
        assert_eq!(state(), became);
    }
    assert_eq!(invoke(&served, "pay", 2, &handed).await, refusal("该订单已支付"));
    let told = ask(&mut served.simulator.world(), "orderquery", &FIRST.about("out_trade_no", NUMBER));
    assert_eq!((told.get("trade_type"), told.get("openid")), (Some("JSAPI"), Some(Payer::Second.openid(APPID).as_str())));
}

#[tokio::test]
async fn each_mistake_of_a_page_is_told_in_wechat_s_words() {
    const NO_ORDER: &str = "调用支付JSAPI缺少参数：total_fee";
    const WRONG: &str = "支付验证签名失败";
    let served = Served::new().await;
    let prepay_id = of_second_payer(&served).await;
    let native = ordered(&served, order(FIRST, "NATIVE", &[("out_trade_no", "2")])).await;
    let right = parameters(FIRST, APPID, &prepay_id, SignType::Md5);
    let but = |name: &str, value: Value| {
        let mut wrong = right.clone();
        wrong[name] = value;
        wrong
    };
    for name in ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"] {
        assert_eq!(invoke(&served, "pay", 2, &but(name, Value::Null)).await, refusal(&format!("调用支付JSAPI缺少参数：{name}")));
    }
    let of_nobody = json!({ "timestamp": right["timeStamp"] });
    assert_eq!(invoke(&served, "pay", 2, &of_nobody).await, refusal("调用支付JSAPI缺少参数：appId"));
    let mut time_in_ms = parameters(FIRST, APPID, &prepay_id, SignType::Md5);
    time_in_ms["timeStamp"] = json!("1414561699000");
    for (what, handed, payer, text) in [
        ("a time that is a number", but("timeStamp", json!(1_414_561_699)), 2, WRONG),
        ("a time in milliseconds", time_in_ms, 2, WRONG),
        ("another nonce", but("nonceStr", json!("other")), 2, WRONG),
        ("no signature", but("paySign", json!("")), 2, WRONG),
        ("small letters", but("paySign", json!(right["paySign"].as_str().unwrap().to_lowercase())), 2, WRONG),
        ("another algorithm than the order's", parameters(FIRST, APPID, &prepay_id, SignType::HmacSha256), 2, WRONG),
        ("another merchant's key", parameters(SECOND, APPID, &prepay_id, SignType::Md5), 2, WRONG),
        ("another appid", parameters(FIRST, SECOND.appid, &prepay_id, SignType::Md5), 2, NO_ORDER),
        ("no package", but("package", json!("")), 2, NO_ORDER),
        ("an unknown prepay_id", parameters(FIRST, APPID, "wx201410272009395522657a690389285100", SignType::Md5), 2, NO_ORDER),
        ("of a Native order", parameters(FIRST, APPID, &native, SignType::Md5), 2, NO_ORDER),
        ("another payer", right.clone(), 1, "下单账号与支付账号不一致"),
    ] {
        for choice in ["look", "pay"] {
            assert_eq!(invoke(&served, choice, payer, &handed).await, refusal(text), "{what}");
        }
    }
    assert_eq!(served.simulator.world().order(NUMBER).unwrap().trade_state.as_str(), "NOTPAY");
    served.clock.advance(TimeDelta::minutes(120));
    assert_eq!(invoke(&served, "pay", 2, &right).await, refusal(NO_ORDER), "two hours are over");
}

#[tokio::test]
async fn an_order_is_invoked_by_its_own_algorithm_and_appid() {
    for (merchant, appid, sign_type, openid) in [
        (FIRST, APPID, SignType::Md5, "openid"),
        (FIRST, APPID, SignType::HmacSha256, "openid"),
        (WITH_APPID, WITH_APPID.appid, SignType::Md5, "openid"),
        (WITH_APPID, "wx0000000000000109", SignType::HmacSha256, "sub_openid"),
    ] {
        let served = Served::new().await;
        let own = [
            ("body", "茶"),
            ("out_trade_no", NUMBER),
            ("total_fee", "88"),
            ("spbill_create_ip", "127.0.0.1"),
            ("notify_url", "http://127.0.0.1:9/wxPay/notify"),
            ("trade_type", "JSAPI"),
            (openid, &Payer::First.openid(appid)),
        ];
        let prepay_id = ordered(&served, merchant.request(sign_type, &own)).await;
        let handed = parameters(merchant, appid, &prepay_id, sign_type);
        assert_eq!(invoke(&served, "pay", 1, &handed).await, result("ok"), "{appid} {sign_type:?}");
        let other = if sign_type == SignType::Md5 { SignType::HmacSha256 } else { SignType::Md5 };
        let handed = parameters(merchant, appid, &prepay_id, other);
        assert_eq!(invoke(&served, "pay", 1, &handed).await, refusal("支付验证签名失败"));
    }
}

#[tokio::test]
async fn the_script_is_every_site_s_and_knows_its_payer() {
    let served = Served::new().await;
    for (path, cookie, payer) in
        [("", "sim_payer=3", "Number('3')"), ("?payer=2&sim_bridge=ok", "sim_payer=3", "Number('2')"), ("", "", "Number('1')")]
    {
        let request = served.phone.request("GET", &format!("/_wechat/jsbridge.js{path}")).header("cookie", cookie);
        let script = served.phone.send(request.header("origin", "http://localhost:8360")).await;
        assert!(
            script.body.contains(payer) && script.body.contains("WeixinJSBridgeReady") && !script.body.contains("{{"),
            "{}",
            script.body
        );
        assert_eq!(
            (script.header("content-type"), script.header("cache-control")),
            (Some("text/javascript; charset=utf-8"), Some("no-store"))
        );
    }
    let request = served.phone.request("POST", "/_wechat/invoke").header("origin", "http://localhost:8360").body("{}");
    let answer = served.phone.send(request).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (400, Some("*")));
    for (payer, status) in [(5, 400), (1, 200)] {
        let asked = json!({ "choice": "look", "payer": payer, "parameters": {} });
        assert_eq!(served.phone.post_json("/_wechat/invoke", &asked).await.status, status);
    }
}

/// What an app hands to the SDK, signed as its server does; the key is the published one.
fn of_app(prepay_id: &str, sign_type: SignType) -> Value {
    assert_eq!(published_key(FIRST.mch_id), FIRST.key);
    let signed = [
        ("appid", APPID),
        ("partnerid", FIRST.mch_id),
        ("prepayid", prepay_id),
        ("package", "Sign=WXPay"),
        ("noncestr", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("timestamp", "1414561699"),
    ];
    let mut parameters: Value = signed.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    parameters["sign"] = json!(FIRST.signer(sign_type).sign(&signed.into_iter().collect()));
    parameters
}

#[tokio::test]
async fn an_app_opens_wechat_with_what_its_server_signed() {
    let served = Served::new().await;
    let invoke = async |choice: &str, payer: u8, parameters: &Value| {
        let asked = json!({ "choice": choice, "payer": payer, "parameters": parameters });
        served.phone.post_json("/_wechat/app", &asked).await.json()
    };
    let prepay_id = ordered(&served, order(FIRST, "APP", &[])).await;
    let jsapi = ordered(&served, order(FIRST, "JSAPI", &[("out_trade_no", "2")])).await;
    let right = of_app(&prepay_id, SignType::Md5);
    let but = |name: &str, value: Value| {
        let mut wrong = right.clone();
        wrong[name] = value;
        wrong
    };
    for (what, handed) in [
        ("the order's own sign in place of a new one", but("sign", json!("9C79BE4297782DCE8A3B310313134128"))),
        ("another algorithm than the order's", of_app(&prepay_id, SignType::HmacSha256)),
        ("another merchant", but("partnerid", json!("1900000002"))),
        ("a time that is a number", but("timestamp", json!(1_414_561_699))),
        ("no nonce", but("noncestr", Value::Null)),
        ("of a JSAPI order", of_app(&jsapi, SignType::Md5)),
        ("another package", but("package", json!("prepay_id=1"))),
    ] {
        let answer = invoke("pay", 1, &handed).await;
        assert!(answer["errCode"] == -1 && answer["errStr"].is_string(), "{what}: {answer}");
    }
    assert_eq!(invoke("look", 3, &right).await["sheet"]["total_fee"], 88);
    assert_eq!(invoke("look", 2, &right).await["errStr"], "商家订单信息有误");
    for (choice, code) in [("cancel", -2), ("fail", -1), ("pay", 0)] {
        assert_eq!(invoke(choice, 3, &right).await, json!({ "errCode": code }));
    }
    let told = ask(&mut served.simulator.world(), "orderquery", &FIRST.about("out_trade_no", NUMBER));
    assert_eq!((told.get("trade_type"), told.get("openid")), (Some("APP"), Some(Payer::Third.openid(APPID).as_str())));
}
