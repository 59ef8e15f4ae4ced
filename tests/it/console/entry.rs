//! The way in: what strangers get, what a login gives, and what forms of others are worth.

use std::time::Duration;

use crate::support::console::{ADMIN, Browser, OPERATOR, PASSWORD, VIEWER, field};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

async fn app() -> TestApp {
    TestAppBuilder::new(Engine::Sqlite).await.with_console().open().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_stranger_asks_for_leads_to_the_login_and_from_there_back() {
    let app = app().await;
    let stranger = Browser::at(&app);
    for path in ["/", "/deals", "/deals/20260401120000", "/audit", "/no-such-page", "/../etc/passwd"] {
        let answer = stranger.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.header("location").unwrap().starts_with("/login"), "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
    let wanted = stranger.get("/deals?q=a%26b&day=2026-04-01").await;
    let login = stranger.page(wanted.header("location").unwrap()).await;
    assert_eq!(field(&login, "next").as_deref(), Some("/deals?q=a%26b&amp;day=2026-04-01"));
    let mut operator = stranger.clone();
    let fields = [("name", OPERATOR), ("password", PASSWORD), ("next", "/deals?q=a%26b&day=2026-04-01")];
    assert_eq!(operator.log_in_with(&fields).await.header("location"), Some("/deals?q=a%26b&day=2026-04-01"));
    for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let fields = [("name", OPERATOR), ("password", PASSWORD), ("next", elsewhere)];
        assert_eq!(operator.log_in_with(&fields).await.header("location"), Some("/"), "{elsewhere}");
    }
    let act = stranger.post_bare("/logout", &[("csrf", "0")]).await;
    assert_eq!(act.status, 401, "a form is not answered by another page, so that nobody takes it for done");
    assert!(act.body.contains("Nothing was done"), "{}", act.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_about_a_login_is_not_said_and_the_right_one_is_in_the_trail() {
    let app = app().await;
    let mut browser = Browser::at(&app);
    let mut bodies = Vec::new();
    for (name, password) in [(OPERATOR, "wrong"), ("nobody", PASSWORD), (OPERATOR, ""), ("", PASSWORD)] {
        let answer = browser.log_in(name, password).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (401, None), "{name}");
        bodies.push(answer.body.replace(&format!("value=\"{name}\""), ""));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let answer = browser.log_in(OPERATOR, PASSWORD).await;
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    let (token, rest) = cookie.strip_prefix("__Host-wechat_pay_console=").unwrap().split_once("; ").unwrap();
    assert_eq!((token.len(), rest), (64, "Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict"));
    browser.log_out().await;
    assert_eq!(browser.get("/no-such-page").await.status, 303);
    let trail = Browser::of_user(ADMIN, &app).await.page("/audit").await;
    let (out, in_) = (trail.find("otto <span class=\"muted\">operator</span></th><td>logged out"), trail.find("</th><td>logged in</td>"));
    assert!(out.is_some() && in_.is_some() && trail.contains("127.0.0.1"), "{trail}");
    assert_eq!(trail.matches("otto <span").count(), 2, "failures are counted and logged, and are nobody's rows: {trail}");
}

on_both_engines! {
    async fn a_token_that_was_planted_is_never_one_that_is_logged_in(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        // Session fixation: a token of the stranger's choice, and one of the stranger's own login.
        let stranger = Browser::of_user(VIEWER, &app).await;
        for planted in ["0".repeat(64), stranger.token.clone().unwrap()] {
            let mut victim = Browser::at(&app);
            victim.token = Some(planted.clone());
            assert_eq!(victim.log_in(OPERATOR, PASSWORD).await.status, 303);
            assert_ne!(victim.token.as_ref(), Some(&planted));
            let mut thief = Browser::at(&app);
            thief.token = Some(planted);
            assert_eq!(thief.get("/no-such-page").await.status, 303, "what was planted is worth nothing any more");
        }
        let look = app.look().await;
        assert_eq!(look.texts("SELECT token_hash FROM console_session").await.len(), 2, "the stranger's own was ended");
    }

    async fn forged_and_altered_cookies_are_nobody_s(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let operator = Browser::of_user(OPERATOR, &app).await;
        let token = operator.token.clone().unwrap();
        assert_eq!(operator.get("/no-such-page").await.status, 404);
        let stored = app.look().await.texts("SELECT token_hash FROM console_session").await.remove(0).unwrap();
        assert_ne!(stored, token, "who reads the table is nobody by it");
        let flipped = |at: usize| {
            let other = if token.as_bytes()[at] == b'0' { "1" } else { "0" };
            format!("{}{other}{}", &token[..at], &token[at + 1..])
        };
        let altered = [flipped(0), flipped(31), flipped(63), token.to_uppercase(), format!("{token}0"), token[..63].to_owned(), stored];
        let forged = ["", "admin", "' OR '1'='1", "0", "../../etc/passwd"].map(str::to_owned);
        let mut browser = operator.clone();
        for forgery in altered.into_iter().chain(forged).filter(|forgery| *forgery != token) {
            browser.token = Some(forgery.clone());
            assert_eq!(browser.get("/no-such-page").await.status, 303, "{forgery}");
        }
        let twice = format!("__Host-wechat_pay_console={token}; __Host-wechat_pay_console={token}");
        let request = Browser::at(&app).request("GET", "/no-such-page").header("cookie", twice);
        assert_eq!(operator.send(request).await.status, 303, "two readers could take two different ones");
        let other_name = Browser::at(&app).request("GET", "/no-such-page").header("cookie", format!("wechat_pay_console={token}"));
        assert_eq!(operator.send(other_name).await.status, 303);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_site_or_session_does_nothing() {
    let app = app().await;
    let operator = Browser::of_user(OPERATOR, &app).await;
    let others = Browser::of_user(VIEWER, &app).await.csrf().await;
    let own = operator.csrf().await;
    let shorter = &own[..63];
    for forged in [&[][..], &[("csrf", "")], &[("csrf", others.as_str())], &[("csrf", shorter)], &[("csrf", &own), ("csrf", &own)]] {
        let answer = operator.post_bare("/logout", forged).await;
        assert!(matches!(answer.status, 403 | 422), "{forged:?}: {}", answer.status);
    }
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let body = format!("csrf={own}");
        let request = operator.request("POST", "/logout").header("content-type", "application/x-www-form-urlencoded").header(name, value);
        assert_eq!(operator.send(request.body(body)).await.status, 403, "{name}: {value}");
        let login = format!("name={OPERATOR}&password=x");
        let request = Browser::at(&app).request("POST", "/login").header("content-type", "application/x-www-form-urlencoded");
        let answer = operator.send(request.header(name, value).body(login)).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "nobody is logged in by another site: {name}: {value}");
    }
    let back = async |from: String| {
        let request =
            operator.request("POST", "/logout").header("content-type", "application/x-www-form-urlencoded").header("referer", from);
        operator.send(request.body("csrf=0")).await.body.contains("<a href=\"/deals?q=1\">Go back</a>")
    };
    assert!(back(format!("http://{}/deals?q=1", operator.address)).await);
    assert!(!back("http://evil.example/deals?q=1".to_owned()).await, "nobody is led elsewhere");
    // What a page of another site can post without asking, in other forms.
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
        let request = operator.request("POST", "/logout").header("content-type", kind).body(format!("csrf={own}"));
        assert_eq!(operator.send(request).await.status, 422, "{kind}");
    }
    let large = operator.post_bare("/logout", &[("csrf", own.as_str()), ("more", &"x".repeat(20_000))]).await;
    assert_eq!(large.status, 422);
    assert_eq!(operator.get("/logout").await.status, 405, "a GET changes nothing");
    assert_eq!(operator.get("/no-such-page").await.status, 404, "still logged in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_can_be_framed_kept_or_made_to_run_what_is_foreign() {
    let app = app().await;
    let admin = Browser::of_user(ADMIN, &app).await;
    let csrf_less = admin.post_bare("/logout", &[]).await;
    let mut pages = vec![csrf_less];
    for path in ["/login", "/audit", "/no-such-page", "/audit?user=%3Cscript%3E"] {
        pages.push(admin.get(path).await);
    }
    pages.push(Browser::at(&app).post_bare("/login", &[("name", "<script>alert(1)</script>"), ("password", "x")]).await);
    pages.push(Browser::of_user(VIEWER, &app).await.get("/audit").await);
    for page in &pages {
        let policy = page.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
        assert!(!page.body.contains("<script>") && !page.body.contains(" style=") && !page.body.contains(" onclick="), "{}", page.body);
        assert!(page.body.len() < 100 * 1024);
    }
    for (path, kind) in [("/console.css", "text/css"), ("/console.js", "text/javascript")] {
        let file = Browser::at(&app).get(path).await;
        assert!(file.status == 200 && file.header("content-type").unwrap().starts_with(kind));
        assert!(!file.body.contains("http:") && !file.body.contains("https:") && !file.body.contains("@import"), "no foreign host");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_a_refusal_does_not_tell_which_names_there_are() {
    let app = app().await;
    // From addresses of their own, for five from one are followed by a wait.
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..11 {
        for (times, name) in times.iter_mut().zip([OPERATOR, "olga"]) {
            let mut browser = Browser::on(&format!("127.0.1.{}", round + 1), &app);
            let answer = browser.log_in(name, "wrong").await;
            assert_eq!(answer.status, 401);
            times.push(answer.took);
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    assert!(known > Duration::from_millis(4), "a password is tried: {known:?}");
    assert!(known < unknown * 2 && unknown < known * 2, "{known:?} for a name that there is, {unknown:?} for one that there is not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_speaks_the_language_that_was_chosen() {
    let app = app().await;
    let mut browser = Browser::of_user(VIEWER, &app).await;
    let chosen = browser.get("/no-such-page?lang=zh").await;
    assert!(chosen.body.contains("lang=\"zh-CN\"") && chosen.body.contains("找不到"));
    let cookie = chosen.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let token = browser.token.take().unwrap();
    let request = browser.request("GET", "/no-such-page").header("cookie", format!("__Host-wechat_pay_console={token}; {cookie}"));
    assert!(browser.send(request).await.body.contains("找不到"), "whatever the browser asks for");
    browser.token = Some(token);
    assert!(browser.get("/no-such-page").await.body.contains("Not found"));
    browser.language = "zh-CN";
    assert!(browser.get("/no-such-page").await.body.contains("找不到"));
    assert!(browser.get("/no-such-page?lang=en&q=1").await.body.contains("/no-such-page?q=1&amp;lang=zh"));
}
