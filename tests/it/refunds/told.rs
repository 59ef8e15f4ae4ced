//! What a payer's page and `wechat-pay explain` tell of refunds.

use serde_json::json;
use wechat_pay::simulator::{RefundRefusal, RefundState};

use super::api::{paid, query_refund, refund};
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

async fn page(app: &TestApp, order: &Order, language: &str) -> String {
    app.till.get(&format!("/pay/{}?lang={language}", order.id)).await.body
}

on_both_engines! {
    async fn a_payer_s_page_says_how_much_went_back_and_how_much_is_on_its_way(engine) {
        let app = TestApp::open(engine).await;
        let order = app.to_pay("1999.90").await;
        app.payer_pays(&order).await;
        refund(&app, &order, "first", json!({"refund": "1005"})).await;
        let shown = page(&app, &order, "en").await;
        assert!(shown.contains("data-state=\"refunded\"") && shown.contains("Refund on its way <span class=\"fee\">¥1,005.00</span>"), "{shown}");
        assert!(!shown.contains("Refunded <span"), "nothing has arrived: {shown}");
        app.time_passes(60);
        query_refund(&app, json!({"order_id": order.id})).await;
        refund(&app, &order, "second", json!({"refund": "0.90"})).await;
        for (language, arrived, under_way) in [("en", "Refunded", "Refund on its way"), ("zh", "已退款", "退款处理中")] {
            let shown = page(&app, &order, language).await;
            for (word, fee) in [(arrived, "1,005.00"), (under_way, "0.90")] {
                assert!(shown.contains(&format!("{word} <span class=\"fee\">¥{fee}</span>")), "{shown}");
            }
        }

        let refused = paid(&app).await;
        app.wechat().faults.refund_refused = Some(RefundRefusal::UserAccountAbnormal);
        refund(&app, &refused, "first", json!({})).await;
        assert!(page(&app, &refused, "en").await.contains("data-state=\"paid\""), "nothing went back");
    }

    async fn explain_tells_each_refund_and_what_comes_next(engine) {
        let app = TestAppBuilder::new(engine).await.open().await;
        app.wechat().faults.refund_delay_s = 86_400;
        let order = paid(&app).await;
        let told = refund(&app, &order, "first", json!({"refund": "5", "reason": "a"})).await.json();
        let refund_id = told["refund_id"].as_str().unwrap();
        let says = async |order: &Order, sentences: &[&str]| {
            let story = app.explain(&order.id).await;
            for sentence in sentences {
                assert!(story.contains(sentence), "{sentence}: {story}");
            }
        };
        let asked = format!("Refund {refund_id}: 5.00 yuan, asked for by the merchant's back end 2026-04-01T12:00:00+08:00.");
        let left = "5.00 yuan of it went back or are on their way, 14.90 yuan can still be given back.";
        says(&order, &[&asked, "WeChat accepted it 2026-04-01T12:00:00+08:00, and it is on its way. WeChat is asked about it again 2026-04-01T12:01:00+08:00.", left]).await;
        says(&order, &[&format!("A refund was stored; WeChat is asked for it ({refund_id}: 500 fen"), &format!("WeChat accepted the refund ({refund_id}")]).await;
        let look = app.look().await;
        for (change, sentence) in [
            ("account = 'shop2'", "until accounts.shop2 is there again, it is neither sent nor asked about.".to_owned()),
            ("account = NULL, due_at = NULL", format!("queryRefund asks once more, and so does `wechat-pay refund {}`", order.id)),
        ] {
            look.run(&format!("UPDATE refund SET {change} WHERE refund_id = '{refund_id}'")).await;
            says(&order, &[&sentence]).await;
        }
        app.time_passes(86_400);
        query_refund(&app, json!({"refund_id": refund_id})).await;
        says(&order, &["The payer has it since 2026-04-02T12:00:00+08:00 (支付用户零钱).", left]).await;

        for (end, sentence) in [
            (RefundState::RefundClose, "WeChat gave it up: nothing went back"),
            (RefundState::Change, "pay it out by hand in 商户平台"),
        ] {
            let order = paid(&app).await;
            let told = refund(&app, &order, "first", json!({})).await.json();
            let now = app.clock.now();
            app.wechat().finish_refund(told["refund_id"].as_str().unwrap(), end, now).unwrap();
            query_refund(&app, json!({"refund_id": told["refund_id"]})).await;
            says(&order, &[sentence]).await;
        }
        for (refusal, sentences) in [
            (RefundRefusal::UserAccountAbnormal, &["WeChat refused it for good (USER_ACCOUNT_ABNORMAL", "0.00 yuan"][..1]),
            (RefundRefusal::Notenough, &["It is not accepted yet (the merchant's balance at WeChat does not suffice: top it up). The identical request is sent again"]),
            (RefundRefusal::CertError, &["It waits for a client certificate that WeChat takes (the client certificate was revoked or replaced)"]),
        ] {
            app.wechat().faults.refund_refused = Some(refusal);
            let order = paid(&app).await;
            refund(&app, &order, "first", json!({})).await;
            says(&order, sentences).await;
        }
    }
}
