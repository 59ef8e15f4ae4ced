//! Giving money back in the console: a second look, one refund however often the button is pressed, and never more than was paid.

use serde_json::json;
use wechat_pay::simulator::{RefundRefusal, RefundState};

use crate::refunds::api::{paid, refund};
use crate::refunds::books::{asked, at_wechat, states, stored};
use crate::support::console::{self, Browser, OPERATOR, PASSWORD, VIEWER, field};
use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

async fn app(engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.with_console().with_user("olga", "operator").open().await
}

/// The second look at a refund.
async fn look(browser: &Browser, order: &Order, amount: &str, reason: &str) -> Answer {
    let fields = [("step", "look"), ("amount", amount), ("reason", reason)];
    browser.post(&format!("/deals/{}/refund", order.id), &fields).await
}

/// Presses the button of a second look.
async fn press(browser: &Browser, order: &Order, look: &str, more: &[(&str, &str)]) -> Answer {
    let values =
        ["number", "stood", "amount", "reason"].map(|name| (name, field(look, name).unwrap_or_else(|| panic!("no {name} in {look}"))));
    let values = values.map(|(name, value)| (name, value.replace("&lt;", "<").replace("&gt;", ">")));
    let fields: Vec<_> =
        values.iter().map(|(name, value)| (*name, value.as_str())).chain([("step", "do")]).chain(more.iter().copied()).collect();
    browser.post(&format!("/deals/{}/refund", order.id), &fields).await
}

fn done(answer: &Answer) -> String {
    console::done(answer).1
}

/// The refunds of which the trail tells: user, refund and detail.
async fn trail(app: &TestApp) -> Vec<(String, String, String)> {
    let look = app.look().await;
    let mut told = Vec::new();
    for column in ["user", "subject", "detail"] {
        told.push(look.column(&format!("SELECT {column} FROM audit WHERE action = 'refund' ORDER BY id"), column).await);
    }
    let [users, subjects, details] = told.try_into().unwrap();
    users.into_iter().zip(subjects).zip(details).map(|((user, subject), detail)| (user, subject, detail)).collect()
}

on_both_engines! {
    async fn a_refund_is_looked_at_twice_and_the_trail_says_by_whom(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        let second = look(&browser, &order, "5.00", "少发一件 <b>").await;
        assert_eq!((second.status, asked(&app), states(&app, &order).await), (200, 0, Vec::<String>::new()), "nothing goes back yet");
        for said in [
            format!("¥5.00 go back to the payer of order {}, who has paid ¥19.90.", order.id),
            "The reason that the payer reads: “少发一件 &lt;b&gt;”.".to_owned(),
            "¥14.90 of the payment can still be given back after that.".to_owned(),
            "Give ¥5.00 back</button>".to_owned(),
        ] {
            assert!(second.body.contains(&said), "{said} is not in {}", second.body);
        }
        let mut chinese = browser.clone();
        chinese.language = "zh";
        assert!(look(&chinese, &order, "5", "").await.body.contains("退款 ¥5.00（伍元整）给订单"));

        let answer = press(&browser, &order, &second.body, &[]).await;
        assert_eq!(done(&answer), "refund");
        let refunds = at_wechat(&app, &order);
        assert_eq!(refunds.iter().map(|(_, fen, state)| (*fen, *state)).collect::<Vec<_>>(), [(500, RefundState::Processing)]);
        assert_eq!(trail(&app).await, [("otto".to_owned(), refunds[0].0.clone(), "5.00 yuan: 少发一件 <b>".to_owned())]);
        assert_eq!(stored(&app, &order, "source").await, [Some("console".to_owned())]);
        let page = browser.page(answer.header("location").unwrap()).await;
        assert!(page.contains("role=\"status\">WeChat has accepted the refund.") && page.contains(&refunds[0].0) && page.contains("少发一件 &lt;b&gt;"), "{page}");
        let listed = browser.page("/refunds?state=PROCESSING").await;
        assert!(listed.contains(&refunds[0].0) && listed.contains("<td>console</td>"), "{listed}");
        assert!(!browser.page("/refunds?state=SUCCESS").await.contains(&refunds[0].0));
        assert_eq!(browser.get("/refunds?state=LOST").await.status, 422);
    }

    async fn a_double_click_or_a_reload_is_one_refund(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        let second = look(&browser, &order, "5.00", "").await.body;
        let (one, other) = tokio::join!(press(&browser, &order, &second, &[]), press(&browser, &order, &second, &[]));
        assert_eq!((one.status, other.status), (303, 303), "{} {}", one.body, other.body);
        assert_eq!(press(&browser, &order, &second, &[]).await.status, 303, "and once more, much later");
        assert_eq!((at_wechat(&app, &order).len(), states(&app, &order).await.len(), trail(&app).await.len()), (1, 1, 1));
        let other_amount = press(&browser, &order, &second.replace("value=\"5.00\"", "value=\"6.00\""), &[]).await;
        assert!(other_amount.status == 409 && other_amount.body.contains("used for another refund"), "{}", other_amount.body);
        assert_eq!(at_wechat(&app, &order).len(), 1);
    }

    async fn two_people_who_give_the_same_order_back_at_once_give_it_back_once(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let (otto, olga) = (Browser::of_user(OPERATOR, &app).await, Browser::of_user("olga", &app).await);
        let (his, hers) = (look(&otto, &order, "19.90", "").await.body, look(&olga, &order, "19.90", "").await.body);
        let (his, hers) = tokio::join!(press(&otto, &order, &his, &[]), press(&olga, &order, &hers, &[]));
        let mut outcomes = [his.status, hers.status];
        outcomes.sort_unstable();
        assert_eq!(outcomes, [303, 409], "{} {}", his.body, hers.body);
        let refused = if his.status == 409 { &his } else { &hers };
        assert!(refused.body.contains("¥0.00 are left of the payment."), "{}", refused.body);
        assert_eq!(at_wechat(&app, &order).iter().map(|(_, fen, _)| *fen).collect::<Vec<_>>(), [1990]);
        let winner = if his.status == 303 { "otto" } else { "olga" };
        assert_eq!(trail(&app).await.iter().map(|(user, ..)| user.as_str()).collect::<Vec<_>>(), [winner], "who did nothing is not in the trail");
    }

    async fn who_looked_before_another_gave_back_a_part_looks_once_more(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let (otto, olga) = (Browser::of_user(OPERATOR, &app).await, Browser::of_user("olga", &app).await);
        let (his, hers) = (look(&otto, &order, "9.00", "").await.body, look(&olga, &order, "9.00", "").await.body);
        assert_eq!(done(&press(&otto, &order, &his, &[]).await), "refund");
        app.time_passes(61);
        let answer = press(&olga, &order, &hers, &[]).await;
        assert!(answer.status == 409 && answer.body.contains("Since this form was made something of the order was given back"), "{}", answer.body);
        assert!(answer.body.contains("¥1.90"), "what is left then: {}", answer.body);
        assert_eq!(at_wechat(&app, &order).len(), 1, "nobody has seen the second");
        assert_eq!(done(&press(&olga, &order, &answer.body, &[]).await), "refund", "who has seen it may");
        assert_eq!(done(&press(&otto, &order, &his, &[]).await), "refund_arrived", "and his form is the refund that it was");
        assert_eq!((at_wechat(&app, &order).len(), trail(&app).await.len()), (2, 2));
    }

    async fn more_than_is_left_and_what_is_no_amount_is_refused_before_anything_is_done(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        refund(&app, &order, "first", json!({"refund": "5.00"})).await;
        app.time_passes(60);
        for (amount, status, said) in [
            ("14.91", 409, "¥14.90 are left of the payment."),
            ("99999999999", 422, "written in yuan, as 12.34"),
            ("0", 422, "written in yuan"),
            ("-5", 422, "written in yuan"),
            ("5.005", 422, "written in yuan"),
            ("1e1", 422, "written in yuan"),
            ("５", 422, "written in yuan"),
            ("", 422, "written in yuan"),
        ] {
            let answer = look(&browser, &order, amount, "").await;
            assert!(answer.status == status && answer.body.contains(said), "{amount}: {} {}", answer.status, answer.body);
        }
        let long = look(&browser, &order, "5", &"因".repeat(27)).await;
        assert!(long.status == 422 && long.body.contains("80 bytes"), "{}", long.body);
        let unpaid = app.to_pay("19.90").await;
        let answer = look(&browser, &unpaid, "5", "").await;
        assert!(answer.status == 409 && answer.body.contains("The order is not paid."), "{}", answer.body);
        // A form that nobody was shown.
        let path = format!("/deals/{}/refund", order.id);
        for (number, amount, status) in [("first", "5.00", 422), ("", "5.00", 422), ("console-0123456789abcdef", "14.91", 409), ("console-0123456789abcdef", "1000000", 409)] {
            let answer = browser.post(&path, &[("step", "do"), ("number", number), ("amount", amount)]).await;
            assert_eq!(answer.status, status, "{number} {amount}: {}", answer.body);
        }
        assert_eq!((asked(&app), trail(&app).await.len()), (1, 0));
        let whole = look(&browser, &order, "14.9", "").await.body;
        assert!(whole.contains("Nothing of the payment is left after that."), "{whole}");
        assert_eq!(done(&press(&browser, &order, &whole, &[]).await), "refund");
    }

    async fn who_only_looks_gives_nothing_back(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let viewer = Browser::of_user(VIEWER, &app).await;
        let operator = Browser::of_user(OPERATOR, &app).await;
        let second = look(&operator, &order, "5.00", "").await.body;
        assert_eq!(look(&viewer, &order, "5.00", "").await.status, 403);
        assert_eq!(press(&viewer, &order, &second, &[]).await.status, 403);
        let number = field(&second, "number").unwrap();
        let path = format!("/deals/{}/refund", order.id);
        let fields = [("step", "do"), ("number", number.as_str()), ("amount", "5.00")];
        assert_eq!(operator.post_bare(&path, &fields).await.status, 403, "without the token of the session");
        let strangers = viewer.csrf().await;
        assert_eq!(operator.post_bare(&path, &[&[("csrf", strangers.as_str())], &fields[..]].concat()).await.status, 403);
        assert_eq!(operator.get(&format!("{path}?step=do&number={number}&amount=5.00")).await.status, 303, "a look does nothing");
        assert_eq!((asked(&app), trail(&app).await.len(), at_wechat(&app, &order).len()), (0, 0, 0));
    }

    async fn when_wechat_s_answer_is_lost_the_page_says_that_it_is_followed(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        let second = look(&browser, &order, "5.00", "").await.body;
        app.wechat().faults.drop_reply = 1.0;
        let answer = press(&browser, &order, &second, &[]).await;
        assert_eq!(done(&answer), "refund_followed");
        let page = browser.page(answer.header("location").unwrap()).await;
        assert!(page.contains("The service follows it by itself: do not ask for it again.") && page.contains("it cannot become a second refund"), "{page}");
        app.wechat().faults.drop_reply = 0.0;
        app.time_passes(20);
        app.sweep().await;
        assert_eq!((at_wechat(&app, &order).len(), trail(&app).await.len()), (1, 1));
        assert!(!browser.page(&format!("/deals/{}", order.id)).await.contains("do not ask for it again"));
    }

    async fn a_refusal_of_wechat_s_is_told_and_nothing_went_back(engine) {
        let app = app(engine).await;
        let order = paid(&app).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        app.wechat().faults.refund_refused = Some(RefundRefusal::UserAccountAbnormal);
        let second = look(&browser, &order, "5.00", "").await.body;
        let answer = press(&browser, &order, &second, &[]).await;
        assert_eq!((done(&answer), states(&app, &order).await), ("refund_refused".to_owned(), vec!["FAILED".to_owned()]));
        let page = browser.page(answer.header("location").unwrap()).await;
        assert!(page.contains("WeChat did not carry the refund out") && page.contains("WeChat refused it for good") && page.contains("¥19.90"), "{page}");
    }

    async fn nothing_is_done_that_the_trail_cannot_tell_of(engine) {
        let app = app(engine).await;
        let (order, unpaid) = (paid(&app).await, app.to_pay("5.00").await);
        app.time_passes(301);
        let browser = Browser::of_user(OPERATOR, &app).await;
        let second = look(&browser, &order, "5.00", "").await.body;
        let database = app.look().await;
        database.run("ALTER TABLE audit RENAME TO audit_away").await;
        let answer = press(&browser, &order, &second, &[]).await;
        assert!(answer.status == 503 && answer.body.contains("Press the button again, on this page: it is the same refund"), "{}", answer.body);
        for action in ["close", "ask"] {
            assert_eq!(browser.post(&format!("/deals/{}/{action}", unpaid.id), &[]).await.status, 503, "{action}");
        }
        assert_eq!((states(&app, &order).await, asked(&app)), (Vec::<String>::new(), 0));
        assert_eq!(database.value(&order.id, "COALESCE(refunded_fee, 0)").await.as_deref(), Some("0"), "nothing is reserved");
        assert_eq!(app.calls("closeorder") + app.calls("orderquery"), 0, "WeChat was not called");
        database.run("ALTER TABLE audit_away RENAME TO audit").await;
        assert_eq!(done(&press(&browser, &order, &answer.body, &[]).await), "refund", "by the very form of that page");
        assert_eq!((trail(&app).await.len(), at_wechat(&app, &order).len()), (1, 1));
    }

    async fn much_money_wants_the_password_once_more(engine) {
        let builder = TestAppBuilder::new(engine).await.with_console().set("CONSOLE__CONFIRM_ABOVE", "10.00");
        let app = builder.open().await;
        let order = paid(&app).await;
        let browser = Browser::of_user(OPERATOR, &app).await;
        assert!(!look(&browser, &order, "10.00", "").await.body.contains("type=\"password\""), "not more than that");
        let second = look(&browser, &order, "10.01", "").await.body;
        assert!(second.contains("type=\"password\""), "{second}");
        let number = field(&second, "number").unwrap();
        for more in [&[][..], &[("password", "wrong")]] {
            let answer = press(&browser, &order, &second, more).await;
            assert!(answer.status == 422 && answer.body.contains("The password or the code is wrong"), "{}", answer.body);
            assert_eq!(field(&answer.body, "number"), Some(number.clone()), "the form is still that of the same refund");
        }
        assert_eq!((asked(&app), trail(&app).await.len()), (0, 0));
        for _ in 0..5 {
            browser.post_bare("/login", &[("name", OPERATOR), ("password", "a guess")]).await;
        }
        let locked = browser.post_bare("/login", &[("name", OPERATOR), ("password", PASSWORD)]).await;
        assert_eq!(locked.status, 429, "somebody at the same address has used up the logins");
        assert_eq!(done(&press(&browser, &order, &second, &[("password", PASSWORD)]).await), "refund", "and not what the session may try");
        assert_eq!(done(&press(&browser, &order, &second, &[]).await), "refund", "what is stored already is not given back twice, and wants no proof");
        assert_eq!((at_wechat(&app, &order).len(), trail(&app).await.len()), (1, 1));
    }
    async fn no_code_is_used_up_for_what_was_given_back_meanwhile(engine) {
        let builder = TestAppBuilder::new(engine).await.with_console().with_user("olga", "operator").set("CONSOLE__CONFIRM_ABOVE", "5.00");
        let app = builder.open().await;
        let order = paid(&app).await;
        let (otto, olga) = (Browser::of_user(OPERATOR, &app).await, Browser::of_user("olga", &app).await);
        let hers = look(&olga, &order, "9.00", "").await.body;
        let his = look(&otto, &order, "4.00", "").await.body;
        assert_eq!(done(&press(&otto, &order, &his, &[]).await), "refund");
        let too_soon = press(&olga, &order, &hers, &[("password", "wrong")]).await;
        assert!(too_soon.body.contains("can be asked for in 60 s"), "{}", too_soon.body);
        app.time_passes(61);
        let answer = press(&olga, &order, &hers, &[("password", "wrong")]).await;
        let said = "Since this form was made something of the order was given back";
        assert!(answer.status == 409 && answer.body.contains(said), "before her password was looked at: {}", answer.body);
        assert_eq!((at_wechat(&app, &order).len(), trail(&app).await.len()), (1, 1));
    }
}
