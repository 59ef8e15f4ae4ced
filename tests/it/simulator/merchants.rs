//! The simulated WeChat has several merchants, and a service provider with two sub-merchants: each with its own key, its own
//! orders, its own notifications.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{ApiKey, Fields, SignType, Signer, xml};
use wechat_pay::clock::Clock;
use wechat_pay::deal::Timestamp;
use wechat_pay::simulator::{CannotPay, DEFAULT_MERCHANT, OrderKey, Payment, SimMerchant, Simulator, SubMerchant, World};

use crate::support::database::Engine;
use crate::support::http::Caller;
use crate::support::test_app::{OPENING_TIME, TestApp};

const NUMBER: &str = "20150806125346";

/// A merchant as the owner of its key knows it.
#[derive(Debug, Clone, Copy)]
pub struct Merchant {
    pub appid: &'static str,
    pub mch_id: &'static str,
    pub key: &'static str,
    /// `sub_mch_id` and `sub_appid`.
    pub sub_merchant: Option<(&'static str, Option<&'static str>)>,
}

pub const FIRST: Merchant =
    Merchant { appid: DEFAULT_MERCHANT.appid, mch_id: DEFAULT_MERCHANT.mch_id, key: DEFAULT_MERCHANT.api_key, sub_merchant: None };
pub const SECOND: Merchant =
    Merchant { appid: "wx0000000000000002", mch_id: "1900000002", key: "8934e7d15453e97507ef794cf7b0519d", sub_merchant: None };
pub const PROVIDER: Merchant =
    Merchant { appid: "wx0000000000000009", mch_id: "1900000009", key: "192006250b4c09247ec02edce69f6a2d", sub_merchant: None };
pub const WITH_APPID: Merchant = Merchant { sub_merchant: Some(("1900000109", Some("wx0000000000000109"))), ..PROVIDER };
pub const WITHOUT_APPID: Merchant = Merchant { sub_merchant: Some(("1900000110", None)), ..PROVIDER };
/// The merchants and sub-merchants that can have orders.
pub const ALL: [Merchant; 4] = [FIRST, SECOND, WITH_APPID, WITHOUT_APPID];

impl Merchant {
    pub fn signer(&self, sign_type: SignType) -> Signer {
        Signer::new(ApiKey::new(self.key).unwrap(), sign_type)
    }

    pub fn order(&self, out_trade_no: &str) -> OrderKey {
        let sub_mch_id = self.sub_merchant.map(|(sub_mch_id, _)| sub_mch_id.to_owned());
        OrderKey { mch_id: self.mch_id.to_owned(), sub_mch_id, out_trade_no: out_trade_no.to_owned() }
    }

    /// What stands in each of its requests, and in each answer to them.
    fn ids(&self) -> Vec<(&'static str, &'static str)> {
        let mut ids = vec![("appid", self.appid), ("mch_id", self.mch_id)];
        if let Some((sub_mch_id, sub_appid)) = self.sub_merchant {
            ids.push(("sub_mch_id", sub_mch_id));
            ids.extend(sub_appid.map(|sub_appid| ("sub_appid", sub_appid)));
        }
        ids
    }

    /// A signed request with these fields beside its ids.
    pub fn request(&self, sign_type: SignType, own: &[(&str, &str)]) -> String {
        let envelope = [("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"), ("sign_type", sign_type.as_str())];
        xml::write(&self.signer(sign_type).signed(self.ids().into_iter().chain(envelope).chain(own.iter().copied()).collect()))
    }

    pub fn unified_order(&self, out_trade_no: &str, total_fee: &str) -> String {
        let own = [
            ("body", "腾讯充值中心-QQ会员充值"),
            ("out_trade_no", out_trade_no),
            ("total_fee", total_fee),
            ("spbill_create_ip", "123.12.12.123"),
            ("notify_url", "http://127.0.0.1:9/wxPay/notify"),
            ("trade_type", "NATIVE"),
        ];
        self.request(SignType::Md5, &own)
    }

    pub fn about(&self, name: &str, value: &str) -> String {
        self.request(SignType::HmacSha256, &[(name, value)])
    }
}

fn merchants() -> Vec<SimMerchant> {
    let known = |merchant: Merchant| SimMerchant::new(merchant.appid, merchant.mch_id, merchant.signer(SignType::Md5));
    let sub_merchants = [WITH_APPID, WITHOUT_APPID].map(|merchant| {
        let (mch_id, appid) = merchant.sub_merchant.unwrap();
        SubMerchant { mch_id: mch_id.to_owned(), appid: appid.map(str::to_owned) }
    });
    vec![known(FIRST), known(SECOND), known(PROVIDER).with_sub_merchants(sub_merchants)]
}

pub fn now() -> Timestamp {
    OPENING_TIME.parse().unwrap()
}

pub fn world() -> World {
    World::with_merchants(merchants(), Chance::seeded(1), 1)
}

pub fn ask(world: &mut World, api: &str, request: &str) -> Fields {
    xml::parse(world.call(api, request.as_bytes(), now()).unwrap().as_bytes()).unwrap()
}

/// The last word of an answer: the state, the error, or the complaint about the request.
pub fn gist(answer: &Fields) -> &str {
    let word = ["err_code", "trade_state", "result_code"].into_iter().find_map(|name| answer.get(name));
    word.or(answer.get("return_msg")).unwrap()
}

/// An order of this number at each of them; its price tells which.
fn ordered_everywhere(world: &mut World) {
    for (merchant, total_fee) in ALL.iter().zip(["101", "102", "103", "104"]) {
        let answer = ask(world, "unifiedorder", &merchant.unified_order(NUMBER, total_fee));
        assert_eq!(gist(&answer), "SUCCESS", "{merchant:?}");
    }
}

/// Signed with `openssl dgst`, not with this program.
#[test]
fn requests_of_a_provider_are_read_as_others_sign_them() {
    const COMMON: &str = "<appid>wx0000000000000009</appid><mch_id>1900000009</mch_id>\
                          <nonce_str>5K8264ILTKCH16CQ2502SI8ZNMTM67VS</nonce_str><out_trade_no>20150806125346</out_trade_no>";
    const ORDER: &str = "<sub_appid>wx0000000000000109</sub_appid><sub_mch_id>1900000109</sub_mch_id><body>腾讯充值中心-QQ会员充值</body>\
                         <total_fee>88</total_fee><spbill_create_ip>123.12.12.123</spbill_create_ip>\
                         <notify_url>https://example.com/wxPay/callback</notify_url><trade_type>NATIVE</trade_type>";
    const QUESTION: &str = "<sub_mch_id>1900000110</sub_mch_id>";
    const HMAC: &str = "<sign_type>HMAC-SHA256</sign_type>";
    for (api, own, sign_type, sign, said) in [
        ("unifiedorder", ORDER, "", "8A864BAE7FE785A3425105E046375B82", "SUCCESS"),
        ("unifiedorder", ORDER, HMAC, "58546796C50B67FBCC9C217A9C4420CDA0724617F7F05AB0DA781A9E09AAE3D2", "SUCCESS"),
        ("orderquery", QUESTION, "", "86FA338FB196B9ABB211EBBFB72B8FFC", "ORDERNOTEXIST"),
        ("orderquery", QUESTION, HMAC, "53538F978B0D4145B2F6CCDB6C393A28E72B24C91C0B9700054348CDF674DE8D", "ORDERNOTEXIST"),
    ] {
        let request = format!("<xml>{COMMON}{own}{sign_type}<sign>{sign}</sign></xml>");
        assert_eq!(gist(&ask(&mut world(), api, &request)), said, "{api} {sign}");
        let other = request.replace("12.123<", "12.124<").replace("1900000110<", "1900000109<");
        assert_eq!(gist(&ask(&mut world(), api, &other)), "签名错误", "{api} {sign}");
    }
}

#[test]
fn no_request_is_believed_under_another_merchant_s_key() {
    let mut world = world();
    ordered_everywhere(&mut world);
    for (of, under) in [(FIRST, SECOND), (SECOND, FIRST), (WITH_APPID, FIRST), (FIRST, PROVIDER)] {
        let thief = Merchant { key: under.key, ..of };
        for (api, request) in [
            ("unifiedorder", thief.unified_order("20150806125347", "1")),
            ("orderquery", thief.about("out_trade_no", NUMBER)),
            ("closeorder", thief.about("out_trade_no", NUMBER)),
        ] {
            let answer = ask(&mut world, api, &request);
            assert_eq!((answer.get("return_code"), gist(&answer), answer.get("sign")), (Some("FAIL"), "签名错误", None), "{api} {of:?}");
        }
    }
    assert!(world.order("20150806125347").is_none());
    assert!(ALL.iter().all(|merchant| world.order_by_key(&merchant.order(NUMBER)).unwrap().trade_state.as_str() == "NOTPAY"));
}

#[test]
fn one_number_at_several_merchants_is_several_orders() {
    let mut world = world();
    ordered_everywhere(&mut world);
    assert!(world.order(NUMBER).is_none(), "which one?");
    assert_eq!(world.pay(NUMBER, None, None, now()), Err(CannotPay::Ambiguous));
    world.pay_order(&SECOND.order(NUMBER), Payment::default(), now()).unwrap();
    assert_eq!(gist(&ask(&mut world, "closeorder", &WITH_APPID.about("out_trade_no", NUMBER))), "SUCCESS");
    for (merchant, state) in ALL.iter().zip(["NOTPAY", "SUCCESS", "CLOSED", "NOTPAY"]) {
        assert_eq!(gist(&ask(&mut world, "orderquery", &merchant.about("out_trade_no", NUMBER))), state, "{merchant:?}");
    }
    // Each asks again for a link as if it were alone.
    for (merchant, total_fee, said) in [
        (FIRST, "101", "SUCCESS"),
        (SECOND, "102", "ORDERPAID"),
        (WITH_APPID, "103", "ORDERCLOSED"),
        (WITHOUT_APPID, "103", "INVALID_REQUEST"),
    ] {
        assert_eq!(gist(&ask(&mut world, "unifiedorder", &merchant.unified_order(NUMBER, total_fee))), said, "{merchant:?}");
    }
}

#[test]
fn a_merchant_sees_and_closes_its_own_orders_only() {
    for owner in ALL {
        let mut world = world();
        ask(&mut world, "unifiedorder", &owner.unified_order(NUMBER, "88"));
        world.pay_order(&owner.order(NUMBER), Payment::default(), now()).unwrap();
        let id = world.order(NUMBER).unwrap().transaction_id.clone().unwrap();
        for asker in ALL {
            let (found, closed) =
                if asker.order(NUMBER) == owner.order(NUMBER) { ("SUCCESS", "ORDERPAID") } else { ("ORDERNOTEXIST", "SUCCESS") };
            assert_eq!(gist(&ask(&mut world, "orderquery", &asker.about("out_trade_no", NUMBER))), found, "{owner:?} {asker:?}");
            assert_eq!(gist(&ask(&mut world, "orderquery", &asker.about("transaction_id", &id))), found, "{owner:?} {asker:?}");
            assert_eq!(gist(&ask(&mut world, "closeorder", &asker.about("out_trade_no", NUMBER))), closed, "{owner:?} {asker:?}");
        }
        assert!(world.order(NUMBER).unwrap().trade_state.is_paid());
    }
}

#[test]
fn answers_and_notifications_are_their_merchant_s() {
    let mut world = world();
    ordered_everywhere(&mut world);
    for merchant in ALL {
        world.pay_order(&merchant.order(NUMBER), Payment::default(), now()).unwrap();
        let answer = ask(&mut world, "orderquery", &merchant.about("out_trade_no", NUMBER));
        let posted = world.notifications_due(now()).pop().unwrap();
        assert_eq!(posted.delivery.order, merchant.order(NUMBER));
        let notification = xml::parse(posted.body.as_bytes()).unwrap();
        // Answers are signed as the question was, notifications as the order.
        for (message, sign_type) in [(answer, SignType::HmacSha256), (notification, SignType::Md5)] {
            assert_eq!(merchant.signer(sign_type).verify(&message), Ok(()), "{merchant:?}");
            for name in ["appid", "mch_id", "sub_appid", "sub_mch_id"] {
                let expected = merchant.ids().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
                assert_eq!(message.get(name), expected, "{name} {merchant:?}");
            }
            assert!(message.get("openid").is_some());
            assert_eq!(message.get("sub_openid").is_some(), merchant.ids().iter().any(|(name, _)| *name == "sub_appid"), "{merchant:?}");
        }
        let error = xml::parse(world.system_error(merchant.about("out_trade_no", NUMBER).as_bytes()).as_bytes()).unwrap();
        assert_eq!((gist(&error), merchant.signer(SignType::HmacSha256).verify(&error)), ("SYSTEMERROR", Ok(())), "{merchant:?}");
    }
    let thief = Merchant { key: SECOND.key, ..FIRST };
    let error = xml::parse(world.system_error(thief.about("out_trade_no", NUMBER).as_bytes()).as_bytes()).unwrap();
    assert_eq!((gist(&error), error.get("sign"), error.get("mch_id")), ("SYSTEMERROR", None, None));
}

#[test]
fn two_merchants_payments_may_carry_one_number() {
    const ID: &str = "4200000260202604011234567800";
    let mut world = world();
    ordered_everywhere(&mut world);
    for merchant in ALL {
        let payment = Payment { transaction_id: Some(ID.to_owned()), ..Payment::default() };
        world.pay_order(&merchant.order(NUMBER), payment, now()).unwrap();
    }
    for (merchant, total_fee) in ALL.iter().zip(["101", "102", "103", "104"]) {
        let answer = ask(&mut world, "orderquery", &merchant.about("transaction_id", ID));
        assert_eq!((answer.get("total_fee"), answer.get("transaction_id")), (Some(total_fee), Some(ID)), "{merchant:?}");
    }
}

#[tokio::test]
async fn the_service_believes_no_other_merchant_about_its_order() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    let mut world = world();
    // One merchant has its own order with this number paid, and had the result sent to another's service.
    ask(&mut world, "unifiedorder", &SECOND.unified_order(&order.id, "1990"));
    world.pay_order(&SECOND.order(&order.id), Payment::default(), now()).unwrap();
    let own = world.notifications_due(now()).pop().unwrap();
    // And it writes a message in the other's name, with the only key that it has.
    ask(&mut world, "unifiedorder", &FIRST.unified_order(&order.id, "1990"));
    let signed_by = Payment { signed_by: Some(SECOND.mch_id.to_owned()), ..Payment::default() };
    world.pay_order(&FIRST.order(&order.id), signed_by, now()).unwrap();
    let written = world.notifications_due(now()).pop().unwrap();
    for (posted, named) in [(own, SECOND), (written, FIRST)] {
        let message = xml::parse(posted.body.as_bytes()).unwrap();
        assert_eq!((message.get("mch_id"), message.get("out_trade_no")), (Some(named.mch_id), Some(order.id.as_str())));
        assert_eq!(SECOND.signer(SignType::Md5).verify(&message), Ok(()));
        app.notify(posted.body).await.not_believed(401, named.mch_id);
    }
    assert_eq!((app.look().await.status(&order.id).await, app.disbelieved()), (0, 2));
}

/// A served simulator with these merchants.
pub struct Served {
    pub phone: Caller,
    pub simulator: Simulator,
    pub clock: Clock,
    _stop: tokio_util::sync::DropGuard,
}

impl Served {
    pub async fn new() -> Self {
        Self::of(merchants()).await
    }

    pub async fn of(merchants: Vec<SimMerchant>) -> Self {
        let clock = Clock::manual(now());
        let simulator = Simulator::with_merchants(merchants, clock.clone(), Chance::seeded(1), 1, true).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let phone = Caller::new(listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(simulator.clone().serve(listener, stop.clone()));
        Self { phone, simulator, clock, _stop: stop.drop_guard() }
    }

    async fn act(&self, what: &str) -> (u16, Value) {
        let answer = self.phone.post_json(&format!("/_sim/orders/{NUMBER}/{what}"), &json!({})).await;
        (answer.status, answer.json())
    }
}

#[tokio::test]
async fn a_control_call_says_whose_order_it_means() {
    let served = Served::new().await;
    ordered_everywhere(&mut served.simulator.world());
    let listed = served.phone.get("/_sim/orders").await.json();
    let told: Vec<_> = listed.as_array().unwrap().iter().map(|order| (order["mch_id"].as_str(), order["sub_mch_id"].as_str())).collect();
    let expected: Vec<_> = ALL.iter().rev().map(|merchant| (Some(merchant.mch_id), merchant.sub_merchant.map(|(sub, _)| sub))).collect();
    assert_eq!(told, expected);
    assert_eq!(listed[0]["body"], "腾讯充值中心-QQ会员充值");
    for (what, status) in [
        ("enter-password", 409),
        ("enter-password?mch_id=1900000009", 409),
        ("enter-password?mch_id=1900000003", 404),
        ("enter-password?mch_id=1900000009&sub_mch_id=1900000111", 404),
        ("enter-password?mch_id=1900000009&sub_mch_id=1900000109", 200),
        ("fail?mch_id=1900000002", 200),
        ("pay", 409),
        ("pay?mch_id=1900000001&signed_by=1900000003", 400),
        ("pay?mch_id=1900000001&transaction_id=", 400),
        ("pay?mch_id=1900000001&transaction_id=4200%0a", 400),
        ("pay?mch_id=1900000001&transaction_id=42&notify=lost", 200),
    ] {
        assert_eq!(served.act(what).await.0, status, "{what}");
    }
    let (_, paid) = served.act("pay?mch_id=1900000002&signed_by=1900000001").await;
    assert_eq!((&paid["trade_state"], &paid["mch_id"]), (&json!("SUCCESS"), &json!("1900000002")));
    let listed = served.phone.get("/_sim/orders").await.json();
    let states: Vec<_> = listed.as_array().unwrap().iter().map(|order| order["trade_state"].as_str().unwrap()).collect();
    assert_eq!(states, ["NOTPAY", "USERPAYING", "SUCCESS", "SUCCESS"]);
    assert_eq!(listed[3]["transaction_id"], "42");
}

#[tokio::test]
async fn the_story_of_each_merchant_s_order_is_its_own() {
    let served = Served::new().await;
    let story = async |path: &str| {
        let answer = served.phone.get(&format!("/_sim/orders/{path}")).await;
        (answer.status, answer.json().as_array().map_or(0, Vec::len))
    };
    let send = async |request: String| {
        assert_eq!(served.phone.post("/pay/orderquery", "text/xml", request.clone()).await.status, 200);
        assert_eq!(served.phone.post("/pay/closeorder", "text/xml", request).await.status, 200);
    };
    send(FIRST.about("out_trade_no", NUMBER)).await;
    assert_eq!(story(&format!("{NUMBER}/messages")).await, (200, 2), "asked about, never ordered");
    served.phone.post("/pay/unifiedorder", "text/xml", WITH_APPID.unified_order(NUMBER, "88")).await;
    assert_eq!(story(&format!("{NUMBER}/messages")).await, (200, 1), "the only order of the number");
    assert_eq!(story(&format!("{NUMBER}/messages?mch_id=1900000001")).await, (200, 2));
    served.phone.post("/pay/unifiedorder", "text/xml", WITHOUT_APPID.unified_order(NUMBER, "88")).await;
    assert_eq!(story(&format!("{NUMBER}/messages?mch_id=1900000009")).await.0, 409);
    assert_eq!(story(&format!("{NUMBER}/messages?sub_mch_id=1900000110")).await, (200, 1));
    assert_eq!(story(&format!("{NUMBER}/messages?mch_id=1900000003")).await.0, 404);
}

#[tokio::test]
async fn each_merchant_has_a_sandbox_key_of_its_own() {
    let served = Served::new().await;
    let mut keys = Vec::new();
    for merchant in [FIRST, SECOND, PROVIDER] {
        let own = [("mch_id", merchant.mch_id), ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")];
        let request = xml::write(&merchant.signer(SignType::Md5).signed(own.into_iter().collect()));
        let answer = served.phone.post("/sandboxnew/pay/getsignkey", "text/xml", request).await.body;
        let answer = xml::parse(answer.as_bytes()).unwrap();
        assert_eq!(answer.get("mch_id"), Some(merchant.mch_id));
        keys.push(ApiKey::new(answer.get("sandbox_signkey").unwrap()).unwrap());
    }
    for (key, said) in keys.iter().zip(["沙箱验证签名失败，请确认沙箱签名key是否正确（通过getsignkey调用生成）", "ORDERNOTEXIST"])
    {
        let fields = SECOND.ids().into_iter().chain([("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"), ("out_trade_no", NUMBER)]);
        let request = xml::write(&Signer::new(key.clone(), SignType::Md5).signed(fields.collect()));
        let answer = served.phone.post("/sandboxnew/pay/orderquery", "text/xml", request).await.body;
        assert_eq!(gist(&xml::parse(answer.as_bytes()).unwrap()), said);
    }
}
