//! `/docs`: in both languages, and each example on it is true of a running service.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use wechat_pay::channel::wechat::v2::{Fields, RefundCipher, SignType, xml};
use wechat_pay::clock::Clock;
use wechat_pay::deal::{DifferenceKind, DifferenceState, Finding};
use wechat_pay::store::BillOutcome;
use wechat_pay::webhook::Secrets;

use crate::books::kept_bills::{Bills, differs, text};
use crate::feed::told::publish;
use crate::support::database::Engine;
use crate::support::description::Description;
use crate::support::example::{self, Example};
use crate::support::http::Answer;
use crate::support::merchant::signer;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, transaction_id};

/// The moment of the examples.
const OPENED_AT: &str = "2026-11-23T22:23:45Z";
const ORDER: &str = "20261124062345522402465816291019";
const CHECKOUT: &str = "C20261124062345137720915503468021";
const REFUND: &str = "20261124063010871204486630152297";
const PAYMENT: &str = "4200002601202611244853690217";

/// The page in English, and those of its examples that were not looked at yet.
struct Shown {
    app: TestApp,
    unseen: Vec<Example>,
}

impl Shown {
    async fn on(app: TestApp) -> Self {
        let unseen = example::on(&app.till.get("/docs?lang=en").await.body);
        Self { app, unseen }
    }

    fn take(&mut self, id: &str) -> Example {
        let at = self.unseen.iter().position(|example| example.id == id).unwrap_or_else(|| panic!("no example of {id}"));
        self.unseen.remove(at)
    }

    /// An example that is true, with these values.
    async fn is_true(&mut self, id: &str, values: &[(&str, &str)]) -> Answer {
        self.take(id).with(values).holds(&self.app.till).await
    }
}

fn order_of(answer: &Answer) -> Order {
    let told = answer.json();
    Order { id: told["order_id"].as_str().unwrap().to_owned(), code_url: told["code_url"][0].as_str().unwrap().to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_docs_is_true() {
    let clock = Clock::manual(OPENED_AT.parse().unwrap());
    let mut shown = Shown::on(TestAppBuilder::new(Engine::Sqlite).await.by(clock).demonstrate().await).await;
    for id in ["healthz", "readyz", "openapi", "docs", "payJs"] {
        shown.is_true(id, &[]).await;
    }
    let opening = shown.take("toPay");
    let order = order_of(&opening.holds(&shown.app.till).await);
    assert_eq!(order_of(&opening.holds(&shown.app.till).await).id, order.id, "under the same key");
    shown.is_true("payPage", &[(ORDER, &order.id)]).await;

    shown.app.time_passes(25);
    shown.app.payer_pays(&order).await;
    publish(&shown.app).await;
    for id in ["queryOrder", "queryOrderAlias", "events"] {
        shown.is_true(id, &[(ORDER, &order.id)]).await;
    }
    for id in ["changes", "deals"] {
        shown.is_true(id, &[]).await;
    }
    until_the_shop_was_told(&shown.app, &order).await;
    shown.is_true("deal", &[(ORDER, &order.id)]).await;

    shown.app.time_passes(360);
    let refund = shown.is_true("refund", &[(ORDER, &order.id)]).await.json()["refund_id"].as_str().unwrap().to_owned();
    of_refunds_notification(&mut shown, &order, &refund).await;
    shown.app.time_passes(3);
    let found = shown.is_true("queryRefund", &[(REFUND, &refund)]).await.json();
    assert_eq!(found["refund_state"], "SUCCESS");
    shown.is_true("takings", &[]).await;

    of_a_bill(&mut shown).await;
    of_a_checkout(&mut shown).await;
    let given_up = order_of(&opening.with(&[("cart-7", "cart-8")]).holds(&shown.app.till).await);
    of_payments_notification(&mut shown, &opening).await;
    shown.app.time_passes(301);
    shown.is_true("doCloseOrder", &[(ORDER, &given_up.id)]).await;
    of_webhooks(&mut shown);
    assert!(shown.unseen.is_empty(), "nobody tries {:?}", shown.unseen);
}

/// One with a payment of an order that is not known here, which came as plain text.
async fn of_a_bill(shown: &mut Shown) {
    let day = "2026-11-23";
    let gateway = Arc::clone(shown.app.gateway());
    let bills = Bills(gateway.store());
    let found = vec![differs(DifferenceKind::UnknownOrder, DifferenceState::Open, Some(Finding::NotKnown), ORDER)];
    let bill = bills.finished("default", day, BillOutcome::Compared, found, None).await;
    bills.file("default", day, &text(ORDER, "2026-11-23 10:00:00"), true, 100).await;
    for id in ["bills", "billDifferences", "billFile"] {
        shown.is_true(id, &[]).await;
    }
    let id = gateway.store().differences_of_bill(bill).await.unwrap()[0].id;
    assert_eq!(shown.is_true("explainDifference", &[("/17/", &format!("/{id}/"))]).await.json()["state"], "EXPLAINED");
}

/// The page opens the way that fits, which pays it.
async fn of_a_checkout(shown: &mut Shown) {
    let number = shown.is_true("checkout", &[]).await.json()["checkout_id"].as_str().unwrap().to_owned();
    assert_eq!(shown.app.till.get(&format!("/pay/{number}")).await.status, 200);
    let id = shown.app.look().await.texts(&format!("SELECT order_id FROM deal WHERE checkout_id = '{number}'")).await[0].clone().unwrap();
    shown.app.payer_pays(&Order { id, code_url: String::new() }).await;
    shown.is_true("queryCheckout", &[(CHECKOUT, &number)]).await;
}

/// The demo shop takes webhooks; the story of a deal shows when.
async fn until_the_shop_was_told(app: &TestApp, order: &Order) {
    for _ in 0..500 {
        let deal = app.till.get(&format!("/wxPay/deals/{}", order.id)).await.json();
        if deal["deliveries"][0]["state"] == "DELIVERED" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the shop was not told");
}

/// As it is shown it is signed; for an order that there is it is signed anew.
async fn of_payments_notification(shown: &mut Shown, opening: &Example) {
    for (place, id) in ["notify", "notifyAlias", "notifyAccount", "notifyAccountAlias"].into_iter().enumerate() {
        let example = shown.take(id);
        let body = example.command().body.unwrap();
        let fields = xml::parse(body.as_bytes()).unwrap();
        signer(SignType::Md5).verify(&fields).unwrap();
        let order = order_of(&opening.with(&[("cart-7", &format!("cart-{}", 70 + place))]).holds(&shown.app.till).await);
        let payment = transaction_id(&order.id);
        let told = fields.iter().filter(|(name, _)| *name != "sign");
        let told =
            told.fold(Fields::new(), |told, (name, value)| told.with(name, value.replace(ORDER, &order.id).replace(PAYMENT, &payment)));
        let signed = xml::write(&signer(SignType::Md5).signed(told));
        assert_eq!(example.with(&[(&body, &signed)]).holds(&shown.app.till).await.body, ACKNOWLEDGED);
        assert_eq!(shown.app.trade_state(&order.id).await, "SUCCESS", "{id}");
    }
}

/// As it is shown it can be decrypted; for a refund that there is it is encrypted anew.
async fn of_refunds_notification(shown: &mut Shown, order: &Order, refund: &str) {
    for id in ["refundNotify", "refundNotifyAccount"] {
        let example = shown.take(id);
        let body = example.command().body.unwrap();
        let fields = xml::parse(body.as_bytes()).unwrap();
        let sealed = fields.get("req_info").unwrap();
        let cipher = RefundCipher::new(&signer(SignType::Md5));
        let plain = cipher.decrypt(sealed).unwrap();
        assert!(plain.contains(ORDER) && plain.contains(REFUND), "{plain}");
        let renewed = cipher.encrypt(&plain.replace(ORDER, &order.id).replace(REFUND, refund));
        assert_eq!(example.with(&[(sealed, &renewed)]).holds(&shown.app.till).await.body, ACKNOWLEDGED);
    }
}

/// Whoever verifies as Standard Webhooks says takes them, at their time.
fn of_webhooks(shown: &mut Shown) {
    let secrets = Secrets { present: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap(), previous: None };
    for id in ["dealPaid", "dealExpired", "refundSucceeded", "refundFailed", "alarmRaised", "billReconciled"] {
        let example = shown.take(id);
        let command = example.command();
        let header = |wanted: &str| command.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).unwrap();
        let (sent_at, body) = (header("webhook-timestamp").parse().unwrap(), command.body.clone().unwrap());
        let now = "2026-11-24T00:31:42Z".parse().unwrap();
        assert!(secrets.verify(header("webhook-id"), sent_at, header("webhook-signature"), &body, now), "{}", example.asked);
        assert_eq!((command.address.as_str(), header("content-type")), ("localhost:8090/told", "application/json"));
        let told: Value = serde_json::from_str(&body).unwrap();
        assert!(told["type"].is_string() && told["data"].is_object(), "{body}");
        assert!(example.answered.contains("204"), "{}", example.answered);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_docs_speak_both_languages_and_show_every_call_with_an_example() {
    let app = TestApp::open(Engine::Sqlite).await;
    let description = Description::new(app.till.get("/openapi.json").await.json());
    let mut calls: BTreeSet<_> = description.operations().map(|(_, _, call)| call["operationId"].as_str().unwrap().to_owned()).collect();
    let webhooks = description.document()["webhooks"].as_object().unwrap().values();
    calls.extend(webhooks.map(|call| call["post"]["operationId"].as_str().unwrap().to_owned()));
    let page = async |query: &str, accepted: &str| {
        let request = app.till.request("GET", &format!("/docs{query}")).header("accept-language", accepted);
        app.till.send(request).await.body
    };
    for (query, accepted, tag, word, other) in [
        ("", "zh-CN", "zh-CN", "下单，拿到付款所需的链接或参数", "Open a deal and get what it is paid with"),
        ("", "en-GB", "en", "Open a deal and get what it is paid with", "下单，拿到付款所需的链接或参数"),
        ("?lang=en", "zh-CN", "en", "Give a payment or a part of it back", "全额或部分退款"),
        ("?lang=zh", "en", "zh-CN", "全额或部分退款", "Give a payment or a part of it back"),
    ] {
        let page = page(query, accepted).await;
        assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(word) && !page.contains(other), "{query} {accepted}");
        let examples = example::on(&page);
        assert!(examples.iter().all(|example| !example.answered.is_empty()), "some are without an answer");
        assert_eq!(examples.iter().map(|example| example.id.clone()).collect::<BTreeSet<_>>(), calls);
    }
}
