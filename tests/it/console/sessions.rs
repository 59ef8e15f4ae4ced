//! Sessions: how long they are good, at which instances, and after what; and codes that are good once.

use std::time::Duration;

use chrono::TimeDelta;
use wechat_pay::auth::{PasswordHash, Totp};
use wechat_pay::chance::Chance;

use crate::support::console::{ADMIN, Browser, OPERATOR, PASSWORD, VIEWER};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::ports::free_address;
use crate::support::test_app::{TestApp, TestAppBuilder};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// Another instance on the database of this one, to be opened.
async fn beside(app: &TestApp) -> TestAppBuilder {
    TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &app.database.url).with_console().by(app.clock.clone())
}

async fn is_logged_in(browser: &Browser) -> bool {
    match browser.get("/no-such-page").await.status {
        404 => true,
        303 => false,
        status => panic!("{status}"),
    }
}

on_both_engines! {
    async fn a_session_is_good_for_half_a_day(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let browser = Browser::of_user(VIEWER, &app).await;
        app.time_passes(12 * 3600 - 1);
        assert!(is_logged_in(&browser).await);
        app.time_passes(1);
        assert!(!is_logged_in(&browser).await);
        // The next login clears away what is over.
        app.time_passes(1);
        Browser::of_user(OPERATOR, &app).await;
        assert_eq!(app.look().await.texts("SELECT user FROM console_session").await, [Some(OPERATOR.to_owned())]);
    }

    async fn instances_share_their_sessions_and_their_ends(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let other = beside(&app).await.open().await;
        let mut here = Browser::of_user(OPERATOR, &app).await;
        let there = here.moved_to(&other);
        assert!(is_logged_in(&there).await);
        assert_eq!(here.csrf().await, there.csrf().await, "a form of one instance can be posted to another");
        let token = here.token.clone();
        here.log_out().await;
        here.token = token;
        assert!(!is_logged_in(&here).await && !is_logged_in(&there).await);
    }

    async fn a_restart_ends_what_the_instance_has_opened_and_nothing_else(engine) {
        let address = free_address();
        let app = TestAppBuilder::new(engine).await.with_console().set("CONSOLE__LISTEN", address).open().await;
        let other = beside(&app).await.open().await;
        let of_this = Browser::of_user(OPERATOR, &app).await;
        let of_the_other = Browser::of_user(VIEWER, &other).await;
        assert!(is_logged_in(&of_this.moved_to(&other)).await && is_logged_in(&of_the_other.moved_to(&app)).await);
        let clock = app.clock.clone();
        let database = app.stop().await;
        assert!(!is_logged_in(&of_this.moved_to(&other)).await, "the end alone ends them");
        // As one that was killed leaves them.
        let look = database.look().await;
        let places = look.texts("SELECT place FROM console_session").await;
        assert!(matches!(&places[..], [Some(place)] if !place.contains(&address.to_string())), "{places:?}");
        let again = TestAppBuilder::on(database).with_console().set("CONSOLE__LISTEN", address).by(clock.clone()).open().await;
        let left = Browser::of_user(ADMIN, &again).await;
        look.run(&format!("UPDATE console_session SET token_hash = '{}' WHERE user = 'vera'", "a".repeat(64))).await;
        assert!(is_logged_in(&left).await);
        let here = look.texts("SELECT place FROM console_session WHERE user = 'ada'").await.remove(0).unwrap();
        assert!(here.ends_with(&format!(" {address}")), "{here}");
        let database = again.stop().await;
        let of_the_killed = "INSERT INTO console_session (token_hash, user, password_hash, place, created_at, expires_at) VALUES \
                             ('b', 'ada', '', '{here}', '2026-04-01 12:00:00', '2026-04-02 12:00:00')";
        look.run(&of_the_killed.replace("{here}", &here)).await;
        let _again = TestAppBuilder::on(database).with_console().set("CONSOLE__LISTEN", address).by(clock).open().await;
        let users = look.texts("SELECT user FROM console_session").await;
        assert_eq!(users, [Some(VIEWER.to_owned())], "the beginning ends them, too");
    }

    async fn what_a_user_may_is_what_the_configuration_says_now(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let browser = Browser::of_user(ADMIN, &app).await;
        assert_eq!(browser.get("/audit").await.status, 200);
        let demoted = beside(&app).await.with_user(ADMIN, "viewer").open().await;
        assert_eq!(browser.moved_to(&demoted).get("/audit").await.status, 403, "a changed role counts at once");
        let other_password = PasswordHash::of("another one", &Chance::System).unwrap().to_string();
        let changed = beside(&app).await.with_user(ADMIN, "admin").set("CONSOLE__USERS__ADA__PASSWORD", other_password).open().await;
        assert!(!is_logged_in(&browser.moved_to(&changed)).await, "another password ends what was opened by the former one");
        assert!(is_logged_in(&browser).await);
        let mut without = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &app.database.url).by(app.clock.clone());
        without = without.set("CONSOLE__LISTEN", "127.0.0.1:0").with_user(VIEWER, "viewer");
        assert!(!is_logged_in(&browser.moved_to(&without.open().await)).await, "a session of nobody's");
    }

    async fn a_code_is_good_once_at_whichever_instance(engine) {
        let builder = TestAppBuilder::new(engine).await.with_console().set("CONSOLE__USERS__OTTO__TOTP", SECRET);
        let app = builder.open().await;
        let other = beside(&app).await.set("CONSOLE__USERS__OTTO__TOTP", SECRET).open().await;
        let totp: Totp = SECRET.parse().unwrap();
        let code = totp.code_at(app.clock.now());
        let log_in = async |app: &TestApp, from: &str, password: &str, code: &str| {
            let mut browser = Browser::on(from, app);
            browser.log_in_with(&[("name", OPERATOR), ("password", password), ("totp", code)]).await.status
        };
        assert_eq!(log_in(&app, "127.0.0.1", PASSWORD, "").await, 401, "the password alone will not do");
        assert_eq!(log_in(&app, "127.0.0.1", "wrong", &code).await, 401, "nor the code, which is not used up by it");
        let later = totp.code_at(app.clock.now() + TimeDelta::seconds(90));
        assert_eq!(log_in(&app, "127.0.0.1", PASSWORD, &later).await, 401);
        assert_eq!(log_in(&app, "127.0.0.1", PASSWORD, &code).await, 303);
        assert_eq!(log_in(&app, "127.0.0.2", PASSWORD, &code).await, 401, "who has looked over a shoulder comes too late");
        assert_eq!(log_in(&other, "127.0.0.1", PASSWORD, &code).await, 401, "at every instance");
        let earlier = totp.code_at(app.clock.now() - TimeDelta::seconds(30));
        assert_eq!(log_in(&app, "127.0.0.3", PASSWORD, &earlier).await, 401, "and one before it is over with it");
        app.time_passes(30);
        let next = totp.code_at(app.clock.now());
        let (one, two) = tokio::join!(log_in(&app, "127.0.0.4", PASSWORD, &next), log_in(&other, "127.0.0.4", PASSWORD, &next));
        assert_eq!((one.min(two), one.max(two)), (303, 401), "two at once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_nobody_is_let_in_and_nobody_is_locked_out() {
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_console().open().await;
    let browser = Browser::of_user(OPERATOR, &app).await;
    let look = app.look().await;
    look.run("ALTER TABLE console_session RENAME TO away").await;
    for _ in 0..10 {
        assert_eq!(browser.get("/audit").await.status, 503);
        let answer = Browser::at(&app).log_in(OPERATOR, PASSWORD).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (503, None));
    }
    look.run("ALTER TABLE away RENAME TO console_session").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(is_logged_in(&browser).await, "the same session");
    assert_eq!(Browser::at(&app).log_in(OPERATOR, PASSWORD).await.status, 303);
}
