//! The description of the API: of every route, and of every answer, as they really are.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use wechat_pay::deal::{AlarmKind, Announcement, RefundState, TradeType};
use wechat_pay::simulator::{Faults, RefundRefusal};

use crate::feed::told::{announced, beside, publish, read};
use crate::refunds::api::{paid, query_refund, refund};
use crate::support::database::Engine;
use crate::support::description::Description;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

const FORM: &str = "application/x-www-form-urlencoded";

async fn described(app: &TestApp) -> Description {
    let answer = app.till.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!((answer.header("cache-control"), answer.header("access-control-allow-origin")), (Some("no-cache"), None));
    Description::new(answer.json())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_described_with_the_methods_that_it_takes() {
    let app = TestApp::open(Engine::Sqlite).await;
    let description = described(&app).await;
    let read = |file| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let routers = ["src/http/mod.rs", "src/http/pay_page/mod.rs"].map(read).concat();
    // Where WeChat's login leads a payer's browser back to is no call of anybody's.
    let routes: BTreeSet<&str> = routers.split(".route(\"").skip(1).map(|route| route.split('"').next().unwrap()).collect();
    let routes: BTreeSet<_> = routes.into_iter().filter(|route| *route != "/pay/{number}/openid").collect();
    assert!(routes.len() > 10, "the routes are looked for in the wrong way");
    assert_eq!(description.paths(), routes.iter().map(|route| (*route).to_owned()).collect::<BTreeSet<_>>());
    for path in routes {
        let answer = app.till.send(app.till.request("BREW", path)).await;
        let allowed = if description.methods(path) == ["get"] { "GET,HEAD" } else { "POST" };
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{path}: {:?}", description.methods(path));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_whole() {
    let app = TestApp::open(Engine::Sqlite).await;
    let description = described(&app).await;
    let document = description.document();
    assert_eq!((&document["openapi"], &document["info"]["version"]), (&json!("3.1.0"), &json!(env!("CARGO_PKG_VERSION"))));
    let mut names = BTreeSet::new();
    for (path, method, operation) in description.operations() {
        let what = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{what}: its name is another one's");
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{what}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("200"), "{what}");
        for (status, response) in responses {
            let response = description.follow(response);
            assert!(response["description"].is_string() && response["headers"]["x-request-id"].is_object(), "{what}: {status}");
        }
    }
    let references = description.references();
    assert!(references.len() > 10);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_goes_as_it_is_described() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut description = described(&app).await;
    let order = app.to_pay("19.90").await;
    description.holds("post", "/wxPay/toPay", &app.to_pay_once("cart-7", "19.90").await);
    description.holds("post", "/wxPay/toPay", &app.to_pay_once("cart-7", "19.91").await);
    description.holds("post", "/wxPay/queryOrder", &app.query(&order.id).await);
    description.holds(
        "post",
        "/wxPay/wxPay/queryOrder",
        &app.till.post_json("/wxPay/wxPay/queryOrder", &json!({"order_id": order.id})).await,
    );
    description.holds("get", "/pay/{number}", &app.till.get(&format!("/pay/{}", order.id)).await);
    assert_eq!(description.holds("post", "/wxPay/doCloseOrder", &app.close(&order.id).await)["reason"], "TOO_EARLY");
    description.holds("post", "/wxPay/notify", &app.notify(WeChatMessage::notification(&order.id, 1).signed()).await);
    description.holds("post", "/wxPay/notify", &app.notify("<xml/>").await);
    for path in ["/wxPay/notify", "/wxPay/callback"] {
        let answer = app.till.post(&format!("{path}/shop2"), "text/xml", "<xml/>").await;
        description.holds("post", &format!("{path}/{{account}}"), &answer);
    }
    app.payer_pays(&order).await;
    description.holds("post", "/wxPay/queryOrder", &app.query(&order.id).await);
    assert_eq!(description.holds("post", "/wxPay/doCloseOrder", &app.close(&order.id).await)["reason"], "ORDER_PAID");
    let events = app.till.get(&format!("/wxPay/events?order_id={}", order.id)).await;
    description.holds("get", "/wxPay/events", &events);
    let data: Value = serde_json::from_str(events.body.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap();
    description.fits("QueryOrderAnswer", &data);

    let given_up = app.to_pay("1.00").await;
    app.time_passes(301);
    assert_eq!(description.holds("post", "/wxPay/doCloseOrder", &app.close(&given_up.id).await)["code"], 0);
    description.holds("post", "/wxPay/queryOrder", &app.query(&given_up.id).await);
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs"] {
        description.holds("get", path, &app.till.get(path).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_are_real() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.set("WECHAT__TRADE_TYPES", "NATIVE,JSAPI,MWEB,APP").open().await;
    let mut description = described(&app).await;
    let operation = &description.document()["paths"]["/wxPay/toPay"]["post"];
    let examples = |body: &Value| body["content"]["application/json"]["examples"].clone();
    let (asked, answered) = (examples(&operation["requestBody"]), examples(&operation["responses"]["200"]));
    let fields = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let names = fields(&asked);
    assert_eq!((&names, names.len()), (&fields(&answered), TradeType::ALL.len()));
    for way in TradeType::ALL.map(TradeType::as_str) {
        let name = names.iter().find(|name| name.ends_with(&format!("({way})"))).unwrap_or_else(|| panic!("no example of {way}"));
        let answer = app.till.post_json("/wxPay/toPay", &asked[name]["value"]).await;
        let (opened, shown) = (description.holds("post", "/wxPay/toPay", &answer), &answered[name]["value"]);
        description.fits("ToPayAnswer", shown);
        assert_eq!(fields(&opened), fields(shown), "{way}");
        if shown["pay_params"].is_object() {
            assert_eq!(fields(&opened["pay_params"]), fields(&shown["pay_params"]), "{way}");
            let form = if way == "APP" { "AppParams" } else { "JsapiParams" };
            [&opened, shown].iter().for_each(|answer| description.fits(form, &answer["pay_params"]));
        }
    }
    let page = app.till.get("/docs").await.body;
    assert!(page.contains("<pre><code>") && page.contains("A-2026-1001"), "people see them too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_goes_as_it_is_described() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut description = described(&app).await;
    let call = async |path: &str, body: Value| app.till.post_json(path, &body).await;
    let wish = json!({"merchant_id": 1, "product_id": 2, "price": "19.90", "description": "线装笔记本", "reference": "A-2026-1001"});
    let mut make = async || description.holds("post", "/wxPay/checkout", &call("/wxPay/checkout", wish.clone()).await);
    let [made, given_up] = [make().await, make().await].map(|answer| json!({"checkout_id": answer["checkout_id"]}));
    let number = made["checkout_id"].as_str().unwrap();
    let asked = description.holds("post", "/wxPay/queryCheckout", &call("/wxPay/queryCheckout", made.clone()).await);
    assert_eq!((&asked["trade_state"], &asked["checkout_id"], &asked["order_id"]), (&json!("NOTPAY"), &json!(number), &Value::Null));
    description.holds("get", "/pay/{number}", &app.till.get(&format!("/pay/{number}")).await);
    let early = description.holds("post", "/wxPay/doCloseOrder", &call("/wxPay/doCloseOrder", made.clone()).await);
    assert_eq!(early["reason"], "TOO_EARLY");

    let order = Order { id: app.look().await.texts("SELECT order_id FROM deal").await[0].clone().unwrap(), code_url: String::new() };
    app.payer_pays(&order).await;
    let paid = description.holds("post", "/wxPay/queryCheckout", &call("/wxPay/queryCheckout", made.clone()).await);
    assert_eq!((&paid["trade_state"], &paid["order_id"]), (&json!("SUCCESS"), &json!(order.id)));
    let events = app.till.get(&format!("/wxPay/events?checkout_id={number}")).await;
    description.holds("get", "/wxPay/events", &events);
    let data: Value = serde_json::from_str(events.body.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap();
    description.fits("QueryCheckoutAnswer", &data);
    assert_eq!(description.holds("post", "/wxPay/doCloseOrder", &call("/wxPay/doCloseOrder", made.clone()).await)["reason"], "ORDER_PAID");
    assert_eq!(description.holds("post", "/wxPay/doCloseOrder", &call("/wxPay/doCloseOrder", given_up).await)["code"], 0);
    for (path, body) in
        [("/wxPay/queryCheckout", json!({})), ("/wxPay/queryCheckout", json!({"checkout_id": "C1"})), ("/wxPay/checkout", json!({}))]
    {
        description.holds("post", path, &call(path, body).await);
    }
    let nobody = json!({"checkout_id": format!("C{}", "0".repeat(32))});
    description.holds("post", "/wxPay/queryCheckout", &call("/wxPay/queryCheckout", nobody).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_go_as_they_are_described_and_their_examples_are_real() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut description = described(&app).await;
    let examples =
        |path: &str| description.document()["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["examples"].clone();
    let (of_refund, of_query) = (examples("/wxPay/refund"), examples("/wxPay/queryRefund"));
    let fields = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let mut unseen: BTreeSet<_> = fields(&of_refund);
    let mut is_as_shown = |name: &str, answer: &Value| {
        let shown = &of_refund[name]["value"];
        assert_eq!((fields(shown), &shown["msg"]), (fields(answer), &answer["msg"]), "{name}");
        assert!(unseen.remove(name), "{name} was seen before");
    };
    let unpaid = app.to_pay("19.90").await;
    let [order, refused] = [paid(&app).await, paid(&app).await];
    let accepted =
        description.holds("post", "/wxPay/refund", &refund(&app, &order, "first", json!({"refund": "5", "reason": "少发一件"})).await);
    is_as_shown("ACCEPTED", &accepted);
    app.wechat().faults.refund_refused = Some(RefundRefusal::UserAccountAbnormal);
    let refusals = [
        (&refused, json!({}), "WECHAT_REFUSED"),
        (&unpaid, json!({}), "ORDER_NOT_PAID"),
        (&order, json!({"refund": "15"}), "REFUND_TOO_MUCH"),
        (&order, json!({}), "REFUND_TOO_SOON"),
    ];
    for (order, wish, reason) in refusals {
        let answer = description.holds("post", "/wxPay/refund", &refund(&app, order, "second", wish).await);
        is_as_shown(reason, &answer);
    }
    app.look().await.run("UPDATE deal SET refund_count = 50").await;
    is_as_shown("REFUND_TOO_MANY", &description.holds("post", "/wxPay/refund", &refund(&app, &order, "third", json!({})).await));
    app.time_passes(366 * 86_400);
    is_as_shown("REFUND_TOO_LATE", &description.holds("post", "/wxPay/refund", &refund(&app, &order, "third", json!({})).await));
    assert!(unseen.is_empty(), "{unseen:?}");

    for (name, body) in [("of a refund_id", json!({"refund_id": accepted["refund_id"]})), ("of an order_id", json!({"order_id": order.id}))]
    {
        let answer = description.holds("post", "/wxPay/queryRefund", &query_refund(&app, body).await);
        assert_eq!(fields(&of_query[name]["value"]), fields(&answer), "{name}");
        answer["refunds"].as_array().into_iter().flatten().for_each(|refund| description.fits("ToldRefund", refund));
    }
    for body in [json!({}), json!({"refund_id": "nobody"}), json!({"order_id": "nobody"})] {
        description.holds("post", "/wxPay/queryRefund", &query_refund(&app, body).await);
    }
    description.holds("post", "/wxPay/refund", &refund(&app, &order, "first", json!({"refund": "6"})).await);
    description.holds("post", "/wxPay/refund", &refund(&app, &order, "", json!({})).await);
    for path in ["/wxPay/refundNotify", "/wxPay/refundNotify/{account}"] {
        description.holds("post", path, &app.till.post(&path.replace("{account}", "shop2"), "text/xml", "<xml/>").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_ends_are_told_as_is_described_and_the_examples_are_real() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut description = described(&app).await;
    let order = paid(&app).await;
    let refund_id = refund(&app, &order, "first", json!({"refund": "5"})).await.json()["refund_id"].as_str().unwrap().to_owned();
    let refunded = || refund_id.parse().unwrap();
    let announces = vec![
        Announcement::DealPaid { late: true },
        Announcement::DealExpired,
        Announcement::RefundSucceeded(refunded()),
        Announcement::RefundFailed(refunded(), RefundState::Abnormal),
        Announcement::AlarmRaised(AlarmKind::PaidLate),
    ];
    beside(&app).await.record(announced(&app, &order.id, announces)).await.unwrap();
    crate::telling::bills::reconciled(&app, &beside(&app).await, "default", 1, true).await;
    publish(&app).await;

    let told = description.holds("get", "/wxPay/changes", &read(&app, "").await);
    let (webhooks, page) = (description.document()["webhooks"].clone(), app.till.get("/docs").await.body);
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let mut unseen = fields(&webhooks);
    for change in told["changes"].as_array().unwrap() {
        description.fits("ToldChange", change);
        let (webhook, mut body) = (&webhooks[change["type"].as_str().unwrap()]["post"], change.clone());
        body.as_object_mut().unwrap().remove("id");
        let content = &webhook["requestBody"]["content"]["application/json"];
        let name = content["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        for told in [&body, &content["example"]] {
            description.fits(name, told);
            told["data"].get("deal").into_iter().for_each(|deal| description.fits("ToldDeal", deal));
            told["data"].get("refund").into_iter().for_each(|refund| description.fits("ToldRefund", refund));
            assert_eq!(fields(&told["data"]), fields(&body["data"]), "{name}");
        }
        let id = webhook["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}: people see it too");
        unseen.remove(change["type"].as_str().unwrap());
    }
    assert!(unseen.is_empty(), "{unseen:?}");
    for query in ["after=99", "limit=x", "wait=1&after=99"] {
        description.holds("get", "/wxPay/changes", &read(&app, query).await);
    }
    let (next, examples) = (told["next"].as_str().unwrap(), &description.document()["paths"]["/wxPay/changes"]["get"]["responses"]["200"]);
    for example in fields(&examples["content"]["application/json"]["examples"]) {
        description.fits("ChangesAnswer", &examples["content"]["application/json"]["examples"][&example]["value"]);
    }
    let waited = read(&app, &format!("wait=1&after={next}")).await;
    description.holds("get", "/wxPay/changes", &waited);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_refused_is_refused_as_described() {
    let app = TestApp::open(Engine::Sqlite).await;
    let mut description = described(&app).await;
    let order = app.to_pay("19.90").await;
    let too_large = json!({"order_id": "x".repeat(70_000)}).to_string();
    for path in ["/wxPay/toPay", "/wxPay/queryOrder", "/wxPay/doCloseOrder"] {
        for (content_type, body) in [
            ("application/json", "[]"),
            (FORM, "price=-1&order_id=%"),
            ("multipart/form-data; boundary=x", "--x--"),
            ("text/plain", "{}"),
            ("application/json", &*too_large),
        ] {
            description.holds("post", path, &app.till.post(path, content_type, body.to_owned()).await);
        }
    }
    for path in ["/wxPay/queryOrder", "/wxPay/doCloseOrder"] {
        description.holds("post", path, &app.till.post_json(path, &json!({"order_id": "nobody"})).await);
    }
    for query in ["", "?order_id=nobody", "?order_id=%3C"] {
        description.holds("get", "/wxPay/events", &app.till.get(&format!("/wxPay/events{query}")).await);
    }
    description.holds("get", "/pay/{number}", &app.till.get("/pay/nobody").await);
    app.to_pay_once("cart-7", "1.00").await;
    description.holds("post", "/wxPay/toPay", &app.to_pay_once("cart-7", "2.00").await);
    app.time_passes(301);
    app.wechat().faults = Faults { html: 1.0, ..Faults::default() };
    description.holds("post", "/wxPay/toPay", &app.try_to_pay("1.00").await);
    for (path, answer) in [("/wxPay/queryOrder", app.query(&order.id).await), ("/wxPay/doCloseOrder", app.close(&order.id).await)] {
        description.holds("post", path, &answer);
    }
    let look = app.look().await;
    look.run("BEGIN IMMEDIATE").await;
    description.holds("post", "/wxPay/toPay", &app.try_to_pay("1.00").await);
    look.run("ROLLBACK").await;

    let keys = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("AUTH__MODE", "api_key")
        .set("AUTH__API_KEYS", crate::support::configured::SHOPS_KEY)
        .open()
        .await;
    description.holds("post", "/wxPay/toPay", &keys.try_to_pay("1.00").await);
    let limits = TestAppBuilder::new(Engine::Sqlite).await.set("LIMITS__PER_ADDRESS", 1).open().await;
    limits.to_pay("1.00").await;
    description.holds("post", "/wxPay/toPay", &limits.try_to_pay("1.00").await);

    for more in
        [json!({"account": "shop2"}), json!({"trade_type": "JSAPI", "openid": "oUpF8"}), json!({"return_url": "https://shop.example.com/"})]
    {
        let mut wish = json!({"merchant_id": 12, "product_id": 34, "price": 1});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        description.holds("post", "/wxPay/toPay", &app.till.post_json("/wxPay/toPay", &wish).await);
    }

    // A slow body, a fault of ours and a silent WeChat have stories of their own.
    let seen = ["200", "400", "401", "403", "409", "413", "415", "429", "501", "502", "503"];
    let statuses = description.statuses("post", "/wxPay/toPay");
    assert_eq!(statuses.difference(&["408", "500", "504"].map(str::to_owned).into()).collect::<Vec<_>>(), seen);
    let refused = description.seen("post", "/wxPay/toPay");
    assert!(seen[1..].iter().all(|status| refused.contains(*status)), "described, but never answered: {refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_tells_what_the_document_says_and_loads_nothing() {
    let app = TestApp::open(Engine::Sqlite).await;
    let (description, page) = (described(&app).await, app.till.get("/docs").await);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    // An address in an example is a text.
    for outside in ["<script", "=\"http", "=\"//", "url(", "@import", "src=", "{{"] {
        assert!(!page.body.contains(outside), "{outside}");
    }
    for (path, method, operation) in description.operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.body.contains(&format!("id=\"{id}\"")) && page.body.contains(&format!("href=\"#{id}\"")), "{method} {path}");
        assert!(page.body.contains(&format!("{path}</code>")), "{path}");
    }
}
