//! CORS: which pages of other origins may call, in a demonstration and in earnest.

use crate::front_end::http::to_pay_with;
use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::test_app::{TestApp, TestAppBuilder};

const SHOP: &str = "https://shop.example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_are_told_nothing_unless_they_are_listed() {
    let wechat = TestApp::open(Engine::Sqlite).await;
    let closed = TestAppBuilder::new(Engine::Sqlite).await.on_wechat_of(&wechat).open().await;
    let open =
        TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__CORS_ORIGINS", format!("{SHOP}, https://pay.example.com")).open().await;
    let cors_headers = |answer: &Answer| answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-allow")).count();

    for path in ["/wxPay/toPay", "/wxPay/queryOrder", "/wxPay/wxPay/queryOrder", "/wxPay/doCloseOrder"] {
        let answer = preflight(&closed, path, SHOP).await;
        assert_eq!((answer.status, cors_headers(&answer)), (405, 0), "{path}");
        for origin in [SHOP, "https://pay.example.com"] {
            let answer = preflight(&open, path, origin).await;
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)), "{path}");
            assert_eq!(answer.header("access-control-allow-methods"), Some("GET,POST"), "GET is for the events");
            let allowed = answer.header("access-control-allow-headers").unwrap().to_lowercase();
            assert_eq!(allowed, "content-type,idempotency-key,traceparent,x-requested-with");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "no cookies are used");
        }
        for origin in ["https://evil.example", "null", "http://shop.example.com", "https://shop.example.com.evil.example"] {
            assert_eq!(preflight(&open, path, origin).await.header("access-control-allow-origin"), None, "{origin}");
        }
        let refused = open.till.send(open.till.request("POST", path).header("origin", SHOP).body("")).await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (415, Some(SHOP)), "a page must be able to read why");
    }
    for path in ["/wxPay/notify", "/wxPay/notify/shop2", "/wxPay/callback", "/healthz"] {
        let answer = preflight(&open, path, SHOP).await;
        assert_eq!((answer.status, cors_headers(&answer)), (405, 0), "{path}");
    }
    let other = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("SERVER__CORS_ORIGINS", SHOP)
        .set("SERVER__CORS_HEADERS", "X-Shop, x-cart")
        .open()
        .await;
    let allowed = preflight(&other, "/wxPay/toPay", SHOP).await;
    assert_eq!(allowed.header("access-control-allow-headers"), Some("content-type,idempotency-key,x-shop,x-cart"));
    let page = [("origin", SHOP.as_bytes())];
    assert_eq!(to_pay_with(&open, &page).await.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(cors_headers(&to_pay_with(&closed, &page).await), 0);
    assert_eq!(to_pay_with(&open, &[("origin", b"null")]).await.header("access-control-allow-origin"), None);
}

/// As a browser asks before a page of another origin may call.
async fn preflight(app: &TestApp, path: &str, origin: &str) -> Answer {
    let request = app.till.request("OPTIONS", path).header("origin", origin).header("access-control-request-method", "POST");
    app.till.send(request.header("access-control-request-headers", "content-type,idempotency-key")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_this_machine_may_call_a_demonstration_and_never_a_real_service() {
    let demonstration = TestApp::open(Engine::Sqlite).await;
    let real = TestAppBuilder::new(Engine::Sqlite).await.on_wechat_of(&demonstration).open().await;
    let listed = TestAppBuilder::new(Engine::Sqlite).await.set("SERVER__CORS_ORIGINS", SHOP).on_wechat_of(&demonstration).open().await;
    let with_keys = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("AUTH__MODE", "api_key")
        .set("AUTH__API_KEYS", crate::support::configured::SHOPS_KEY)
        .open()
        .await;
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    for origin in ["http://localhost:5173", "http://127.0.0.1:8090", "https://localhost", "http://[::1]:3000"] {
        for path in ["/wxPay/toPay", "/wxPay/queryOrder", "/wxPay/doCloseOrder", "/wxPay/events"] {
            let answer = preflight(&demonstration, path, origin).await;
            assert_eq!((answer.status, allowed(&answer).as_deref()), (200, Some(origin)), "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
            for app in [&real, &listed, &with_keys] {
                assert_eq!(allowed(&preflight(app, path, origin).await), None, "{path} for {origin}");
            }
        }
        let page = [("origin", origin.as_bytes())];
        assert_eq!(allowed(&to_pay_with(&demonstration, &page).await).as_deref(), Some(origin));
        assert_eq!(allowed(&to_pay_with(&listed, &page).await), None);
    }
    assert_eq!(allowed(&preflight(&listed, "/wxPay/toPay", SHOP).await).as_deref(), Some(SHOP));
    for origin in [SHOP, "null", "http://localhost.evil.example", "http://192.168.1.2:5173"] {
        assert_eq!(allowed(&preflight(&demonstration, "/wxPay/toPay", origin).await), None, "{origin}");
        assert_eq!(allowed(&to_pay_with(&demonstration, &[("origin", origin.as_bytes())]).await), None, "{origin}");
    }
    for path in ["/wxPay/notify", "/wxPay/refund", "/wxPay/changes", "/wxPay/deals"] {
        assert_eq!(allowed(&preflight(&demonstration, path, "http://localhost:5173").await), None, "{path} is for no page");
    }
}
