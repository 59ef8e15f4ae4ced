//! Nothing that stands in a bill, or is missing in it, hides a difference: a wrong file, thousands of other systems' orders, lines that
//! name nothing, an explanation of something else.

use std::fmt::Write;

use serde_json::json;
use wechat_pay::gateway::Fetch;
use wechat_pay::simulator::{BillTrap, DEFAULT_MERCHANT};

use super::shop::{DAY, Shop};
use crate::refunds::books::refund_directly;
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

/// A line of a payment.
fn payment(day: &str, transaction_id: &str, order_id: &str, yuan: &str) -> String {
    let (appid, mch_id) = (DEFAULT_MERCHANT.appid, DEFAULT_MERCHANT.mch_id);
    format!(
        "`{day} 12:00:00,`{appid},`{mch_id},`0,`,`{transaction_id},`{order_id},`o,`NATIVE,`SUCCESS,`CFT,`CNY,`{yuan},`0.00,`0,`0,`0.00,`0.00,`,`,\
         `x,`,`0.00000,`0.60%,`{yuan},`0.00,`"
    )
}

/// A line of a refund of 1.00 yuan.
fn refund(refund_id: &str, wechat_refund_id: &str, order_id: &str) -> String {
    let (appid, mch_id) = (DEFAULT_MERCHANT.appid, DEFAULT_MERCHANT.mch_id);
    format!(
        "`{DAY} 12:00:00,`{appid},`{mch_id},`0,`,`42000000000,`{order_id},`o,`NATIVE,`REFUND,`CFT,`CNY,`0.00,`0.00,`{wechat_refund_id},\
         `{refund_id},`1.00,`0.00,`ORIGINAL,`SUCCESS,`x,`,`0.00000,`0.60%,`0.00,`1.00,`"
    )
}

/// A bill of these lines, whose own sums are right.
fn bill(lines: &[String]) -> String {
    let sum = |column: usize| -> i64 {
        let cell = |line: &String| line.trim_start_matches('`').split(",`").nth(column).unwrap().replace('.', "").parse::<i64>().unwrap();
        lines.iter().map(cell).sum()
    };
    let yuan = |fen: i64| format!("{}.{:02}", fen / 100, fen % 100);
    let mut text = format!("\u{feff}{HEADER}\r\n");
    for line in lines {
        write!(text, "{line}\r\n").unwrap();
    }
    let [settled, back, paid, asked] = [12, 16, 24, 25].map(|column| yuan(sum(column)));
    write!(
        text,
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\
         `{},`{settled},`{back},`0.00,`0.00000,`{paid},`{asked}\r\n",
        lines.len()
    )
    .unwrap();
    text
}

/// From now on WeChat's bill is this one.
fn says(wechat: &OverheardWeChat, lines: Vec<String>) {
    wechat.answers_by(move |api, _, carry_out| {
        let said = carry_out();
        Reply::Body(if api == "downloadbill" { bill(&lines) } else { said })
    });
}

/// Orders of another system.
fn of_others(count: usize) -> Vec<String> {
    (0..count).map(|n| payment(DAY, &format!("43{n:010}"), &format!("till{n}"), "1.00")).collect()
}

on_both_engines! {
    async fn a_file_of_another_day_or_of_another_merchant_is_not_the_bill(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        wechat.paid(&shop.app).await;
        shop.morning();
        for (from, to) in [(DAY, "2026-03-31"), (DEFAULT_MERCHANT.mch_id, "1900000999")] {
            wechat.answers_by(move |api, _, carry_out| {
                let said = carry_out();
                Reply::Body(if api == "downloadbill" { said.replace(&format!("`{from}"), &format!("`{to}")) } else { said })
            });
            shop.look().await;
            let bill = shop.bill().await;
            assert_eq!(bill["state"], "MISSING", "{bill}");
            assert!(bill["detail"].as_str().unwrap().contains("of another day, or of another merchant number"), "{bill}");
            shop.app.time_passes(3600);
        }
        wechat.answers_by(|_, _, carry_out| Reply::Body(carry_out()));
        shop.look().await;
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 0, 0), "it is asked for again");
    }

    async fn a_line_of_another_day_is_said_and_not_compared(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let paid = wechat.paid(&shop.app).await;
        shop.morning();
        let transaction_id = shop.app.look().await.value(&paid.id, "transaction_id").await.unwrap();
        says(&wechat, vec![payment(DAY, &transaction_id, &paid.id, "19.90"), payment("2026-03-30", "43", "till1", "5.00")]);
        shop.look().await;
        assert_eq!((shop.differs().await, shop.state().await.0), (vec!["SUMMARY OPEN -/-".to_owned()], "DIFFERENT".to_owned()));
        let told = shop.differences_on(DAY).await.remove(0);
        assert!(told["sentence"].as_str().unwrap().contains("其他日期"), "{told}");
    }

    async fn behind_thousands_of_another_system_s_orders_a_payment_of_ours_is_found(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let unheard = wechat.paid_unheard(&shop.app).await;
        shop.morning();
        let transaction_id = wechat.transaction_of(&unheard.id);
        let lines = [of_others(1_500), vec![payment(DAY, &transaction_id, &unheard.id, "19.90")]].concat();
        says(&wechat, lines.clone());
        shop.look().await;
        assert_eq!(shop.state().await, ("DIFFERENT".to_owned(), 1_501, 1_500));
        assert_eq!(shop.app.look().await.status(&unheard.id).await, 1);
        assert!(shop.differs().await.contains(&"PAID_THERE_ONLY HEALED -/1990".to_owned()));
        // WeChat's lines are in no order: another time they come in another one.
        says(&wechat, lines.into_iter().rev().collect());
        shop.reconcile(DAY, Fetch::Again).await.unwrap();
        let healed = shop.differs().await.into_iter().filter(|one| one.contains("HEALED")).collect::<Vec<_>>();
        assert_eq!((healed.as_slice(), shop.state().await), (&["PAID_THERE_ONLY HEALED -/1990".to_owned()][..], ("DIFFERENT".to_owned(), 1_501, 1_500)));
    }

    async fn lines_that_name_what_is_not_there_are_no_silence_of_wechat_s(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let (given_back, unheard) = (wechat.paid(&shop.app).await, wechat.paid_unheard(&shop.app).await);
        let mut lines = Vec::new();
        for n in 1..=3 {
            let refund_id = refund_directly(&shop.app, &given_back, &format!("r{n}"), 100).await.refund.refund_id.to_string();
            shop.app.time_passes(61);
            lines.push(refund(&refund_id, &format!("5000{n}"), &format!("nobodys{n}")));
        }
        let transaction_id = wechat.transaction_of(&unheard.id);
        lines.push(payment(DAY, &transaction_id, &unheard.id, "19.90"));
        shop.morning();
        says(&wechat, lines);
        shop.look().await;
        assert_eq!(shop.app.look().await.status(&unheard.id).await, 1, "{:?}", shop.differs().await);
    }

    async fn bills_of_accounts_that_are_gone_keep_no_other_from_being_looked_at(engine) {
        let shop = Shop::open(engine).await;
        let order = shop.app.to_pay("19.90").await;
        shop.app.payer_pays(&order).await;
        shop.morning();
        let gone = (1..=400).map(|n| (format!("gone{n}").parse().unwrap(), "2026-03-20".parse().unwrap(), shop.app.clock.now()));
        shop.app.gateway().store().plan_bills(gone.collect()).await.unwrap();
        shop.look().await;
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 0, 0));
    }

    async fn refunds_do_not_make_another_day_s_file_the_bill(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let paid = wechat.paid(&shop.app).await;
        shop.morning();
        let refunds = (0..3).map(|n| refund(&format!("r{n}"), &format!("50{n}"), &paid.id));
        says(&wechat, refunds.chain([payment("2026-03-31", "43", "till1", "1.00")]).collect());
        shop.look().await;
        let bill = shop.bill().await;
        assert!(bill["detail"].as_str().unwrap().contains("of another day, or of another merchant number"), "{bill}");
    }

    async fn a_file_that_nobody_can_read_is_not_taken_for_one_without_lines(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        wechat.paid(&shop.app).await;
        shop.morning();
        says(&wechat, vec![payment("2026-04-99", "43", "till1", "1.00")]);
        shop.look().await;
        let bill = shop.bill().await;
        assert_eq!(bill["state"], "DIFFERENT", "not that there is none: {bill}");
        let unreadable = |one: &String| one == "SUMMARY OPEN -/-";
        assert!(shop.differs().await.iter().any(unreadable), "the line is told of");
    }

    async fn that_there_is_no_bill_replaces_none_that_is_known(engine) {
        let shop = Shop::open(engine).await;
        shop.app.wechat().habits.bill_traps = vec![BillTrap::InventedPayment];
        let order = shop.app.to_pay("19.90").await;
        shop.app.payer_pays(&order).await;
        shop.morning();
        shop.look().await;
        let (state, differs) = (shop.state().await, shop.differs().await);
        assert_eq!(state.0, "DIFFERENT");
        assert!(shop.reconcile_with(&[BillTrap::NoBill]).await.is_err());
        assert_eq!((shop.state().await, shop.differs().await), (state, differs));
    }

    async fn what_was_explained_is_explained_for_that_amount_alone(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let paid = wechat.paid(&shop.app).await;
        shop.morning();
        let transaction_id = shop.app.look().await.value(&paid.id, "transaction_id").await.unwrap();
        let ours = payment(DAY, &transaction_id, &paid.id, "19.90");
        says(&wechat, vec![ours.clone(), payment(DAY, "43", "till1", "1.00")]);
        shop.look().await;
        let id = shop.differences_on(DAY).await[0]["id"].clone();
        assert_eq!(shop.explain(&id, "the old till").await.status, 200);
        shop.reconcile(DAY, Fetch::Again).await.unwrap();
        assert_eq!(shop.state().await, ("AGREED".to_owned(), 1, 0), "said once");
        says(&wechat, vec![ours, payment(DAY, "43", "till1", "999.00")]);
        shop.reconcile(DAY, Fetch::Again).await.unwrap();
        assert_eq!((shop.state().await, shop.differs().await), (("DIFFERENT".to_owned(), 1, 1), vec!["UNKNOWN_ORDER OPEN -/99900".to_owned()]));
        assert_eq!(shop.differences_on(DAY).await[0]["note"], json!("the old till"), "what was said of it is still to be read");
    }

    async fn a_payment_that_stands_there_twice_is_told_of(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let unheard = wechat.paid_unheard(&shop.app).await;
        shop.morning();
        let line = payment(DAY, &wechat.transaction_of(&unheard.id), &unheard.id, "19.90");
        says(&wechat, vec![line.clone(), line]);
        shop.look().await;
        let mut differs = shop.differs().await;
        differs.sort();
        assert_eq!(differs, ["PAID_THERE_ONLY HEALED -/1990", "SUMMARY OPEN -/1990"]);
    }

    async fn a_file_without_a_line_is_none_where_the_books_have_payments(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        wechat.paid(&shop.app).await;
        shop.morning();
        says(&wechat, Vec::new());
        shop.look().await;
        assert_eq!(shop.state().await, ("MISSING".to_owned(), 0, 0));
    }

    async fn a_bill_that_comes_by_the_evening_is_seen(engine) {
        let shop = Shop::open(engine).await;
        shop.app.wechat().habits.bill_traps = vec![BillTrap::NoBill];
        let unheard = shop.paid_unheard().await;
        shop.morning();
        shop.look().await;
        assert_eq!(shop.state().await.0, "NO_TRADES", "as far as the books know");
        shop.app.wechat().habits.bill_traps.clear();
        shop.app.time_passes(3600);
        shop.look().await;
        assert_eq!((shop.state().await.0, shop.app.look().await.status(&unheard.id).await), ("AGREED".to_owned(), 1));
    }
}
