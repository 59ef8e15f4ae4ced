//! Role crossing: every path, by every role, with every method. What a role is not for is refused by the server, whatever a page shows.

use crate::support::console::{ADMIN, Browser, OPERATOR, VIEWER};
use crate::support::database::Engine;
use crate::support::test_app::TestAppBuilder;

/// Pages, and who may look at each.
const PAGES: &[(&str, [bool; 3])] =
    &[("/alarms", [true, true, true]), ("/webhooks", [true, true, true]), ("/bills", [true, true, true]), ("/audit", [false, false, true])];

/// What is posted, and who may.
const ACTIONS: &[(&str, [bool; 3])] = &[
    ("/logout", [true, true, true]),
    ("/alarms/1/answer", [false, true, true]),
    ("/webhooks/shop/resume", [false, false, true]),
    ("/deliveries/evt_1/resend", [false, true, true]),
    ("/bills/differences/1/explain", [false, true, true]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_sees_and_does_what_it_is_for_and_nothing_else() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_console().open().await;
    for (at, name) in [VIEWER, OPERATOR, ADMIN].into_iter().enumerate() {
        let browser = Browser::of_user(name, &app).await;
        let csrf = browser.csrf().await;
        let nav = browser.get("/no-such-page").await.body;
        assert_eq!(nav.contains("href=\"/audit\""), name == ADMIN, "{name} is shown where to go: {nav}");
        for (path, may) in PAGES {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, if may[at] { 200 } else { 403 }, "{name}: {path}");
            assert_eq!(browser.post_bare(path, &[("csrf", &csrf)]).await.status, 405, "{name}: {path}");
        }
        for (path, may) in ACTIONS {
            assert_eq!(browser.get(path).await.status, 405, "{name}: {path}");
            for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
                let answer = browser.send(browser.request(method, path)).await;
                assert_eq!(answer.status, 405, "{name}: {method} {path}");
            }
            let without = browser.post_bare(path, &[]).await;
            assert_eq!(without.status, 403, "{name}: {path}: {}", without.body);
            let wrong = browser.post_bare(path, &[("csrf", &"0".repeat(64))]).await;
            assert_eq!(wrong.status, 403, "{name}: {path}");
            if !may[at] {
                assert_eq!(browser.post_bare(path, &[("csrf", &csrf)]).await.status, 403, "{name}: {path}");
            }
        }
    }
    let done = app.look().await.texts("SELECT action FROM audit WHERE action <> 'login'").await;
    assert!(done.is_empty(), "nothing was done: {done:?}");
}
