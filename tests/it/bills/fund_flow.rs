//! The fund flow, where WeChat tells of refunds that it closed later. It is unsigned too.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wechat_pay::channel::ClientCertificate;
use wechat_pay::deal::AccountId;
use wechat_pay::simulator::{BillTrap, DEFAULT_MERCHANT, RefundState};

use super::shop::{DAY, Shop};
use crate::refunds::books::{refund_directly, states, sums};
use crate::support::database::{Database, Engine};
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::support::test_app::{TestApp, TestAppBuilder};
use crate::telling::told::told_of;

const NEXT_DAY: &str = "2026-04-02";

on_both_engines! {
    async fn a_refund_that_was_closed_later_is_found_and_settled_as_closed(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        app.wechat().faults.refund_delay_s = 400_000;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        let refund = refund_directly(app, &order, "first", 500).await.refund;
        shop.morning();
        shop.look().await;
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 0, 0), "one on its way is no difference");
        let later = app.to_pay("19.90").await;
        app.payer_pays(&later).await;
        let now = app.clock.now();
        app.wechat().finish_refund(refund.refund_id.as_str(), RefundState::RefundClose, now).unwrap();
        shop.morning();
        assert_eq!(states(app, &order).await, ["PROCESSING"]);
        shop.look().await;
        assert_eq!(shop.differs_on(NEXT_DAY).await, ["REFUND_HERE_ONLY HEALED 500/-"]);
        let told = shop.differences_on(NEXT_DAY).await.remove(0);
        assert_eq!((told["refund_id"].as_str(), told["order_id"].as_str()), (Some(refund.refund_id.as_str()), Some(&*order.id)));
        assert!(told["sentence"].as_str().unwrap().ends_with("付款人没有收到钱：如果仍需退，请重新退款"), "{told}");
        assert_eq!((states(app, &order).await, sums(app, &order).await), (vec!["CLOSED".to_owned()], ("0.00".to_owned(), "19.90".to_owned())));
        assert_eq!(told_of(app, &order).await, ["deal.paid", "refund.failed CLOSED"]);
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 0, 0), "the bill of its own day has it, and agrees");
    }

    async fn one_that_says_what_is_not_so_changes_nothing(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let order = wechat.paid(&shop.app).await;
        refund_directly(&shop.app, &order, "first", 500).await;
        for _ in 0..3 {
            wechat.time_passes(61);
            shop.app.sweep().await;
        }
        assert_eq!(states(&shop.app, &order).await, ["SUCCESS"]);
        wechat.answers_by(|api, _, carry_out| {
            let said = carry_out();
            let closes = |said: String| said.replace("`退款,`退款,`支出", "`退款,`退款关闭,`收入");
            Reply::Body(if api == "downloadfundflow" { closes(said) } else { said })
        });
        let (books, asked) = (shop.books().await, wechat.heard("refundquery").len());
        shop.morning();
        shop.look().await;
        let mut told = shop.differs().await;
        told.retain(|one| !one.starts_with("SUMMARY OPEN"));
        assert_eq!(told, ["REFUND_HERE_ONLY OPEN 500/-"], "{:?}", shop.differs().await);
        assert_eq!((wechat.heard("refundquery").len(), shop.books().await), (asked + 1, books));
        assert_eq!(told_of(&shop.app, &order).await, ["deal.paid", "refund.succeeded"]);
    }

    async fn one_that_was_cut_is_none(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        wechat.paid(&shop.app).await;
        wechat.answers_by(|api, _, carry_out| {
            let said = carry_out();
            let half = |said: String| said.chars().take(said.chars().count() / 2).collect();
            Reply::Body(if api == "downloadfundflow" { half(said) } else { said })
        });
        shop.morning();
        shop.look().await;
        let bill = shop.bill().await;
        let detail = bill["detail"].as_str().unwrap();
        assert!(bill["state"] == "AGREED" && detail == "the fund flow is not to be had: the file has no summary: it was cut", "{bill}");
        wechat.answers_rightly();
        wechat.time_passes(3600);
        assert_eq!((shop.look().await, shop.bill().await.get("detail")), (1, None));
    }

    async fn one_that_is_not_to_be_had_stops_nothing_and_is_asked_for_again(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let order = app.to_pay("19.90").await;
        app.payer_pays(&order).await;
        shop.morning();
        app.wechat().habits.bill_traps = vec![BillTrap::WrongDigest];
        shop.look().await;
        let bill = shop.bill().await;
        let detail = bill["detail"].as_str().unwrap();
        assert!(bill["state"] == "AGREED" && detail == "the fund flow is not to be had: the bill is not what its Digest header says", "{bill}");
        let bills = app.calls("downloadbill");
        app.wechat().habits.bill_traps.clear();
        app.time_passes(3600);
        assert_eq!((shop.look().await, app.calls("downloadbill")), (1, bills), "the bill itself is kept");
        assert_eq!((shop.state().await, shop.bill().await.get("detail")), (("AGREED".to_owned(), 0, 0), None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_asked_for_once_there_is_a_certificate() {
    let wechat = TestApp::open(Engine::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let certificates = wechat.simulator().certificates(folder.path()).unwrap();
    tokio::spawn(wechat.simulator().serve_tls(listener, certificates, stop.clone()).unwrap());
    let builder = TestAppBuilder::on(Database::fresh(Engine::Sqlite).await).with_wechat_at(address).by(wechat.clock.clone());
    let builder = builder.set("WECHAT__BASE_URL", format!("https://{address}"));
    let shop = Shop::of(builder.set("WECHAT__CA_FILE", folder.path().join("ca.pem").display())).await;
    let order = shop.app.to_pay("19.90").await;
    wechat.payer_pays_silently(&order);
    assert_eq!(shop.app.trade_state(&order.id).await, "SUCCESS");
    shop.morning();
    shop.look().await;
    assert_eq!((shop.state().await.0, shop.bill().await.get("detail")), ("AGREED".to_owned(), None), "it does without");
    assert_eq!((wechat.calls("downloadbill"), wechat.calls("downloadfundflow")), (7, 0));
    let file = |end: &str| std::fs::read(folder.path().join(format!("{}{end}", DEFAULT_MERCHANT.mch_id))).unwrap();
    let certificate = Arc::new(ClientCertificate::from_pem(&file(".pem"), &file("-key.pem")).unwrap());
    shop.app.gateway().show_certificate(&AccountId::default(), certificate);
    shop.reconcile(DAY, wechat_pay::gateway::Fetch::IfMissing).await.unwrap();
    assert_eq!((wechat.calls("downloadbill"), wechat.calls("downloadfundflow")), (7, 1));
    assert_eq!(shop.state().await, ("AGREED".to_owned(), 0, 0));
    stop.cancel();
}
