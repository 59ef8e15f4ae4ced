//! `/bills`: how the books stand to WeChat's bills, and who has said why they differ.

use wechat_pay::deal::{DifferenceKind, DifferenceState, Finding, Found};
use wechat_pay::store::BillOutcome;

use crate::books::kept_bills::{Bills, differs};
use crate::support::console::{Browser, OPERATOR, VIEWER, done};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

const HOSTILE: &str = "<script>alert(1)</script>";

async fn app(engine: Engine) -> TestApp {
    TestAppBuilder::new(engine).await.with_console().open().await
}

/// Yesterday's bills of three accounts: one differs, one agrees, one is missing.
async fn morning(app: &TestApp) {
    let bills = Bills(app.gateway().store());
    let open = |order: &str| differs(DifferenceKind::UnknownOrder, DifferenceState::Open, None, order);
    let healed = differs(DifferenceKind::PaidThereOnly, DifferenceState::Healed, Some(Finding::Settled), "o2");
    bills.finished("default", "2026-03-31", BillOutcome::Compared, vec![open(HOSTILE), open("o3"), healed], None).await;
    bills.finished("shop2", "2026-03-31", BillOutcome::Compared, Vec::new(), None).await;
    bills.finished("shop3", "2026-03-31", BillOutcome::Missing, Vec::new(), Some("WeChat is still making the bill of that day")).await;
    bills.finished("default", "2026-01-31", BillOutcome::NoTrades, Vec::new(), None).await;
}

/// The numbers of the differences that a page lets explain.
fn explainable(page: &str) -> Vec<String> {
    let paths = page.split("action=\"/bills/differences/").skip(1);
    paths.map(|rest| rest.split('/').next().unwrap().to_owned()).collect()
}

async fn trail(app: &TestApp) -> Vec<Option<String>> {
    let sql =
        "SELECT CONCAT(user, ' ', action, ' ', subject, ' ', detail, ' ', COALESCE(order_id, '-')) FROM audit WHERE action <> 'login'";
    app.look().await.texts(sql).await
}

on_both_engines! {
    async fn the_days_are_listed_with_what_came_of_each(engine) {
        let app = app(engine).await;
        morning(&app).await;
        let viewer = Browser::of_user(VIEWER, &app).await;
        let page = viewer.page("/bills").await;
        for shown in ["Bills of 2026-03-18 to 2026-03-31", ">differ<", ">agree<", ">no bill<", "¥39.80", "¥5.00", "¥0.21000",
                      "WeChat is still making the bill of that day", "/bills/default/2026-03-31\""] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!page.contains("2026-01-31"));
        assert!(viewer.page("/bills?to=2026-02-05").await.contains(">no trades<"));
        let of_one = viewer.page("/bills?account=default&lang=zh").await;
        assert!(of_one.contains("2026-01-31") && of_one.contains("有差异") && !of_one.contains("shop2"), "{of_one}");
        assert!(viewer.page("/bills?account=nobody").await.contains("There is no bill from"));
        for path in ["/bills?to=yesterday", "/bills?account=%3Cb%3E"] {
            assert_eq!(viewer.get(path).await.status, 422, "{path}");
        }
        for path in ["/bills/default/2026-03-30", "/bills/default/x", "/bills/%3Cb%3E/2026-03-31"] {
            assert_eq!(viewer.get(path).await.status, 404, "{path}");
        }
    }

    async fn a_difference_is_explained_once_with_a_note_and_a_row_of_the_trail(engine) {
        let app = app(engine).await;
        morning(&app).await;
        let (viewer, operator) = (Browser::of_user(VIEWER, &app).await, Browser::of_user(OPERATOR, &app).await);
        let page = viewer.page("/bills/default/2026-03-31").await;
        assert!(page.contains("3, 2 open") && page.contains("bill.foreign_prefixes") && explainable(&page).is_empty(), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains(HOSTILE), "{page}");
        assert!(page.contains("/deals/o3\"") && !page.contains("PAID_THERE_ONLY"), "what is healed is not open: {page}");
        assert!(viewer.page("/bills/default/2026-03-31?show=all").await.contains("PAID_THERE_ONLY"));

        let ids = explainable(&operator.page("/bills/default/2026-03-31").await);
        let path = format!("/bills/differences/{}/explain", ids[1]);
        assert_eq!(viewer.post(&path, &[("note", "mine")]).await.status, 403);
        assert_eq!(operator.post(&path, &[("note", "")]).await.status, 422);
        assert_eq!(operator.post("/bills/differences/4711/explain", &[("note", "which?")]).await.status, 404);
        let answer = operator.post(&path, &[("note", "旧系统的 <i>订单</i>")]).await;
        assert_eq!((answer.status, done(&answer)), (303, ("/bills/default/2026-03-31".to_owned(), "explain".to_owned())), "{}", answer.body);
        let again = operator.post(&path, &[("note", "another one")]).await;
        assert!(again.status == 409 && again.body.contains(&format!("explained by {OPERATOR} before")), "{}", again.body);
        let page = operator.page(&format!("{}&show=all", answer.header("location").unwrap())).await;
        assert!(page.contains("The difference is explained.") && page.contains("3, 1 open"), "{page}");
        assert!(page.contains("旧系统的 &lt;i&gt;订单&lt;/i&gt;") && explainable(&page) == ids[..1], "{page}");
        assert_eq!(trail(&app).await, [Some(format!("{OPERATOR} explain_difference {} 旧系统的 <i>订单</i> o3", ids[1]))]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_with_many_differences_is_pages_that_stay_small() {
    let app = app(Engine::Sqlite).await;
    let found = |number: usize| Found {
        detail: Some("x".repeat(250)),
        transaction_id: Some("4".repeat(128)),
        ..differs(DifferenceKind::UnknownOrder, DifferenceState::Open, None, &format!("{HOSTILE}{number}"))
    };
    let bills = Bills(app.gateway().store());
    bills.finished("default", "2026-03-31", BillOutcome::Compared, (0..100).map(found).collect(), None).await;
    let operator = Browser::of_user(OPERATOR, &app).await;
    let (mut next, mut seen) = (Some("/bills/default/2026-03-31".to_owned()), Vec::new());
    while let Some(path) = next {
        let page = operator.page(&path).await;
        assert!(page.len() < 100 * 1024, "{path}: {} bytes", page.len());
        seen.extend(explainable(&page));
        let link = page.split_once("\">More</a>").map(|(before, _)| before.rsplit_once("href=\"").unwrap().1.replace("&amp;", "&"));
        next = link;
    }
    seen.dedup();
    assert_eq!(seen.len(), 100);
}
