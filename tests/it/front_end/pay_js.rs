//! `/pay.js`: any front end may load it, and a browser that has it asks only whether there is a new one.

use crate::support::database::Engine;
use crate::support::test_app::{TestApp, TestAppBuilder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_is_small_kept_and_asked_after() {
    let demonstration = TestApp::open(Engine::Sqlite).await;
    let real = TestAppBuilder::new(Engine::Sqlite).await.on_wechat_of(&demonstration).open().await;
    for app in [&demonstration, &real] {
        let script = app.till.get("/pay.js").await;
        assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
        assert!(script.body.len() <= 8192 && script.body.contains("WechatPay"), "{} bytes", script.body.len());
        for (name, value) in [
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
        ] {
            assert_eq!(script.header(name), Some(value), "{name}");
        }
        let tag = script.header("etag").unwrap();
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"another\", {tag}")] {
            let unchanged = app.till.send(app.till.request("GET", "/pay.js").header("if-none-match", &known)).await;
            assert_eq!((unchanged.status, &*unchanged.body, unchanged.header("etag")), (304, "", Some(tag)), "{known}");
        }
        let changed = app.till.send(app.till.request("GET", "/pay.js").header("if-none-match", "\"another\"")).await;
        assert_eq!((changed.status, changed.body), (200, script.body.clone()));
    }
}
