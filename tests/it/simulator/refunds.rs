//! Money goes back at the simulated WeChat: asked for by a merchant's call or made by hand, accepted, and decided later.

use chrono::TimeDelta;
use wechat_pay::channel::wechat::v2::{Fields, RefundCipher, SignType, xml};
use wechat_pay::deal::{Fen, Timestamp};
use wechat_pay::simulator::{CannotRefund, Payment, RefundRefusal, RefundState, World};

use super::merchants::{ALL, FIRST, Merchant, SECOND, gist, now, world};

pub const NUMBER: &str = "20150806125346";
pub const HOOK: &str = "http://127.0.0.1:9/wxPay/refundNotify";

/// A shop that asks the simulated WeChat, in its own time.
pub struct Shop {
    pub world: World,
    pub merchant: Merchant,
    pub now: Timestamp,
}

impl Shop {
    /// With one order of 88 fen that is paid, and its notification taken.
    pub fn with_a_paid_order() -> Self {
        let mut shop = Self { world: world(), merchant: FIRST, now: now() };
        shop.is_paid(NUMBER, "88");
        shop
    }

    pub fn is_paid(&mut self, number: &str, total_fee: &str) {
        let order = self.merchant.unified_order(number, total_fee);
        self.world.call("unifiedorder", order.as_bytes(), self.now).unwrap();
        self.world.pay_order(&self.merchant.order(number), Payment::default(), self.now).unwrap();
        self.world.notifications_due(self.now);
    }

    pub fn ask(&mut self, api: &str, own: &[(&str, &str)]) -> Fields {
        let request = self.merchant.request(SignType::Md5, own);
        let answer = xml::parse(self.world.call(api, request.as_bytes(), self.now).unwrap().as_bytes()).unwrap();
        if answer.get("return_code") == Some("SUCCESS") {
            assert_eq!(self.merchant.signer(SignType::Md5).verify(&answer), Ok(()), "{api} {own:?}");
        }
        answer
    }

    /// Asks for a refund of the order of 88 fen.
    pub fn refund(&mut self, number: &str, refund_fee: &str) -> Fields {
        self.ask("refund", &asked(number, refund_fee))
    }

    pub fn time_passes(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
    }

    fn state_of(&mut self, number: &str) -> String {
        self.ask("refundquery", &[("out_refund_no", number)]).get("refund_status_0").unwrap().to_owned()
    }

    /// The messages that are due, as the merchant reads them.
    pub fn told(&mut self) -> Vec<Fields> {
        let due = self.world.notifications_due(self.now);
        due.into_iter().map(|posted| read(self.merchant, &posted.body)).collect()
    }
}

/// What a refund notification holds, after a look at what is around it.
pub fn read(merchant: Merchant, body: &str) -> Fields {
    let message = xml::parse(body.as_bytes()).unwrap();
    assert_eq!(
        (message.get("return_code"), message.get("mch_id"), message.get("appid")),
        (Some("SUCCESS"), Some(merchant.mch_id), Some(merchant.appid))
    );
    assert!(["sign", "result_code", "out_trade_no"].iter().all(|name| !message.contains(name)), "{message:?}");
    let plain = RefundCipher::new(&merchant.signer(SignType::Md5)).decrypt(message.get("req_info").unwrap()).unwrap();
    let inner = plain.strip_prefix("<root>").unwrap().strip_suffix("</root>").unwrap();
    xml::parse(format!("<xml>{inner}</xml>").as_bytes()).unwrap()
}

/// The parameters of a refund of the order of 88 fen.
pub fn asked<'a>(number: &'a str, refund_fee: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("out_trade_no", NUMBER), ("out_refund_no", number), ("total_fee", "88"), ("refund_fee", refund_fee), ("notify_url", HOOK)]
}

fn values<'a>(fields: &'a Fields, names: &[&str]) -> Vec<Option<&'a str>> {
    names.iter().map(|name| fields.get(name)).collect()
}

#[test]
fn a_refund_is_accepted_at_once_and_arrives_later() {
    let mut shop = Shop::with_a_paid_order();
    let accepted = shop.refund("R1", "30");
    assert_eq!(
        values(&accepted, &["result_code", "out_trade_no", "out_refund_no", "refund_fee", "total_fee", "cash_fee", "cash_refund_fee"]),
        [Some("SUCCESS"), Some(NUMBER), Some("R1"), Some("30"), Some("88"), Some("88"), Some("30")]
    );
    assert_eq!(values(&accepted, &["coupon_refund_fee", "coupon_refund_count"]), [Some("0"), Some("0")]);
    assert!(accepted.contains("refund_channel") && accepted.get("refund_channel").is_none());
    assert_eq!(accepted.get("refund_id").unwrap().len(), 29);
    assert_eq!(shop.state_of("R1"), "PROCESSING");
    assert_eq!(gist(&shop.ask("orderquery", &[("out_trade_no", NUMBER)])), "REFUND");
    assert!(shop.told().is_empty(), "nothing to tell yet");
    shop.time_passes(2);
    let [told] = shop.told().try_into().unwrap();
    let names =
        ["out_refund_no", "refund_id", "refund_status", "refund_fee", "success_time", "refund_request_source", "settlement_refund_fee"];
    assert_eq!(
        values(&told, &names),
        [Some("R1"), accepted.get("refund_id"), Some("SUCCESS"), Some("30"), Some("2026-04-01 12:00:02"), Some("API"), Some("30")]
    );
    let query = shop.ask("refundquery", &[("out_refund_no", "R1")]);
    assert_eq!(
        values(
            &query,
            &["refund_status_0", "refund_success_time_0", "refund_recv_accout_0", "refund_count", "refund_fee", "total_refund_count"]
        ),
        [Some("SUCCESS"), Some("2026-04-01 12:00:02"), Some("支付用户零钱"), Some("1"), Some("30"), None]
    );
}

#[test]
fn a_refund_is_found_by_each_of_four_numbers_and_by_none_of_others() {
    let mut shop = Shop::with_a_paid_order();
    let accepted = shop.refund("R1", "30");
    let [refund_id, transaction_id] = ["refund_id", "transaction_id"].map(|name| accepted.get(name).unwrap().to_owned());
    for (name, value) in
        [("refund_id", &*refund_id), ("out_refund_no", "R1"), ("transaction_id", &*transaction_id), ("out_trade_no", NUMBER)]
    {
        assert_eq!(shop.ask("refundquery", &[(name, value)]).get("refund_id_0"), Some(&*refund_id), "{name}");
        assert_eq!(gist(&shop.ask("refundquery", &[(name, "42")])), "REFUNDNOTEXIST", "{name}");
    }
    let of_the_best = [("refund_id", &*refund_id), ("out_refund_no", "42"), ("out_trade_no", "42")];
    assert_eq!(shop.ask("refundquery", &of_the_best).get("refund_id_0"), Some(&*refund_id), "WeChat's own number counts first");
    assert_eq!(gist(&shop.ask("refundquery", &[])), "缺少参数");
    shop.is_paid("42", "1");
    assert_eq!(gist(&shop.ask("refundquery", &[("out_trade_no", "42")])), "REFUNDNOTEXIST", "paid, and nothing went back");
}

#[test]
fn the_same_number_is_the_same_refund() {
    let mut shop = Shop::with_a_paid_order();
    let first = shop.refund("R1", "88");
    for later in [0, 1, 3, 400 * 86_400] {
        shop.time_passes(later);
        let again = shop.refund("R1", "88");
        let names = ["result_code", "refund_id", "refund_fee", "out_trade_no", "transaction_id", "cash_refund_fee"];
        assert_eq!(values(&again, &names), values(&first, &names), "after {later} s, with nothing left of the order");
    }
    let request = FIRST.request(SignType::HmacSha256, &asked("R1", "88").into_iter().rev().collect::<Vec<_>>());
    let answer = shop.world.call("refund", request.as_bytes(), shop.now).unwrap();
    assert!(answer.contains(first.get("refund_id").unwrap()), "in another order, under another signature: {answer}");
    for (name, value, said) in [
        ("refund_fee", "87", "同一个out_refund_no退款金额要一致"),
        ("total_fee", "89", "订单金额或退款金额不一致"),
        ("out_trade_no", "42", "参数错误"),
        ("refund_desc", "商品已售完", "参数错误"),
        ("notify_url", "http://127.0.0.1:9/other", "参数错误"),
    ] {
        let mut other = asked("R1", "88");
        other.retain(|(known, _)| *known != name);
        other.push((name, value));
        assert_eq!(shop.ask("refund", &other).get("err_code_des"), Some(said), "{name}");
    }
    assert_eq!(shop.world.refunds().count(), 1);
}

/// What is done to the shop before, the request, and what WeChat says to it.
type Row = (&'static str, fn(&mut Shop), Vec<(&'static str, &'static str)>, &'static str, &'static str);

fn of(order: (&'static str, &'static str), total_fee: &'static str, refund_fee: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![order, ("out_refund_no", "R9"), ("total_fee", total_fee), ("refund_fee", refund_fee)]
}

#[test]
fn every_refusal_has_its_code() {
    let order = ("out_trade_no", NUMBER);
    let rows: Vec<Row> = vec![
        ("no such order", |_| {}, of(("out_trade_no", "42"), "88", "1"), "ORDERNOTEXIST", "订单不存在"),
        ("no such payment", |_| {}, of(("transaction_id", "42"), "88", "1"), "INVALID_TRANSACTIONID", "订单不存在"),
        ("another total", |_| {}, of(order, "89", "1"), "REFUND_FEE_MISMATCH", "订单金额或退款金额不一致"),
        ("a year and a day", |shop| shop.time_passes(366 * 86_400), of(order, "88", "1"), "TRADE_OVERDUE", "订单已经超过退款期限"),
        (
            "more than is left",
            |shop| drop(shop.refund("R1", "58")),
            of(order, "88", "31"),
            "REFUND_FEE_INVALID",
            "累计退款金额大于支付金额",
        ),
        ("nothing is left", |shop| drop(shop.refund("R1", "88")), of(order, "88", "1"), "ERROR", "订单已全额退款"),
        (
            "within a minute",
            |shop| {
                shop.refund("R1", "1");
                shop.time_passes(59);
            },
            of(order, "88", "1"),
            "FREQUENCY_LIMITED",
            "单笔订单请求频率过高，请于1分钟后重试.",
        ),
        (
            "fifty times",
            |shop| {
                for number in 0..50 {
                    shop.refund(&format!("R1_{number}"), "1");
                    shop.time_passes(60);
                }
            },
            of(order, "88", "1"),
            "INVALID_REQUEST",
            "部分退款次数超过限制",
        ),
        (
            "a paying payer",
            |shop| {
                let order = shop.merchant.unified_order("43", "88");
                shop.world.call("unifiedorder", order.as_bytes(), shop.now).unwrap();
                shop.world.enter_password("43").unwrap();
            },
            of(("out_trade_no", "43"), "88", "1"),
            "ORDER_NOT_READY",
            "订单处理中，暂时无法退款，请稍后再试",
        ),
        (
            "unpaid",
            |shop| drop(shop.world.call("unifiedorder", shop.merchant.unified_order("43", "88").as_bytes(), shop.now)),
            of(("out_trade_no", "43"), "88", "1"),
            "TRADE_STATE_ERROR",
            "订单状态错误",
        ),
    ];
    for (case, before, request, code, text) in rows {
        let mut shop = Shop::with_a_paid_order();
        before(&mut shop);
        let refunds = shop.world.refunds().count();
        let answer = shop.ask("refund", &request);
        assert_eq!(values(&answer, &["result_code", "err_code", "err_code_des"]), [Some("FAIL"), Some(code), Some(text)], "{case}");
        assert_eq!(shop.world.refunds().count(), refunds, "{case}");
    }
}

#[test]
fn what_is_no_request_is_refused_before_any_order_is_looked_at() {
    let mut shop = Shop::with_a_paid_order();
    let required = |name: &str, zh: &str| format!("输入源“/body/xml/{name}”映射到字段“{zh}”必填性规则校验失败，此字段为必填项");
    for (name, value, said) in [
        ("out_trade_no", "", "缺少参数".to_owned()),
        ("out_refund_no", "", required("out_refund_no", "商户退款单号")),
        ("total_fee", "", required("total_fee", "标价金额")),
        ("refund_fee", "", required("refund_fee", "退款金额")),
        ("out_refund_no", "R 1", "out_refund_no参数格式错误".to_owned()),
        ("refund_fee", "0", "invalid refund_fee".to_owned()),
        ("refund_fee", "-1", "invalid refund_fee".to_owned()),
        ("refund_fee", "89", "invalid refund_fee".to_owned()),
        ("total_fee", "0", "invalid total_fee".to_owned()),
        ("notify_url", "ftp://example.com", "invalid notify_url".to_owned()),
        ("refund_account", "MINE", "refund_account参数格式错误".to_owned()),
        ("body", "x", "不识别的参数body".to_owned()),
    ] {
        let mut request = asked("R1", "30");
        request.retain(|(known, _)| *known != name);
        request.push((name, value));
        let answer = shop.ask("refund", &request);
        assert_eq!((gist(&answer), answer.get("return_code"), answer.get("sign")), (&*said, Some("FAIL"), None), "{name} {value}");
    }
    let long = "字".repeat(27);
    let mut request = asked("R1", "30");
    request.push(("refund_desc", &long));
    assert!(gist(&shop.ask("refund", &request)).contains("字节数 81，大于最大值 80"));
    let thief = Merchant { key: SECOND.key, ..FIRST };
    let stolen = thief.request(SignType::Md5, &asked("R1", "30"));
    assert!(shop.world.call("refund", stolen.as_bytes(), shop.now).unwrap().contains("签名错误"));
    assert_eq!(shop.world.refunds().count(), 0);
}

#[test]
fn refunds_of_an_order_come_in_pages_of_ten() {
    let mut shop = Shop::with_a_paid_order();
    for number in 0..12 {
        assert_eq!(gist(&shop.refund(&format!("R{number}"), "5")), "SUCCESS");
        shop.time_passes(60);
    }
    let by_order = |shop: &mut Shop, offset: &str| shop.ask("refundquery", &[("out_trade_no", NUMBER), ("offset", offset)]);
    let names = ["refund_count", "total_refund_count", "refund_fee", "out_refund_no_0"];
    let first = shop.ask("refundquery", &[("out_trade_no", NUMBER)]);
    assert_eq!(values(&first, &names), [Some("10"), Some("12"), Some("50"), Some("R0")]);
    assert!(first.contains("refund_id_9") && !first.contains("refund_id_10"));
    let second = by_order(&mut shop, "10");
    assert_eq!(values(&second, &names), [Some("2"), Some("12"), Some("10"), Some("R10")]);
    assert_eq!(second.get("out_refund_no_1"), Some("R11"));
    assert_eq!([by_order(&mut shop, "12"), by_order(&mut shop, "x")].each_ref().map(gist), ["PARAM_ERROR", "PARAM_ERROR"]);
}

#[test]
fn a_refund_given_up_leaves_its_money_to_the_order_and_one_refused_by_the_bank_does_not() {
    for (state, left, receiver) in [(RefundState::RefundClose, true, "支付用户零钱"), (RefundState::Change, false, "商户基本账户")]
    {
        let mut shop = Shop::with_a_paid_order();
        shop.refund("R1", "88");
        let now = shop.now;
        shop.world.finish_refund("R1", state, now).unwrap();
        assert_eq!(shop.world.finish_refund("R1", RefundState::Success, now), Err(CannotRefund::Decided));
        let query = shop.ask("refundquery", &[("out_refund_no", "R1")]);
        assert_eq!(
            values(&query, &["refund_status_0", "refund_recv_accout_0", "refund_success_time_0"]),
            [Some(state.as_str()), Some(receiver), None]
        );
        let [told] = shop.told().try_into().unwrap();
        assert_eq!(values(&told, &["refund_status", "success_time"]), [Some(state.as_str()), None]);
        shop.time_passes(60);
        assert_eq!(gist(&shop.refund("R1", "88")), "SUCCESS", "the number stays that refund's");
        assert_eq!(gist(&shop.refund("R2", "88")), if left { "SUCCESS" } else { "ERROR" }, "{state:?}");
        assert_eq!(gist(&shop.ask("orderquery", &[("out_trade_no", NUMBER)])), "REFUND");
    }
}

#[test]
fn staff_gives_back_by_hand_and_the_platform_tells_of_it() {
    let mut shop = Shop::with_a_paid_order();
    shop.world.habits.refund_notify_url = HOOK.to_owned();
    let now = shop.now;
    shop.world.refund_by_hand(NUMBER, Fen::new(30), now).unwrap();
    assert_eq!(shop.world.refund_by_hand(NUMBER, Fen::new(59), now), Err(RefundRefusal::RefundFeeInvalid.into()));
    shop.world.refund_by_hand(NUMBER, None, now).unwrap();
    assert_eq!(shop.world.refund_by_hand(NUMBER, None, now), Err(RefundRefusal::FullyRefunded.into()));
    assert!(matches!(shop.world.refund_by_hand("42", None, now), Err(CannotRefund::Which(_))));
    shop.time_passes(2);
    let told = shop.told();
    let told: Vec<_> = told.iter().map(|told| values(told, &["refund_fee", "refund_request_source", "refund_status"])).collect();
    assert_eq!(told, ["30", "58"].map(|fee| [Some(fee), Some("VENDOR_PLATFORM"), Some("SUCCESS")]));
    let query = shop.ask("refundquery", &[("out_trade_no", NUMBER)]);
    assert_eq!(values(&query, &["refund_count", "refund_fee_0", "refund_fee_1"]), [Some("2"), Some("30"), Some("58")]);
}

#[test]
fn the_platform_may_tell_of_refunds_at_the_payment_s_address() {
    let mut shop = Shop::with_a_paid_order();
    let address = shop.world.order(NUMBER).unwrap().notify_url.clone();
    shop.world.habits.refund_notify_url.clone_from(&address);
    let now = shop.now;
    shop.world.refund_by_hand(NUMBER, None, now).unwrap();
    shop.time_passes(2);
    let [posted] = shop.world.notifications_due(shop.now).try_into().unwrap();
    assert_eq!((posted.url, read(FIRST, &posted.body).get("refund_request_source")), (address, Some("VENDOR_PLATFORM")));
}

#[test]
fn each_merchant_has_its_own_refunds() {
    let mut shop = Shop::with_a_paid_order();
    for merchant in &ALL[1..] {
        shop.merchant = *merchant;
        shop.is_paid(NUMBER, "88");
    }
    for merchant in ALL {
        shop.merchant = merchant;
        assert_eq!(gist(&shop.ask("refundquery", &[("out_refund_no", "R1")])), "REFUNDNOTEXIST", "{merchant:?}");
        assert_eq!(gist(&shop.refund("R1", "30")), "SUCCESS", "{merchant:?}");
        shop.time_passes(2);
        let [told] = shop.told().try_into().unwrap();
        assert_eq!(values(&told, &["out_refund_no", "refund_fee"]), [Some("R1"), Some("30")], "with its own key");
    }
    assert_eq!(shop.world.refunds().count(), ALL.len());
    let now = shop.now;
    assert!(matches!(shop.world.finish_refund("R1", RefundState::Change, now), Err(CannotRefund::Which(_))), "whose?");
}

#[test]
fn a_refund_goes_back_to_payer_and_coupon_as_they_paid() {
    let mut shop = Shop { world: world(), merchant: FIRST, now: now() };
    let order = FIRST.unified_order(NUMBER, "88");
    shop.world.call("unifiedorder", order.as_bytes(), shop.now).unwrap();
    let now = shop.now;
    shop.world.pay(NUMBER, Fen::new(22), None, now).unwrap();
    let answer = shop.refund("R1", "40");
    assert_eq!(values(&answer, &["cash_fee", "cash_refund_fee", "coupon_refund_fee"]), [Some("66"), Some("30"), Some("10")]);
}
