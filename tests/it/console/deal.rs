//! An order's page: its story, what it rests on, and what may be done with it now.

use std::time::Duration;

use crate::refunds::api::paid;
use crate::refunds::books::asked;
use crate::support::console::{ADMIN, Browser, OPERATOR, VIEWER, done};
use crate::support::on_both_engines;
use crate::support::stub::{Reply, Stub};
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

/// What the trail says was done, with whom and about which order.
async fn trail(app: &TestApp) -> Vec<String> {
    let sql = "SELECT action FROM audit WHERE action <> 'login' ORDER BY id";
    app.look().await.column(sql, "action").await
}

on_both_engines! {
    async fn a_paid_order_tells_its_story_without_its_payer(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let order = app.to_pay("19.90").await;
        app.notify_until_heard(WeChatMessage::notification(&order.id, 1990).signed()).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        let page = browser.page(&format!("/deals/{}", order.id)).await;
        for told in ["The deal was stored, and WeChat was asked to open it.", "WeChat&apos;s signed word was stored: paid", "WeChat&apos;s notification", "¥19.90", "2026-04-01T12:05:00+08:00"] {
            assert!(page.contains(told), "{told} is not in {page}");
        }
        assert!(page.contains("<dt><code>transaction_id</code></dt><dd>4200000260") && page.contains("<dt><code>openid</code></dt><dd>(masked)</dd>"), "{page}");
        for secret in ["oCANARYOPENID", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"] {
            assert!(!page.contains(secret), "{secret}: {page}");
        }
        let sign = app.look().await.texts("SELECT payBack FROM deal").await.remove(0).unwrap();
        let sign = sign.split("<sign>").nth(1).unwrap().trim_start_matches("<![CDATA[")[..32].to_owned();
        assert!(!page.contains(&sign), "{sign}");
        assert!(page.len() < 100 * 1024);
        assert_eq!(browser.get("/deals/no-such-order").await.status, 404);
        assert_eq!(browser.get("/deals/%3Cscript%3E").await.status, 404);
        assert!(browser.get("/deals/%ff").await.body.contains("<main id=\"main\" tabindex"), "a page of the console, as any other");
    }

    async fn what_wechat_or_an_endpoint_writes_is_text(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let order = app.to_pay("19.90").await;
        let paid = WeChatMessage::notification(&order.id, 1990).with("bank_type", "<script>alert(1)</script>");
        app.notify_until_heard(paid.with("attach", "\"><img src=x onerror=alert(1)>").signed()).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        let page = browser.page(&format!("/deals/{}", order.id)).await;
        assert!(page.contains("<dd>&lt;script&gt;alert(1)&lt;/script&gt;</dd>") && page.contains("&lt;img src=x"), "{page}");
        for raw in ["<script>alert", "<img"] {
            assert!(!page.contains(raw), "{raw}: {page}");
        }
    }

    async fn an_order_that_is_not_here_and_of_which_wechat_told_has_a_page(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        app.notify_until_heard(WeChatMessage::notification("of-another-program", 1990).signed()).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        let page = browser.page("/deals/of-another-program").await;
        assert!(page.contains("There is no order of-another-program here, but WeChat has told of it.") && !page.contains("<button class=\"danger\""), "{page}");
    }

    async fn buttons_are_those_of_what_may_be_done_by_whoever_looks(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let (unpaid, paid) = (app.to_pay("19.90").await, paid(&app).await);
        app.time_passes(301);
        let actions = |page: &str| {
            ["refund", "close", "ask"].into_iter().filter(|action| page.contains(&format!("/{action}\">"))).collect::<Vec<_>>().join(" ")
        };
        let (viewer, operator) = (Browser::of_user(VIEWER, &app).await, Browser::of_user(OPERATOR, &app).await);
        for (order, expected) in [(&unpaid, "close ask"), (&paid, "refund ask")] {
            let path = format!("/deals/{}", order.id);
            assert_eq!((actions(&operator.page(&path).await), actions(&viewer.page(&path).await)), (expected.to_owned(), String::new()));
        }
        let csrf = viewer.csrf().await;
        for action in ["refund", "close", "ask"] {
            let path = format!("/deals/{}/{action}", paid.id);
            let fields = [("csrf", csrf.as_str()), ("step", "do"), ("amount", "5.00"), ("number", "console-0123456789abcdef")];
            assert_eq!(viewer.post_bare(&path, &fields).await.status, 403, "{action}");
            assert_eq!(operator.post_bare(&path, &fields[1..]).await.status, 403, "{action}: without the token");
            let looked = operator.get(&path).await;
            assert_eq!((looked.status, looked.header("location")), (303, Some(&*format!("/deals/{}", paid.id))), "{action}");
        }
        assert_eq!((trail(&app).await, asked(&app), app.calls("closeorder")), (Vec::<String>::new(), 0, 0));
    }

    async fn an_order_is_closed_and_the_trail_says_by_whom(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let order = app.to_pay("19.90").await;
        let operator = Browser::of_user(OPERATOR, &app).await;
        let path = format!("/deals/{}", order.id);
        let early = operator.post(&format!("{path}/close"), &[]).await;
        assert!(early.status == 409 && early.body.contains("The order can be closed in 300 s"), "{}", early.body);
        assert_eq!((app.calls("closeorder"), trail(&app).await), (0, Vec::<String>::new()));
        app.time_passes(301);
        let closed = operator.post(&format!("{path}/close"), &[]).await;
        assert_eq!((closed.status, done(&closed)), (303, (path.clone(), "close".to_owned())), "{}", closed.body);
        let (admin, location) = (Browser::of_user(ADMIN, &app).await, closed.header("location").unwrap());
        assert!(operator.page(location).await.contains("role=\"status\">The order is closed."));
        let page = admin.page(location).await;
        assert!(page.contains("otto: asked for an order to be closed") && !page.contains("role=\"status\">"), "who has not done it is not told so: {page}");
        assert!(!operator.page(&path).await.contains("otto: asked"), "the trail is an admin's");
        assert_eq!((app.look().await.status(&order.id).await, trail(&app).await), (2, vec!["close".to_owned()]));
        let again = operator.post(&format!("{path}/close"), &[]).await;
        assert_eq!((again.status, trail(&app).await.len()), (303, 1), "nothing was left to do");
        assert!(page.contains("the console"), "and the journal says through whom: {page}");
    }

    async fn what_was_paid_meanwhile_is_not_closed_and_asking_finds_it(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let (closed, asked) = (app.to_pay("19.90").await, app.to_pay("5.00").await);
        app.time_passes(301);
        app.payer_pays_silently(&closed);
        app.payer_pays_silently(&asked);
        let operator = Browser::of_user(OPERATOR, &app).await;
        let answer = operator.post(&format!("/deals/{}/close", closed.id), &[]).await;
        assert_eq!(done(&answer), (format!("/deals/{}", closed.id), "close_paid".to_owned()), "{}", answer.body);
        let answer = operator.post(&format!("/deals/{}/ask", asked.id), &[]).await;
        assert_eq!(done(&answer), (format!("/deals/{}", asked.id), "ask".to_owned()), "{}", answer.body);
        let look = app.look().await;
        assert_eq!((look.status(&closed.id).await, look.status(&asked.id).await), (1, 1));
        assert_eq!(trail(&app).await, ["close", "ask"]);
    }

    async fn when_wechat_does_not_answer_nothing_is_claimed(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let order = app.to_pay("19.90").await;
        app.time_passes(301);
        app.wechat().faults.drop_reply = 1.0;
        let operator = Browser::of_user(OPERATOR, &app).await;
        let closed = operator.post(&format!("/deals/{}/close", order.id), &[]).await;
        assert!(closed.status == 409 && closed.body.contains("it is not known whether the order can still be paid. The service follows it"), "{}", closed.body);
        let asked = operator.post(&format!("/deals/{}/ask", order.id), &[]).await;
        assert!(asked.status == 409 && asked.body.contains("WeChat did not answer"), "{}", asked.body);
        assert_eq!(trail(&app).await, ["close", "ask"], "who asked is written before WeChat is called");
    }

    async fn an_event_is_sent_again_to_its_endpoint(engine) {
        let (told, heard) = std::sync::mpsc::channel();
        let endpoint = Stub::start(move |_, _| {
            told.send(()).unwrap();
            Reply::Body(String::new())
        })
        .await;
        let builder = TestAppBuilder::new(engine).await.with_console().set("WEBHOOKS__SHOP__URL", format!("http://{}/", endpoint.address));
        let app = builder.set("WEBHOOKS__SHOP__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").open().await;
        let order = paid(&app).await;
        let operator = Browser::of_user(OPERATOR, &app).await;
        let path = format!("/deals/{}", order.id);
        let mut page = String::new();
        for _ in 0..300 {
            page = operator.page(&path).await;
            if page.contains("delivered</span>") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(page.contains("action=\"/deliveries/evt_"), "{page}");
        let event = page.split("/deliveries/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let again = operator.post(&format!("/deliveries/{event}/resend"), &[("endpoint", "shop"), ("order_id", &order.id)]).await;
        assert_eq!(done(&again), (path.clone(), "resend".to_owned()), "{}", again.body);
        let heard = tokio::task::spawn_blocking(move || (0..2).all(|_| heard.recv_timeout(Duration::from_secs(20)).is_ok()));
        assert!(heard.await.unwrap(), "it is told a second time");
        assert_eq!(trail(&app).await, ["resend"]);
    }
}
