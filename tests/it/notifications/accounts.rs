//! Notifications of several accounts: each is believed by its own account's key alone, and settles that account's deals alone.

use serde_json::json;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer};

use crate::support::configured::merchant;
use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::merchant::signer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// An account as WeChat knows it, and one of its sellers.
#[derive(Clone, Copy)]
struct Account {
    name: &'static str,
    appid: &'static str,
    mch_id: &'static str,
    sub_mch_id: Option<&'static str>,
    key: &'static str,
    seller: i64,
}

const SHOP2: Account = Account {
    name: "shop2",
    appid: "wx0000000000000022",
    mch_id: "1900000022",
    sub_mch_id: None,
    key: "8934e7d15453e97507ef794cf7b0519d",
    seller: 100,
};
/// Of a service provider.
const SUB: Account = Account {
    name: "sub",
    appid: "wx0000000000000099",
    mch_id: "1900000099",
    sub_mch_id: Some("1900000199"),
    key: "192006250b4c09247ec02edce69f6a2d",
    seller: 200,
};

impl Account {
    /// What this account's key signs of a payment of an order.
    fn pays(self, order: &Order) -> WeChatMessage {
        let message = WeChatMessage::notification(&order.id, 1990).with("appid", self.appid).with("mch_id", self.mch_id);
        self.sub_mch_id.into_iter().fold(message, |message, sub_mch_id| message.with("sub_mch_id", sub_mch_id))
    }

    fn signed(self, message: &WeChatMessage) -> String {
        message.signed_by(&Signer::new(ApiKey::new(self.key).unwrap(), SignType::Md5))
    }
}

/// With the accounts `default`, `shop2` and `sub`.
async fn with_accounts(engine: Engine) -> TestApp {
    and_accounts(TestAppBuilder::new(engine).await).open().await
}

fn and_accounts(builder: TestAppBuilder) -> TestAppBuilder {
    let mut builder = builder.set("METRICS__LISTEN", "127.0.0.1:0");
    for account in [SHOP2, SUB] {
        let key = |name: &str| format!("ACCOUNTS__{}__{name}", account.name.to_uppercase());
        builder = builder
            .set(&key("APPID"), account.appid)
            .set(&key("MCH_ID"), account.mch_id)
            .set(&key("SUB_MCH_ID"), account.sub_mch_id.unwrap_or_default())
            .set(&key("API_KEY"), account.key)
            .set(&key("SELLERS"), format!("{0}-{1}", account.seller, account.seller + 99));
    }
    builder
}

/// Opens a deal of a seller.
async fn open(app: &TestApp, seller: i64) -> Order {
    let wish = json!({"merchant_id": seller, "product_id": 34, "price": "19.90"});
    let opened = app.till.post_json("/wxPay/toPay", &wish).await.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_else(|| panic!("{opened}")).to_owned();
    Order { id: text(&opened["order_id"]), code_url: text(&opened["code_url"][0]) }
}

async fn post(app: &TestApp, path: &str, message: String) -> Answer {
    app.till.post(path, "text/xml", message).await
}

/// Of a refusal: the sentence.
#[track_caller]
fn told(answer: &Answer, status: u16, sentence: &str) {
    answer.not_believed(status, sentence);
    assert!(answer.body.contains(&format!("[{sentence}]")), "{}", answer.body);
}

on_both_engines! {
    async fn each_account_s_payments_settle_its_own_deals(engine) {
        let app = with_accounts(engine).await;
        let look = app.look().await;
        for (account, path) in [(SHOP2, "/wxPay/notify"), (SHOP2, "/wxPay/notify/shop2"), (SUB, "/wxPay/notify"), (SUB, "//wxPay//notify/sub.html")] {
            let order = open(&app, account.seller).await;
            assert_eq!(look.value(&order.id, "account").await.as_deref(), Some(account.name), "by its seller");
            let message = account.signed(&account.pays(&order));
            post(&app, path, message.clone()).await.acknowledged(path);
            assert_eq!(look.status(&order.id).await, 1, "{path}");
            post(&app, path, message).await.acknowledged("again");
        }
        let order = open(&app, 1).await;
        assert_eq!(look.value(&order.id, "account").await, None, "whose seller no account names goes through the default");
        post(&app, "/wxPay/notify/default", WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("by its name");
        assert_eq!(app.alarms(), (0, 0));
    }

    async fn a_payer_s_payment_comes_to_the_address_of_the_account(engine) {
        let app = with_accounts(engine).await;
        for account in [SHOP2, SUB] {
            let order = open(&app, account.seller).await;
            assert!(app.wechat().order(&order.id).unwrap().notify_url.ends_with(&format!("/wxPay/notify/{}", account.name)));
            app.payer_pays(&order).await;
            assert_eq!(app.look().await.status(&order.id).await, 1, "{}", account.name);
        }
    }

    async fn an_account_s_address_is_taken_whatever_form_the_default_s_has(engine) {
        let app = with_accounts(engine).await;
        for of_default in [
            "https://pay.example.com/wxPay/callback",
            "https://pay.example.com/wxPay/callback/",
            "https://pay.example.com/wxPay/notify.html",
            "https://pay.example.com/wxPay/callback.html",
        ] {
            let settings = merchant(&[
                ("WECHAT__NOTIFY_URL", of_default),
                ("ACCOUNTS__SHOP2__APPID", SHOP2.appid),
                ("ACCOUNTS__SHOP2__MCH_ID", SHOP2.mch_id),
                ("ACCOUNTS__SHOP2__API_KEY", SHOP2.key),
            ]);
            let address = settings.unwrap().accounts.remove(0).merchant.notify_url;
            let path = address.strip_prefix("https://pay.example.com").unwrap();
            let order = open(&app, SHOP2.seller).await;
            post(&app, path, SHOP2.signed(&SHOP2.pays(&order))).await.acknowledged(path);
            assert_eq!(app.look().await.status(&order.id).await, 1, "{path}");
            told(&post(&app, path, SUB.signed(&SUB.pays(&order))).await, 409, "FOREIGN");
        }
    }

    async fn what_is_addressed_to_another_account_is_not_taken(engine) {
        let app = with_accounts(engine).await;
        let look = app.look().await;
        let (order, others) = (open(&app, 1).await, open(&app, SHOP2.seller).await);
        let stored = look.everything().await;
        let right = SHOP2.signed(&SHOP2.pays(&others));
        let ours = WeChatMessage::notification(&order.id, 1990).signed();
        for path in ["/wxPay/notify/default", "/wxPay/notify/sub"] {
            told(&post(&app, path, right.clone()).await, 409, "FOREIGN");
        }
        told(&post(&app, "/wxPay/notify/shop2", ours.clone()).await, 409, "FOREIGN");
        for name in ["gone", "Default", "2", "%ff", "a%20b", "a%2fb"] {
            told(&post(&app, &format!("/wxPay/notify/{name}"), ours.clone()).await, 401, "NO ACCOUNT");
        }
        assert_eq!(look.everything().await, stored);
        post(&app, "/wxPay/notify", right).await.acknowledged("at the address of all");
        post(&app, "/wxPay/notify", ours).await.acknowledged("at the address of all");
    }

    async fn numbers_choose_the_key_and_prove_nothing(engine) {
        let app = with_accounts(engine).await;
        let look = app.look().await;
        let (order, others, subs) = (open(&app, 1).await, open(&app, SHOP2.seller).await, open(&app, SUB.seller).await);
        let stored = look.everything().await;
        let message = WeChatMessage::notification(&order.id, 1990);
        for path in ["/wxPay/notify", "/wxPay/notify/shop2", "/wxPay/notify/default"] {
            for forged in [
                SHOP2.pays(&others).signed_by(&signer(SignType::Md5)),
                SHOP2.signed(&message),
                SHOP2.signed(&SUB.pays(&subs)),
            ] {
                told(&post(&app, path, forged).await, 401, "SIGNATURE");
            }
        }
        for strange in [
            SUB.pays(&subs).with("sub_mch_id", "1900000198"),
            SUB.pays(&subs).without("sub_mch_id"),
            SUB.pays(&subs).with("appid", SHOP2.appid),
        ] {
            told(&post(&app, "/wxPay/notify/sub", SUB.signed(&strange)).await, 409, "FOREIGN");
            told(&app.notify(SUB.signed(&strange)).await, 401, "SIGNATURE");
        }
        assert_eq!(look.everything().await, stored);
        app.notify(SUB.signed(&SUB.pays(&subs))).await.acknowledged("the right numbers");
    }

    async fn an_evil_account_settles_nothing_of_another_s(engine) {
        let app = with_accounts(engine).await;
        let look = app.look().await;
        let order = open(&app, 1).await;
        let stored = look.everything().await;
        for path in ["/wxPay/notify", "/wxPay/notify/shop2", "/wxPay/notify"] {
            told(&post(&app, path, SHOP2.signed(&SHOP2.pays(&order))).await, 409, "ORDER OF ANOTHER ACCOUNT");
        }
        let more = SHOP2.pays(&order).with("transaction_id", "4200000260000000000000000009").with("total_fee", "1");
        told(&app.notify(SHOP2.signed(&more)).await, 409, "ORDER OF ANOTHER ACCOUNT");
        assert_eq!(look.everything().await, stored);
        assert_eq!(app.alarms(), (0, 1), "an alarm, however often and in however many words it is told");
        let failed = SHOP2.pays(&order).with("result_code", "FAIL").without("transaction_id").without("total_fee");
        app.notify(SHOP2.signed(&failed)).await.acknowledged("no money depends on it");
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("the account's own word");
        assert_eq!(look.status(&order.id).await, 1);
        told(&app.notify(SHOP2.signed(&SHOP2.pays(&order))).await, 409, "ORDER OF ANOTHER ACCOUNT");
        let events = look.column(&format!("SELECT kind FROM deal_event WHERE order_id = '{}' ORDER BY id", order.id), "kind").await;
        assert_eq!(events, ["opened", "link_given", "mismatch", "settled"], "of the failed payment nothing is written");
    }

    async fn a_seller_that_moves_to_another_account_leaves_its_open_deals_where_they_are(engine) {
        let app = with_accounts(engine).await;
        let order = open(&app, SHOP2.seller).await;
        let moved = and_accounts(TestAppBuilder::on(app.stop().await)).set("ACCOUNTS__SHOP2__SELLERS", "");
        let app = moved.set("ACCOUNTS__SUB__SELLERS", "100-299").open().await;
        let look = app.look().await;
        let later = open(&app, SHOP2.seller).await;
        let accounts = [look.value(&order.id, "account").await, look.value(&later.id, "account").await];
        assert_eq!(accounts.each_ref().map(Option::as_deref), [Some("shop2"), Some("sub")]);
        told(&app.notify(SUB.signed(&SUB.pays(&order))).await, 409, "ORDER OF ANOTHER ACCOUNT");
        told(&app.notify(SHOP2.signed(&SHOP2.pays(&later))).await, 409, "ORDER OF ANOTHER ACCOUNT");
        app.notify(SHOP2.signed(&SHOP2.pays(&order))).await.acknowledged("by the account that it was opened through");
        app.notify(SUB.signed(&SUB.pays(&later))).await.acknowledged("by the account that the seller has now");
        assert_eq!([look.status(&order.id).await, look.status(&later.id).await], [1, 1]);
    }

    async fn an_operator_sees_whose_notifications_are_not_believed(engine) {
        let app = with_accounts(engine).await;
        let (order, others) = (open(&app, 1).await, open(&app, SHOP2.seller).await);
        told(&app.notify(SHOP2.pays(&others).signed_by(&signer(SignType::Md5))).await, 401, "SIGNATURE");
        told(&post(&app, "/wxPay/notify/shop2", "no message".to_owned()).await, 400, "MALFORMED");
        told(&post(&app, "/wxPay/notify/nobody-s", SHOP2.signed(&SHOP2.pays(&others))).await, 401, "NO ACCOUNT");
        app.notify(SHOP2.signed(&SHOP2.pays(&others))).await.acknowledged("shop2");
        app.notify(WeChatMessage::notification(&order.id, 1990).signed()).await.acknowledged("default");
        let numbers = app.numbers().await;
        for (series, count) in [
            ("notifications_disbelieved_total{account=\"shop2\",reason=\"signature\"}", 1.0),
            ("notifications_disbelieved_total{account=\"shop2\",reason=\"malformed\"}", 1.0),
            ("notifications_disbelieved_total{account=\"default\",reason=\"signature\"}", 0.0),
            ("notifications_disbelieved_total{account=\"default\",reason=\"no_account\"}", 1.0),
            ("notifications_total{account=\"shop2\",outcome=\"disbelieved\"}", 2.0),
            ("notifications_total{account=\"shop2\",outcome=\"acknowledged\"}", 1.0),
            ("notifications_total{account=\"default\",outcome=\"acknowledged\"}", 1.0),
            ("deals_total{account=\"shop2\",outcome=\"opened\"}", 1.0),
            ("deals_total{account=\"shop2\",outcome=\"paid\"}", 1.0),
            ("upstream_calls_total{account=\"shop2\",api=\"unifiedorder\",err_code=\"SUCCESS\"}", 1.0),
        ] {
            assert_eq!(numbers.get(series), count, "{series}");
        }
        assert!(!app.scrape().await.body.contains("nobody-s"), "what a sender wrote becomes no label");
    }

    async fn an_evil_account_raises_one_alarm_in_whatever_currency_it_lies(engine) {
        let app = with_accounts(engine).await;
        let order = open(&app, 1).await;
        for number in 0..5 {
            let lie = SHOP2.pays(&order).with("fee_type", "USD").with("transaction_id", &format!("420000026000000000000000000{number}"));
            told(&app.notify(SHOP2.signed(&lie)).await, 409, "ORDER OF ANOTHER ACCOUNT");
        }
        assert_eq!(app.alarms(), (0, 1));
        let mismatches = app.look().await.column("SELECT detail FROM deal_event WHERE kind = 'mismatch'", "detail").await;
        assert_eq!(mismatches, ["the order is another account's: signed for the account shop2"]);
        let dollars = WeChatMessage::notification(&order.id, 1990).with("fee_type", "USD");
        told(&app.notify(dollars.signed()).await, 409, "CURRENCY");
        assert_eq!(app.alarms(), (0, 2), "of the account itself it is news");
    }

    async fn two_accounts_may_have_payments_of_one_number(engine) {
        let app = with_accounts(engine).await;
        let look = app.look().await;
        let (order, others, again) = (open(&app, 1).await, open(&app, SHOP2.seller).await, open(&app, SHOP2.seller).await);
        let number = "4200000260202604011234567890";
        app.notify(WeChatMessage::notification(&order.id, 1990).with("transaction_id", number).signed()).await.acknowledged("default");
        app.notify(SHOP2.signed(&SHOP2.pays(&others).with("transaction_id", number))).await.acknowledged("shop2");
        let answer = app.notify(SHOP2.signed(&SHOP2.pays(&again).with("transaction_id", number))).await;
        told(&answer, 409, "TRANSACTION OF ANOTHER ORDER");
        assert_eq!([look.status(&order.id).await, look.status(&others.id).await, look.status(&again.id).await], [1, 1, 0]);
    }
}
