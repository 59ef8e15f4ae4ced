//! Bills and what differs from them, as a merchant's back end reads them over HTTP.

use serde_json::{Value, json};
use wechat_pay::deal::{DifferenceKind, DifferenceState, Finding};
use wechat_pay::store::BillOutcome;

use super::kept_bills::{Bills, differs, sha256, text};
use crate::front_end::keys::with_keys;
use crate::support::database::Engine;
use crate::support::description::Description;
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::test_app::TestApp;

const BILLS: &str = "/wxPay/bills";
const DIFFERENCES: &str = "/wxPay/bills/{date}/differences";
const FILE: &str = "/wxPay/bills/{date}/file";
const EXPLAIN: &str = "/wxPay/bills/differences/{id}/explain";

async fn get(app: &TestApp, key: Option<&str>, path: &str) -> Answer {
    let request = app.till.request("GET", path);
    app.till.send(if let Some(key) = key { request.header("authorization", format!("Bearer {key}")) } else { request }).await
}

async fn explain(app: &TestApp, key: Option<&str>, id: impl std::fmt::Display, body: &Value) -> Answer {
    let request = app.till.request("POST", &EXPLAIN.replace("{id}", &id.to_string())).header("content-type", "application/json");
    let request = if let Some(key) = key { request.header("authorization", format!("Bearer {key}")) } else { request };
    app.till.send(request.body(body.to_string())).await
}

/// Of each bill its day, its account and how the books stand to it.
fn states(told: &Value) -> Vec<[&str; 3]> {
    told["bills"].as_array().unwrap().iter().map(|bill| ["date", "account", "state"].map(|field| bill[field].as_str().unwrap())).collect()
}

fn ids(told: &Value) -> Vec<i64> {
    told["differences"].as_array().unwrap().iter().map(|difference| difference["id"].as_i64().unwrap()).collect()
}

on_both_engines! {
    async fn bills_are_told_by_day_and_account(engine) {
        let app = TestApp::open(engine).await;
        let mut description = Description::new(app.till.get("/openapi.json").await.json());
        let bills = Bills(app.gateway().store());
        bills.finished("default", "2026-03-31", BillOutcome::Compared, vec![differs(DifferenceKind::UnknownOrder, DifferenceState::Open, Some(Finding::NotKnown), "ERP-1")], None).await;
        bills.finished("shop2", "2026-03-31", BillOutcome::Compared, vec![differs(DifferenceKind::PaidThereOnly, DifferenceState::Healed, Some(Finding::Settled), "A-1")], None).await;
        bills.finished("default", "2026-03-30", BillOutcome::NoTrades, Vec::new(), None).await;
        bills.finished("default", "2026-03-25", BillOutcome::Missing, Vec::new(), Some("WeChat is still making the bill of that day")).await;
        bills.finished("default", "2026-03-24", BillOutcome::Compared, Vec::new(), None).await;

        let told = description.holds("get", BILLS, &get(&app, None, BILLS).await);
        let default = |day, state| [day, "default", state];
        assert_eq!(states(&told), [default("2026-03-31", "DIFFERENT"), ["2026-03-31", "shop2", "AGREED"], default("2026-03-30", "NO_TRADES"), default("2026-03-25", "MISSING")], "the last seven days");
        assert_eq!(told["bills"][0], json!({"date": "2026-03-31", "account": "default", "state": "DIFFERENT", "payments": 2, "paid_fee": 3980, "refunds": 1, "refunded_fee": 500, "fee": 21000, "differences": 1, "open": 1}));
        assert_eq!(told["bills"][3]["detail"], "WeChat is still making the bill of that day");
        told["bills"].as_array().unwrap().iter().for_each(|bill| description.fits("ToldBill", bill));
        for (range, days) in [("from=2026-03-24&to=2026-03-24", 1), ("from=2026-03-24", 5), ("to=2026-03-30", 3), ("from=2026-04-01", 0), ("from=2025-04-01&to=2026-04-01", 5)] {
            assert_eq!(states(&get(&app, None, &format!("{BILLS}?{range}")).await.json()).len(), days, "{range}");
        }
        for (query, field) in [("from=2026-04-02", "from"), ("from=2025-03-31&to=2026-04-01", "from"), ("to=yesterday", "to"), ("from=2026-04-01T12:00:00Z", "from"), ("day=2026-04-01", "day")] {
            let answer = get(&app, None, &format!("{BILLS}?{query}")).await;
            description.holds("get", BILLS, &answer);
            answer.refused(400, "INVALID_PARAMETER", Some(field), query);
        }
    }

    async fn what_differs_is_told_and_a_person_says_why(engine) {
        let app = TestApp::open(engine).await;
        let mut description = Description::new(app.till.get("/openapi.json").await.json());
        let found = vec![
            differs(DifferenceKind::UnknownOrder, DifferenceState::Open, Some(Finding::NotKnown), "ERP-1"),
            differs(DifferenceKind::PaidThereOnly, DifferenceState::Healed, Some(Finding::Settled), "A-1"),
        ];
        Bills(app.gateway().store()).finished("default", "2026-03-31", BillOutcome::Compared, found, None).await;
        let path = DIFFERENCES.replace("{date}", "2026-03-31");
        let told = description.holds("get", DIFFERENCES, &get(&app, None, &path).await);
        told["differences"].as_array().unwrap().iter().for_each(|difference| description.fits("ToldDifference", difference));
        let open = told["differences"].as_array().unwrap().iter().find(|difference| difference["state"] == "OPEN").unwrap();
        let (id, sentence) = (open["id"].as_i64().unwrap(), open["sentence"].as_str().unwrap());
        assert_eq!(
            *open,
            json!({"id": id, "account": "default", "date": "2026-03-31", "kind": "UNKNOWN_ORDER", "state": "OPEN", "order_id": "ERP-1", "transaction_id": "4200000001",
                "refund_id": null, "ours_fee": null, "theirs_fee": 1990, "sentence": sentence, "explained_by": null, "note": null})
        );
        assert!(sentence.contains("微信账单里有一笔付款，本地没有这个订单") && sentence.contains("不要据此发货"), "{sentence}");
        let healed = ids(&told).into_iter().find(|other| *other != id).unwrap();

        let note = json!({"note": " 线下补录的订单，已核对 "});
        let explained = description.holds("post", EXPLAIN, &explain(&app, None, id, &note).await);
        description.fits("ToldDifference", &explained);
        assert_eq!([&explained["state"], &explained["note"], &explained["explained_by"]].map(|said| said.as_str().unwrap()), ["EXPLAINED", "线下补录的订单，已核对", "demonstration"]);
        assert!(explained["sentence"].as_str().unwrap().contains("已有人核实"), "{explained}");
        assert_eq!(explain(&app, None, id, &note).await.json(), explained, "the same said again");
        assert_eq!(get(&app, None, BILLS).await.json()["bills"][0]["state"], "AGREED");
        let refusals = [
            (json!(id), json!({"note": "another"}), 409, "DIFFERENCE_CLOSED", None),
            (json!(healed), note.clone(), 409, "DIFFERENCE_CLOSED", None),
            (json!(healed + 1000), note.clone(), 404, "DIFFERENCE_NOT_FOUND", None),
            (json!(id), json!({"note": "  "}), 400, "INVALID_PARAMETER", Some("note")),
            (json!(id), json!({"note": "a\u{1b}[2Jb"}), 400, "INVALID_PARAMETER", Some("note")),
            (json!(id), json!({"note": "账".repeat(501)}), 400, "INVALID_PARAMETER", Some("note")),
            (json!(id), json!({}), 400, "INVALID_PARAMETER", Some("note")),
            (json!(id), json!({"note": "a", "state": "HEALED"}), 400, "INVALID_PARAMETER", Some("state")),
            (json!("0"), note.clone(), 400, "INVALID_PARAMETER", Some("id")),
            (json!(-1), note.clone(), 400, "INVALID_PARAMETER", Some("id")),
            (json!("99999999999999999999"), note.clone(), 400, "INVALID_PARAMETER", Some("id")),
        ];
        for (id, body, status, reason, field) in refusals {
            let answer = explain(&app, None, id.to_string().trim_matches('"'), &body).await;
            description.holds("post", EXPLAIN, &answer);
            answer.refused(status, reason, field, &body.to_string());
        }
        let told = get(&app, None, &path).await.json();
        assert!(told["differences"].as_array().unwrap().contains(&explained), "a refusal changes nothing: {told}");
        assert_eq!(get(&app, None, &DIFFERENCES.replace("{date}", "2026-03-30")).await.json(), json!({"differences": []}));
        for (path, field) in [("/wxPay/bills/today/differences", "date"), ("/wxPay/bills/%FF/differences", "date"), ("/wxPay/bills/2026-03-31/differences?acount=default", "acount"), ("/wxPay/bills/2026-03-31/differences?account=Shop", "account")] {
            let answer = get(&app, None, path).await;
            description.holds("get", DIFFERENCES, &answer);
            answer.refused(400, "INVALID_PARAMETER", Some(field), path);
        }
    }

    async fn a_note_of_five_hundred_characters_is_kept_whole(engine) {
        let app = TestApp::open(engine).await;
        let found = vec![differs(DifferenceKind::UnknownOrder, DifferenceState::Open, None, "ERP-1")];
        Bills(app.gateway().store()).finished("default", "2026-03-31", BillOutcome::Compared, found, None).await;
        let [id] = ids(&get(&app, None, "/wxPay/bills/2026-03-31/differences").await.json())[..] else { panic!("one is listed") };
        let note = "😀".repeat(500);
        assert_eq!(explain(&app, None, id, &json!({"note": note})).await.json()["note"], note);
    }

    async fn a_file_is_given_as_it_was_received(engine) {
        let app = TestApp::open(engine).await;
        let mut description = Description::new(app.till.get("/openapi.json").await.json());
        let bills = Bills(app.gateway().store());
        let text = text("A-1", "2026-03-31 10:00:00");
        let (_, packed) = bills.file("default", "2026-03-31", &text, false, 7).await;
        let (_, plain) = bills.file("shop2", "2026-03-31", &text, true, 7).await;
        assert_eq!((&packed[..2], &plain), (&[0x1f, 0x8b][..], &text));
        let path = FILE.replace("{date}", "2026-03-31");
        for (query, received, kind, name) in [
            ("", &packed, "application/gzip", "bill-default-2026-03-31.csv.gz"),
            ("?account=default", &packed, "application/gzip", "bill-default-2026-03-31.csv.gz"),
            ("?account=shop2", &plain, "text/csv; charset=utf-8", "bill-shop2-2026-03-31.csv"),
        ] {
            description.holds("get", FILE, &get(&app, None, &format!("{path}{query}")).await);
            let answer = app.till.request("GET", &format!("{path}{query}")).send().await.unwrap();
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!((answer.status().as_u16(), header("content-type"), header("x-sha256")), (200, kind.to_owned(), sha256(received)), "{query}");
            assert_eq!((header("content-length"), header("content-disposition")), (received.len().to_string(), format!("attachment; filename=\"{name}\"")));
            assert_eq!(answer.bytes().await.unwrap(), received[..], "{query}");
        }
        for (path, status, reason, field) in [
            (FILE.replace("{date}", "2026-03-30"), 404, "BILL_NOT_FOUND", None),
            (format!("{path}?account=nobody"), 404, "BILL_NOT_FOUND", None),
            (format!("{path}?account=Shop"), 400, "INVALID_PARAMETER", Some("account")),
            (format!("{path}?part=1"), 400, "INVALID_PARAMETER", Some("part")),
            (FILE.replace("{date}", "2026-02-30"), 400, "INVALID_PARAMETER", Some("date")),
        ] {
            let answer = get(&app, None, &path).await;
            description.holds("get", FILE, &answer);
            answer.refused(status, reason, field, &path);
        }
    }

    async fn a_file_that_cannot_be_read_to_its_end_never_looks_whole(engine) {
        let app = TestApp::open(engine).await;
        let bills = Bills(app.gateway().store());
        let text = text("A-1", "2026-03-31 10:00:00");
        let (packed, _) = bills.file("default", "2026-03-31", &text, false, 100).await;
        let (plain, _) = bills.file("shop2", "2026-03-31", &text, true, 100).await;
        app.look().await.run(&format!("DELETE FROM bill_part WHERE part = 1 AND file_id IN ({packed}, {plain})")).await;
        for account in ["default", "shop2"] {
            let answer = app.till.request("GET", &format!("/wxPay/bills/2026-03-31/file?account={account}")).send().await;
            // It may break before the head is on its way, too.
            let whole = match answer {
                Ok(answer) => answer.bytes().await,
                Err(error) => Err(error),
            };
            assert!(whole.is_err(), "{account}: {whole:?}");
        }
        app.look().await.run(&format!("DELETE FROM bill_part WHERE file_id = {packed}")).await;
        get(&app, None, "/wxPay/bills/2026-03-31/file").await.refused(404, "BILL_NOT_FOUND", None, "nothing is sent of a file that is gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_sees_the_bills_of_its_accounts_and_none_where_it_is_for_some_sellers() {
    let keys = [
        ("TILL", &[("SCOPES", "pay,refund")][..]),
        ("BOOKS", &[("SCOPES", "read,manage")][..]),
        ("SHOP", &[("SCOPES", "read,manage"), ("SELLERS", "12")][..]),
        ("BRANCH", &[("SCOPES", "read,manage"), ("ACCOUNTS", "default")][..]),
        ("READER", &[("SCOPES", "read")][..]),
    ];
    let (app, [till, books, shop, branch, reader]) = with_keys(Engine::Sqlite, "api_key", keys).await;
    let bills = Bills(app.gateway().store());
    for (account, order) in [("default", "ERP-1"), ("shop2", "ERP-2")] {
        let found = vec![differs(DifferenceKind::UnknownOrder, DifferenceState::Open, None, order)];
        bills.finished(account, "2026-03-31", BillOutcome::Compared, found, None).await;
        bills.file(account, "2026-03-31", b"`", false, 100).await;
    }
    let list = get(&app, Some(&books), "/wxPay/bills/2026-03-31/differences").await.json();
    let [own, other] = ids(&list)[..] else { panic!("{list}") };
    let note = json!({"note": "known"});
    for path in [BILLS, "/wxPay/bills/2026-03-31/differences", "/wxPay/bills/2026-03-31/file", "/wxPay/bills?from=x", "/wxPay/bills/x/file"]
    {
        get(&app, None, path).await.refused(401, "UNAUTHORIZED", None, path);
        for key in [&till, &shop] {
            get(&app, Some(key), path).await.refused(403, "FORBIDDEN", None, path);
        }
    }
    explain(&app, None, own, &json!({})).await.refused(401, "UNAUTHORIZED", None, "a caller is known before what it says");
    for key in [&till, &shop, &reader] {
        explain(&app, Some(key), own, &note).await.refused(403, "FORBIDDEN", None, "of scope manage, for all sellers");
    }
    for (key, accounts) in [(&books, &["default", "shop2"][..]), (&reader, &["default", "shop2"]), (&branch, &["default"])] {
        let told = get(&app, Some(key), BILLS).await.json();
        assert_eq!(states(&told).iter().map(|[_, account, _]| *account).collect::<Vec<_>>(), accounts);
        assert_eq!(ids(&get(&app, Some(key), "/wxPay/bills/2026-03-31/differences").await.json()).len(), accounts.len());
        let status = get(&app, Some(key), "/wxPay/bills/2026-03-31/file?account=shop2").await.status;
        assert_eq!(status, if accounts.contains(&"shop2") { 200 } else { 404 });
    }
    for (key, account, told) in
        [(&books, "default", 1), (&books, "shop2", 1), (&books, "nobody", 0), (&branch, "default", 1), (&branch, "shop2", 0)]
    {
        let bills = get(&app, Some(key), &format!("{BILLS}?account={account}")).await.json();
        let differences = get(&app, Some(key), &format!("/wxPay/bills/2026-03-31/differences?account={account}")).await.json();
        assert_eq!((states(&bills).len(), ids(&differences).len()), (told, told), "{account}: {bills} {differences}");
        assert!(states(&bills).iter().all(|[_, of, _]| *of == account));
    }
    for (key, name) in [(&books, "bill-default-2026-03-31"), (&branch, "bill-default-2026-03-31")] {
        let file = get(&app, Some(key), "/wxPay/bills/2026-03-31/file").await;
        assert!(file.header("content-disposition").unwrap().contains(name), "{file:?}");
    }
    explain(&app, Some(&branch), other, &note).await.refused(404, "DIFFERENCE_NOT_FOUND", None, "of another account");
    assert_eq!(explain(&app, Some(&branch), own, &note).await.json()["explained_by"], "branch");
    explain(&app, Some(&books), own, &note).await.refused(409, "DIFFERENCE_CLOSED", None, "another has explained it before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_take_the_places_of_reports() {
    let app = TestApp::open(Engine::Sqlite).await;
    // Of what cannot be packed, so that the clients are left waiting for most of it.
    let noise: Vec<u8> = (0..400_000u32).flat_map(|number| sha256(&number.to_le_bytes()).into_bytes()).collect();
    Bills(app.gateway().store()).file("default", "2026-03-31", &noise, false, 256 << 10).await;
    let path = "/wxPay/bills/2026-03-31/file";
    let mut unread = Vec::new();
    for _ in 0..2 {
        unread.push(app.till.request("GET", path).send().await.unwrap());
    }
    for path in [path, "/wxPay/takings"] {
        get(&app, None, path).await.refused(503, "UNAVAILABLE", None, path);
    }
    assert_eq!(get(&app, None, BILLS).await.status, 200, "what is short is answered meanwhile");
    for answer in unread {
        assert!(answer.bytes().await.unwrap().len() > 10_000_000);
    }
    assert_eq!(get(&app, None, "/wxPay/takings").await.status, 200);
}
