//! The numbers that `/metrics` shows after known events, and where it is not shown.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use tokio::time::sleep;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer};
use wechat_pay::deal::{Day, DifferenceState, Finding, Found};
use wechat_pay::simulator::DEFAULT_MERCHANT;
use wechat_pay::store::{BillOutcome, FinishedBill};

use crate::database::accounts::account;
use crate::database::bills::{compared, found, planned};
use crate::support::certificates::fresh_pair;
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::proxy::Proxy;
use crate::support::scrape::Scrape;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::support::wechat_message::{ACKNOWLEDGED, WeChatMessage};

async fn open(engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.set("METRICS__LISTEN", "127.0.0.1:0").open().await
}

/// What is told of several servers of a database, and of a cluster, where there are such.
pub const OF_SEVERAL_SERVERS: [&str; 6] = [
    "wechat_pay_database_cluster_nodes",
    "wechat_pay_database_flow_control_paused_seconds",
    "wechat_pay_database_node_behind_changes",
    "wechat_pay_database_node_synced",
    "wechat_pay_database_server",
    "wechat_pay_database_server_preferred",
];

/// Names and types are promised: dashboards and alerts of others rest on them.
pub const NAMES: &[(&str, &str)] = &[
    ("process_resident_memory_bytes", "gauge"),
    ("process_start_time_seconds", "gauge"),
    ("wechat_pay_alarms_open", "gauge"),
    ("wechat_pay_alarms_total", "counter"),
    ("wechat_pay_bill_days_missing", "gauge"),
    ("wechat_pay_bill_differences", "gauge"),
    ("wechat_pay_build_info", "gauge"),
    ("wechat_pay_client_certificate_expiry_timestamp_seconds", "gauge"),
    ("wechat_pay_client_certificate_not_taken", "gauge"),
    ("wechat_pay_console_logins_failed_total", "counter"),
    ("wechat_pay_database_clock_ahead_seconds", "gauge"),
    ("wechat_pay_database_cluster_nodes", "gauge"),
    ("wechat_pay_database_flow_control_paused_seconds", "gauge"),
    ("wechat_pay_database_node_behind_changes", "gauge"),
    ("wechat_pay_database_node_synced", "gauge"),
    ("wechat_pay_database_server", "gauge"),
    ("wechat_pay_database_server_preferred", "gauge"),
    ("wechat_pay_deals_healed_total", "counter"),
    ("wechat_pay_deals_total", "counter"),
    ("wechat_pay_deals_without_account", "gauge"),
    ("wechat_pay_events_published_total", "counter"),
    ("wechat_pay_http_request_duration_seconds", "histogram"),
    ("wechat_pay_http_requests_total", "counter"),
    ("wechat_pay_log_lines_lost_total", "counter"),
    ("wechat_pay_mismatched_fen_total", "counter"),
    ("wechat_pay_notifications_disbelieved_total", "counter"),
    ("wechat_pay_notifications_total", "counter"),
    ("wechat_pay_oldest_unaccepted_refund_age_seconds", "gauge"),
    ("wechat_pay_oldest_undecided_deal_age_seconds", "gauge"),
    ("wechat_pay_oldest_undecided_refund_age_seconds", "gauge"),
    ("wechat_pay_oldest_untold_change_age_seconds", "gauge"),
    ("wechat_pay_ready", "gauge"),
    ("wechat_pay_refunds_total", "counter"),
    ("wechat_pay_settle_lag_seconds", "histogram"),
    ("wechat_pay_store_batch_statements", "histogram"),
    ("wechat_pay_store_errors_total", "counter"),
    ("wechat_pay_store_statement_duration_seconds", "histogram"),
    ("wechat_pay_store_statements", "gauge"),
    ("wechat_pay_sweep_budget_calls", "gauge"),
    ("wechat_pay_sweep_budget_spent_calls_total", "counter"),
    ("wechat_pay_sweep_due_deals", "gauge"),
    ("wechat_pay_sweep_last_pass_timestamp_seconds", "gauge"),
    ("wechat_pay_sweep_looks_total", "counter"),
    ("wechat_pay_sweep_passes_total", "counter"),
    ("wechat_pay_sweep_untidy_passes_total", "counter"),
    ("wechat_pay_unaccepted_refunds", "gauge"),
    ("wechat_pay_undecided_deals", "gauge"),
    ("wechat_pay_undecided_refunds", "gauge"),
    ("wechat_pay_upstream_call_duration_seconds", "histogram"),
    ("wechat_pay_upstream_calls_total", "counter"),
    ("wechat_pay_webhook_circuit_open", "gauge"),
    ("wechat_pay_webhook_deliveries_total", "counter"),
    ("wechat_pay_webhook_oldest_due_age_seconds", "gauge"),
    ("wechat_pay_webhook_paused", "gauge"),
    ("wechat_pay_webhook_try_duration_seconds", "histogram"),
    ("wechat_pay_webhook_waiting_deliveries", "gauge"),
];

on_both_engines! {
    async fn each_event_is_counted_where_it_belongs(engine) {
        let app = open(engine).await;
        let (notified, asked, swept, wrong, late) = (
            app.to_pay("19.90").await, app.to_pay("5").await, app.to_pay("6").await, app.to_pay("7").await, app.to_pay("8").await,
        );
        let before = app.numbers().await;
        assert_eq!(before.get("deals_total{account=\"default\",outcome=\"opened\"}"), 5.0);
        assert_eq!(before.get("upstream_calls_total{account=\"default\",api=\"unifiedorder\",err_code=\"SUCCESS\"}"), 5.0);
        assert_eq!((before.get("undecided_deals"), before.get("ready")), (5.0, 1.0));

        app.payer_pays(&notified).await;
        let repeat = WeChatMessage::notification(&notified.id, 1990).with("transaction_id", &app.wechat().order(&notified.id).unwrap().transaction_id.clone().unwrap());
        assert_eq!(app.notify(repeat.signed()).await.body, ACKNOWLEDGED);
        app.payer_pays_silently(&asked);
        assert_eq!(app.trade_state(&asked.id).await, "SUCCESS");
        app.payer_pays_silently(&swept);
        app.time_passes(6);
        app.sweep().await;
        app.notify(WeChatMessage::notification(&wrong.id, 1234).signed()).await;
        app.notify(WeChatMessage::notification(&wrong.id, 700).with("sign", "0").unsigned()).await;
        app.notify("no message").await;
        app.time_passes(7300);
        app.sweep().await;
        app.notify(WeChatMessage::notification(&late.id, 800).signed()).await;

        let numbers = app.numbers().await;
        let expected = [
            ("deals_total{account=\"default\",outcome=\"paid\"}", 3.0),
            ("deals_total{account=\"default\",outcome=\"paid_late\"}", 1.0),
            ("deals_total{account=\"default\",outcome=\"expired\"}", 2.0),
            ("deals_healed_total{account=\"default\",source=\"query\"}", 1.0),
            ("deals_healed_total{account=\"default\",source=\"sweep\"}", 1.0),
            ("alarms_total{kind=\"money\"}", 1.0),
            ("alarms_total{kind=\"paid_late\"}", 1.0),
            ("mismatched_fen_total{reason=\"amount\"}", 1234.0),
            ("mismatched_fen_total{reason=\"unknown_order\"}", 0.0),
            ("notifications_total{account=\"default\",outcome=\"acknowledged\"}", 2.0),
            ("notifications_total{account=\"default\",outcome=\"repeated\"}", 1.0),
            ("notifications_total{account=\"default\",outcome=\"mismatch\"}", 1.0),
            ("notifications_total{account=\"default\",outcome=\"disbelieved\"}", 2.0),
            ("notifications_disbelieved_total{account=\"default\",reason=\"signature\"}", 1.0),
            ("notifications_disbelieved_total{account=\"default\",reason=\"malformed\"}", 1.0),
            ("settle_lag_seconds_count{source=\"notification\"}", 2.0),
            ("settle_lag_seconds_count{source=\"sweep\"}", 1.0),
            ("sweep_passes_total{outcome=\"done\"}", 2.0),
            ("sweep_passes_total{outcome=\"failed\"}", 0.0),
            ("sweep_untidy_passes_total", 0.0),
            ("sweep_looks_total", 5.0),
            ("alarms_total{kind=\"no_account\"}", 0.0),
        ];
        for (series, more) in expected {
            assert_eq!(numbers.since(&before, series), more, "{series}");
        }
        // The swept payment was found six seconds after it was made.
        assert_eq!(numbers.get("settle_lag_seconds_bucket{source=\"sweep\",le=\"5\"}"), 0.0);
        assert_eq!(numbers.get("settle_lag_seconds_bucket{source=\"sweep\",le=\"10\"}"), 1.0);
        assert_eq!(numbers.get("http_requests_total{route=\"/wxPay/notify\",status=\"409\"}"), 1.0);
        assert_eq!(numbers.get("http_request_duration_seconds_count{route=\"/wxPay/toPay\"}"), 5.0);
        assert_eq!(numbers.get("sweep_last_pass_timestamp_seconds") as i64, app.clock.now().timestamp());
        assert_eq!(numbers.get("sweep_budget_calls"), 100.0);
        assert!(numbers.get("sweep_budget_spent_calls_total{account=\"default\"}") >= 5.0);
    }

    async fn what_differs_from_the_bills_and_the_days_without_one_are_told_of_until_they_are_not(engine) {
        let app = open(engine).await;
        let store = app.gateway().store();
        let [yesterday, before] = [1, 2].map(|days| Day::of(app.clock.now()).before(days).to_string());
        let numbers = async || {
            app.time_passes(15);
            let numbers = app.numbers().await;
            let differences = ["PAID_THERE_ONLY", "AMOUNT"].map(|kind| numbers.get(&format!("bill_differences{{kind=\"{kind}\"}}")));
            (differences, numbers.get("bill_days_missing{account=\"default\"}"))
        };
        let finish = async |day: &str, of, finished: FinishedBill| {
            let bill = planned(store, of, day).await;
            let until = app.clock.now() + TimeDelta::minutes(10);
            assert!(store.take_bill(&bill, until).await.unwrap() && store.finish_bill(&bill, until, finished).await.unwrap());
        };
        assert_eq!(numbers().await, ([0.0, 0.0], 0.0), "there from the start");
        let open = ["o1", "o2"].map(|order_id| found(order_id, DifferenceState::Open, Finding::NotKnown)).to_vec();
        finish(&yesterday, "default", compared(open.clone())).await;
        finish(&before, "default", FinishedBill { outcome: BillOutcome::Missing, ..compared(Vec::new()) }).await;
        finish(&before, "shop2", FinishedBill { outcome: BillOutcome::Missing, ..compared(Vec::new()) }).await;
        assert_eq!(numbers().await, ([2.0, 0.0], 1.0), "the configuration has no shop2");
        let bill = store.find_bill(&account("default"), yesterday.parse().unwrap()).await.unwrap().unwrap();
        let id = store.differences_of_bill(bill.id).await.unwrap()[0].id;
        assert!(store.explain_difference(id, "desk", &"paid by card".parse().unwrap(), app.clock.now()).await.unwrap());
        finish(&before, "default", compared(Vec::new())).await;
        assert_eq!(numbers().await, ([1.0, 0.0], 0.0));
        let healed = open.into_iter().map(|one| Found { state: DifferenceState::Healed, finding: Some(Finding::Settled), ..one });
        finish(&yesterday, "default", compared(healed.collect())).await;
        assert_eq!(numbers().await, ([0.0, 0.0], 0.0));
    }

    async fn the_oldest_undecided_deal_is_told_of_at_the_cost_of_an_index(engine) {
        let app = open(engine).await;
        let decided = app.to_pay("1").await;
        app.payer_pays(&decided).await;
        app.time_passes(1000);
        let counts = |numbers: Scrape| (numbers.get("undecided_deals"), numbers.get("oldest_undecided_deal_age_seconds"));
        assert_eq!(counts(app.numbers().await), (0.0, 0.0));
        app.to_pay("2").await;
        app.time_passes(10);
        app.to_pay("3").await;
        assert_eq!(counts(app.numbers().await), (0.0, 0.0), "they are not counted at every scrape");
        app.time_passes(5);
        assert_eq!(counts(app.numbers().await), (2.0, 15.0));
        app.time_passes(10);
        assert_eq!(counts(app.numbers().await), (2.0, 25.0), "the age grows between two counts");

        let look = app.look().await;
        let question = "SELECT id FROM deal WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 100000";
        match engine {
            Engine::Sqlite => {
                let plan = look.column(&format!("EXPLAIN QUERY PLAN {question}"), "detail").await;
                assert!(plan[0].contains("COVERING INDEX deal_due_at"), "{plan:?}");
            }
            Engine::MySql => {
                // With three rows the whole index costs as much as a part of it, so which one is read is what counts.
                let extra = look.column(&format!("EXPLAIN {question}"), "Extra").await;
                assert!(extra[0].contains("Using index"), "{extra:?}");
                assert_eq!(look.column(&format!("EXPLAIN {question}"), "key").await, ["deal_due_at"]);
            }
        }
    }
}

#[tokio::test]
async fn names_and_types_stay() {
    let [certificate, key] = fresh_pair(DEFAULT_MERCHANT.mch_id);
    let builder = TestAppBuilder::new(Engine::Sqlite).await.set("METRICS__LISTEN", "127.0.0.1:0");
    let builder = builder.set("WECHAT__CLIENT_CERT", certificate).set("WECHAT__CLIENT_KEY", key);
    // Nothing listens there.
    let builder = builder.set("WEBHOOKS__SHOP__URL", "http://127.0.0.1:9/");
    let app = builder.set("WEBHOOKS__SHOP__SECRET", "whsec_TmV2ZXIgdXNlIHRoaXMgc2VjcmV0IGFueXdoZXJl").open().await;
    let started = app.clock.now().timestamp();
    // A transaction that pays twice is stopped by a unique index, so there is an error of the store's to count too.
    for _ in 0..2 {
        let order = app.to_pay("1").await;
        app.notify(WeChatMessage::notification(&order.id, 100).with("transaction_id", "4200000260202604010000000001").signed()).await;
    }
    // The second is undecided, so a look costs calls; and there is one of an account that is not configured.
    let stray = app.to_pay("1").await;
    app.look().await.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{}'", stray.id)).await;
    app.time_passes(61);
    app.sweep().await;
    let mut answer = app.scrape().await;
    // The watcher looks for such accounts once a second.
    for _ in 0..500 {
        if answer.body.contains("deals_without_account{") {
            break;
        }
        sleep(Duration::from_millis(10)).await;
        answer = app.scrape().await;
    }
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let numbers = Scrape::read(&answer.body);
    let types: Vec<_> = numbers.types.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    let is_there = |(name, _): &&(&str, &str)| !OF_SEVERAL_SERVERS.contains(name);
    assert_eq!(types, NAMES.iter().filter(is_there).copied().collect::<Vec<_>>());
    assert_eq!(numbers.get(&format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
    assert_eq!(numbers.get("process_start_time_seconds") as i64, started);
    assert!((1e6..1e9).contains(&numbers.get("process_resident_memory_bytes")));
    // What an alarm rests on is there before its first event, or Prometheus sees no increase.
    for series in [
        "alarms_total{kind=\"money\"}",
        "mismatched_fen_total{reason=\"second_transaction\"}",
        "deals_total{account=\"default\",outcome=\"paid_late\"}",
        "webhook_deliveries_total{endpoint=\"shop\",outcome=\"given_up\"}",
        "bill_differences{kind=\"UNKNOWN_ORDER\"}",
        "bill_days_missing{account=\"default\"}",
    ] {
        assert!(numbers.has(series), "{series}");
    }
}

#[tokio::test]
async fn messages_of_the_previous_key_are_counted_while_there_is_one() {
    const OLD: &str = "8934e7d15453e97507ef794cf7b0519d";
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at("127.0.0.1:1".parse().unwrap());
    let app = builder.set("WECHAT__PREVIOUS_API_KEY", OLD).set("METRICS__LISTEN", "127.0.0.1:0").open().await;
    let before = app.numbers().await;
    let old = Signer::new(ApiKey::new(OLD).unwrap(), SignType::Md5);
    app.notify(WeChatMessage::notification("nobody-knows-it", 500).signed_by(&old)).await.not_believed(409, "an unknown order");
    app.notify(WeChatMessage::notification("nobody-knows-it", 500).signed()).await.not_believed(409, "an unknown order");
    let numbers = app.numbers().await;
    assert_eq!(numbers.since(&before, "previous_key_matches_total{account=\"default\"}"), 1.0);
    assert_eq!(numbers.since(&before, "mismatched_fen_total{reason=\"unknown_order\"}"), 1000.0);
}

#[tokio::test]
async fn the_main_listener_shows_no_numbers() {
    let app = open(Engine::Sqlite).await;
    for path in ["/metrics", "/metrics/", "/wxPay/metrics", "/debug"] {
        app.till.get(path).await.refused(404, "NOT_FOUND", None, path);
    }
    let numbers = app.numbers().await;
    assert_eq!(numbers.get("http_requests_total{route=\"none\",status=\"404\"}"), 4.0, "what a stranger types becomes no label");
    let quiet = TestApp::open(Engine::Sqlite).await;
    assert_eq!(quiet.metrics_address(), None, "unless it is asked for there is no other listener");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_it_still_tells_and_says_so() {
    let database = Database::fresh(Engine::MySql).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).set("METRICS__LISTEN", "127.0.0.1:0").open().await;
    app.to_pay("1").await;
    assert_eq!(app.numbers().await.get("ready"), 1.0);
    proxy.down();
    app.time_passes(15);
    let numbers = app.numbers().await;
    assert_eq!(numbers.get("ready"), 0.0);
    assert_eq!(numbers.get("undecided_deals"), 1.0, "what was known stays");
    let answer = app.till.post_json("/wxPay/toPay", &json!({"merchant_id": 1, "product_id": 1, "price": 1})).await;
    assert_eq!(answer.status, 503);
    let numbers = app.numbers().await;
    assert!(numbers.get("store_statement_duration_seconds_count{lane=\"write\"}") >= 2.0);
    assert_eq!(numbers.get("store_statements{lane=\"write\"}"), 0.0);
    assert_eq!(
        numbers.get("store_batch_statements_bucket{lane=\"read\",le=\"1\"}"),
        numbers.get("store_batch_statements_count{lane=\"read\"}")
    );
}
