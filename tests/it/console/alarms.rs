//! `/alarms`: each alarm is there once, whoever else was told of it; it is answered by one person, or is over by itself and says why.

use futures_util::future::join_all;
use serde_json::json;
use wechat_pay::deal::AlarmKind;
use wechat_pay::simulator::{RefundNotify, RefundRefusal};

use crate::feed::told::publish;
use crate::refunds::api::{paid, refund};
use crate::refunds::books::{due_in, refund_directly};
use crate::support::console::{Browser, OPERATOR, VIEWER, done};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};
use crate::support::wechat_message::WeChatMessage;

async fn app(engine: Engine) -> TestApp {
    let app = TestAppBuilder::new(engine).await.with_console().set("METRICS__LISTEN", "127.0.0.1:0").open().await;
    app.wechat().faults.refund_notify = RefundNotify::Lost;
    app
}

/// Money that does not fit comes for a new order, and the alarm about it is kept.
async fn money(app: &TestApp) -> Order {
    let order = app.to_pay("19.90").await;
    app.notify(WeChatMessage::notification(&order.id, 1).signed()).await.not_believed(409, "another amount");
    publish(app).await;
    order
}

/// The numbers and kinds of the alarms that a page shows as open.
async fn open_alarms(app: &TestApp) -> Vec<(i64, Option<AlarmKind>)> {
    let alarms = app.gateway().alarms(true, None, 100).await.unwrap();
    alarms.into_iter().map(|alarm| (alarm.id, alarm.kind)).collect()
}

async fn trail(app: &TestApp) -> Vec<Option<String>> {
    app.look()
        .await
        .texts("SELECT CONCAT(user, ' ', action, ' ', subject, ' ', detail) FROM audit WHERE action <> 'login' ORDER BY id")
        .await
}

on_both_engines! {
    async fn an_alarm_is_shown_where_nobody_else_is_told_of_any(engine) {
        let wechat = TestApp::open(Engine::Sqlite).await;
        let builder = TestAppBuilder::new(engine).await.on_wechat_of(&wechat).with_console().set("METRICS__LISTEN", "127.0.0.1:0");
        let app = builder.open().await;
        let viewer = Browser::of_user(VIEWER, &app).await;
        assert!(viewer.page("/alarms").await.contains("No alarm is open."));
        let order = money(&app).await;
        app.notify(WeChatMessage::notification(&order.id, 1).signed()).await.not_believed(409, "a repeat");
        app.notify(WeChatMessage::notification("nobody-knows", 1990).signed()).await.not_believed(409, "no such order");
        publish(&app).await;
        assert_eq!(app.gateway().store().outbox_head().await.unwrap(), 0, "there is no back end to tell");
        let page = viewer.page("/alarms").await;
        for shown in ["Money that does not fit", "give it back", &format!("/deals/{}\"", order.id), "/deals/nobody-knows\"", "1 fen by transaction"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert_eq!((page.matches("<article").count(), page.matches("<form").count()), (2, 1), "a viewer can log out, and answers none: {page}");
        let chinese = viewer.page("/alarms?lang=zh").await;
        assert!(chinese.contains("款项对不上") && chinese.contains("请核对并退款") && !chinese.contains("give it back"), "{chinese}");
        app.time_passes(20);
        assert_eq!(app.numbers().await.get("alarms_open"), 2.0);
    }

    async fn of_two_who_answer_at_once_one_is_heard_and_the_other_is_told_so(engine) {
        let app = app(engine).await;
        let order = money(&app).await;
        let [(id, _)] = open_alarms(&app).await.try_into().unwrap();
        let (one, other) = (Browser::of_user(OPERATOR, &app).await, Browser::of_user("ada", &app).await);
        assert!(one.page("/alarms").await.contains(&format!("action=\"/alarms/{id}/answer\"")));
        let path = format!("/alarms/{id}/answer");
        let fields = [[("note", "给 <b>王</b> 退款")], [("note", "called the payer")]];
        let answers = join_all([one.post(&path, &fields[0]), other.post(&path, &fields[1])]).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{answers:?}");
        let heard = usize::from(answers[0].status != 303);
        assert_eq!(done(&answers[heard]), ("/alarms".to_owned(), "answer".to_owned()));
        let (name, note) = [(OPERATOR, "给 &lt;b&gt;王&lt;/b&gt; 退款"), ("ada", "called the payer")][heard];
        assert!(answers[1 - heard].body.contains(&format!("answered by {name} before")), "{}", answers[1 - heard].body);
        let (who, others) = if heard == 0 { (&one, &other) } else { (&other, &one) };
        let location = answers[heard].header("location").unwrap();
        assert!(who.page(location).await.contains("The alarm is answered."));
        for (browser, address) in [(others, location), (who, "/alarms?done=answer")] {
            assert!(!browser.page(address).await.contains("The alarm is answered."), "a link says nothing to those who did nothing");
        }
        assert!(one.page("/alarms").await.contains("No alarm is open."));
        let page = one.page("/alarms?show=all").await;
        assert!(page.contains(note) && page.contains(&format!("<strong>{name}</strong>")) && !page.contains(&path), "{page}");
        let said = fields[heard][0].1;
        assert_eq!(trail(&app).await, [Some(format!("{name} answer_alarm {id} {said}"))], "one row, with the answer");
        assert_eq!(app.look().await.texts("SELECT order_id FROM audit WHERE action = 'answer_alarm'").await, [Some(order.id)]);
    }

    async fn a_refund_that_waits_for_money_resolves_its_alarm_when_wechat_takes_it(engine) {
        let app = app(engine).await;
        let beside = TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &app.database.url).by(app.clock.clone());
        let beside = beside.set("SIMULATOR__LISTEN", "127.0.0.1:0").open().await;
        let order = paid(&app).await;
        app.wechat().faults.refund_refused = Some(RefundRefusal::Notenough);
        refund(&app, &order, "first", json!({"refund": "5"})).await;
        publish(&app).await;
        let [(id, kind)] = open_alarms(&app).await.try_into().unwrap();
        assert_eq!(kind, Some(AlarmKind::RefundNotEnough));
        app.gateway().resolve_alarms().await.unwrap();
        assert_eq!(open_alarms(&app).await.len(), 1, "it waits");
        app.wechat().faults.refund_refused = None;
        app.time_passes(due_in(&app, &order).await.unwrap());
        app.sweep().await;
        let looks = join_all([app.gateway(), beside.gateway()].map(|gateway| gateway.resolve_alarms())).await;
        assert!(looks.iter().all(Result::is_ok), "{looks:?}");
        assert!(open_alarms(&app).await.is_empty());
        let operator = Browser::of_user(OPERATOR, &app).await;
        let page = operator.page("/alarms?show=all").await;
        assert!(page.contains("WeChat has accepted the refund") && page.contains(">over<"), "{page}");
        let late = operator.post(&format!("/alarms/{id}/answer"), &[("note", "topped it up")]).await;
        assert!(late.status == 409 && late.body.contains("The alarm is over: WeChat has accepted the refund"), "{}", late.body);
        assert!(trail(&app).await.is_empty(), "nothing was done");
    }

    async fn a_refund_that_the_bank_refused_is_open_until_it_was_paid_out_by_hand(engine) {
        let wechat = OverheardWeChat::new().await;
        let app = wechat.seen_from(TestAppBuilder::new(engine).await).open().await;
        let order = wechat.paid(&app).await;
        let refund_id = refund_directly(&app, &order, "first", 1990).await.refund.refund_id;
        let look = app.look().await;
        // As it stands when WeChat has said so.
        look.run(&format!("UPDATE refund SET state = 'ABNORMAL', due_at = NULL WHERE refund_id = '{refund_id}'")).await;
        look.run(&format!(
            "INSERT INTO deal_event (order_id, kind, source, detail, instance, at, untold, announces) VALUES ('{}', 'refund_abnormal', \
             'sweeper', '{refund_id}: 1990 fen, ABNORMAL', 'x', '2026-04-01 12:00:00', 1, 'alarm.raised refund_abnormal')", order.id
        )).await;
        publish(&app).await;
        for (state, open) in [("ABNORMAL", 1), ("SUCCESS", 0)] {
            look.run(&format!("UPDATE refund SET state = '{state}'")).await;
            app.gateway().resolve_alarms().await.unwrap();
            assert_eq!(open_alarms(&app).await.len(), open, "{state}");
        }
        assert_eq!(look.texts("SELECT resolved_by FROM alarm").await, [Some("refund_succeeded".to_owned())]);
    }

    async fn a_late_payment_is_over_when_all_of_it_went_back(engine) {
        let app = app(engine).await;
        let order = app.to_pay("19.90").await;
        app.look().await.run("UPDATE deal SET status = 2, due_at = NULL").await;
        app.payer_pays(&order).await;
        publish(&app).await;
        let [(_, kind)] = open_alarms(&app).await.try_into().unwrap();
        assert_eq!(kind, Some(AlarmKind::PaidLate));
        for (key, fen, open) in [("part", 990, 1), ("rest", 1000, 0)] {
            app.time_passes(61);
            refund_directly(&app, &order, key, fen).await;
            app.time_passes(60);
            app.sweep().await;
            app.gateway().resolve_alarms().await.unwrap();
            assert_eq!(open_alarms(&app).await.len(), open, "{key}");
        }
    }

    async fn a_look_is_about_a_part_of_many_and_gets_to_all(engine) {
        let app = app(engine).await;
        let look = app.look().await;
        let orders = (0..150).map(|number| format!(
            "('o{number}', 'refunded', 'sweeper', '<script>alert({number})</script>', 'x', '2026-04-01 12:00:00', 1, 'alarm.raised left_open')"
        ));
        let orders = orders.collect::<Vec<_>>().join(", ");
        look.run(&format!("INSERT INTO deal_event (order_id, kind, source, detail, instance, at, untold, announces) VALUES {orders}")).await;
        publish(&app).await;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        // The last of all is over.
        look.run(&format!("UPDATE alarm SET order_id = '{}' WHERE order_id = 'o149'", order.id)).await;
        for open in [150, 150, 149] {
            app.gateway().resolve_alarms().await.unwrap();
            assert_eq!(app.gateway().store().count_open_alarms().await.unwrap(), open);
        }
        let viewer = Browser::of_user(VIEWER, &app).await;
        let (mut next, mut seen) = (Some("/alarms".to_owned()), 0);
        while let Some(path) = next {
            let page = viewer.page(&path).await;
            assert!(page.len() < 100 * 1024 && !page.contains("<script>"), "{}", page.len());
            seen += page.matches("<article").count();
            let link = page.split_once("\">Older ones</a>").map(|(before, _)| before.rsplit_once("href=\"").unwrap().1.replace("&amp;", "&"));
            next = link;
        }
        assert_eq!(seen, 149);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_act_and_what_is_no_note_changes_nothing() {
    let app = app(Engine::Sqlite).await;
    money(&app).await;
    let [(id, _)] = open_alarms(&app).await.try_into().unwrap();
    let (viewer, operator) = (Browser::of_user(VIEWER, &app).await, Browser::of_user(OPERATOR, &app).await);
    let path = format!("/alarms/{id}/answer");
    assert_eq!(viewer.post(&path, &[("note", "I say so")]).await.status, 403);
    let long = "长".repeat(501);
    for (path, fields, status) in [
        (&*path, &[][..], 422),
        (&path, &[("note", "  ")], 422),
        (&path, &[("note", long.as_str())], 422),
        (&path, &[("note", "rung\u{7}")], 422),
        ("/alarms/4711/answer", &[("note", "which?")], 404),
        ("/alarms/seven/answer", &[("note", "which?")], 404),
        ("/alarms/%ff/answer", &[("note", "which?")], 404),
    ] {
        assert_eq!(operator.post(path, fields).await.status, status, "{path} {fields:?}");
    }
    assert_eq!((open_alarms(&app).await.len(), trail(&app).await.len()), (1, 0));
    assert_eq!(
        operator.post(&path, &[("note", &format!("{}\r\n长", &long[9..]))]).await.status,
        303,
        "500 characters are a note, whatever their lines"
    );
}
