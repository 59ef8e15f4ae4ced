//! A bill is unsigned. One that lies about orders and refunds that there are settles nothing and moves no money, whatever it says.

use std::fs::File;
use std::io::Write;

use serde_json::json;
use wechat_pay::deal::{AccountId, DifferenceKind, DifferenceState, Finding};
use wechat_pay::gateway::{Fetch, Rehearsal};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use super::shop::{DAY, Shop, in_words};
use crate::refunds::books::{refund_directly, states};
use crate::support::on_both_engines;
use crate::support::overheard_wechat::OverheardWeChat;
use crate::support::stub::Reply;
use crate::telling::told::told_of;

/// From now on bills of trades say this instead.
fn bills_say(wechat: &OverheardWeChat, words: &[(String, String)]) {
    let words = words.to_vec();
    wechat.answers_by(move |api, _, carry_out| {
        let said = carry_out();
        let of_bill = api == "downloadbill";
        Reply::Body(if of_bill { words.iter().fold(said, |said, (from, to)| said.replace(from, to)) } else { said })
    });
}

on_both_engines! {
    async fn an_order_that_nobody_paid_stays_unpaid(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let (paid, unpaid) = (wechat.paid(&shop.app).await, shop.app.to_pay("19.90").await);
        let books = shop.books().await;
        bills_say(&wechat, &[(paid.id.clone(), unpaid.id.clone())]);
        shop.morning();
        let before = wechat.heard("orderquery").len();
        shop.look().await;
        let mut told = shop.differs().await;
        told.sort();
        assert_eq!(told, ["PAID_HERE_ONLY EXPLAINED 1990/-", "PAID_THERE_ONLY OPEN -/1990"]);
        let lie = shop.differences_on(DAY).await.into_iter().find(|one| one["state"] == "OPEN").unwrap();
        assert_eq!(lie["order_id"], json!(unpaid.id));
        assert!(lie["sentence"].as_str().unwrap().ends_with("请联系微信支付客服，不要据此发货"), "{lie}");
        let asked = &wechat.heard("orderquery")[before..];
        assert_eq!((asked.len(), asked.iter().filter(|body| body.contains(&unpaid.id)).count()), (2, 1), "each was asked about once");
        assert_eq!(shop.books().await, books);
        assert_eq!((shop.look().await, wechat.heard("orderquery").len()), (0, before + 2), "an answered question is not asked again");
    }

    async fn a_payment_that_stands_there_twice_is_paid_once(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let paid = wechat.paid(&shop.app).await;
        let (books, order_id) = (shop.books().await, paid.id.clone());
        wechat.answers_by(move |api, _, carry_out| {
            let said = carry_out();
            let row = said.lines().find(|line| line.contains(&order_id)).filter(|_| api == "downloadbill");
            Reply::Body(row.map(|row| said.replacen(row, &format!("{row}\r\n{row}"), 1)).unwrap_or(said))
        });
        shop.morning();
        shop.look().await;
        let twice: Vec<_> = shop.differences_on(DAY).await.into_iter().filter(|one| one["order_id"] == paid.id.as_str()).collect();
        let [twice] = &twice[..] else { panic!("{twice:?}") };
        assert_eq!(in_words(twice), "SUMMARY OPEN -/1990");
        assert!(twice["sentence"].as_str().unwrap().contains("同一笔收款或退款出现了两次"), "{twice}");
        assert_eq!((shop.books().await, shop.state().await.0), (books, "DIFFERENT".to_owned()));
    }

    async fn a_refund_stays_as_wechat_signed_it(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let (given_back, other) = (wechat.paid(&shop.app).await, wechat.paid(&shop.app).await);
        let refund = refund_directly(&shop.app, &given_back, "first", 500).await.refund;
        let books = shop.books().await;
        // The refund is said to be of the other order, too large, and by another number of WeChat's.
        let number = refund.wechat_refund_id.clone().unwrap();
        bills_say(&wechat, &[(format!("`{number},"), "`50300000002026040199999999999,".to_owned())]);
        shop.morning();
        shop.look().await;
        let mut told = shop.differs().await;
        told.sort();
        assert_eq!(told, ["REFUND_HERE_ONLY EXPLAINED 500/-", "REFUND_THERE_ONLY OPEN 500/500"]);
        assert_eq!(shop.books().await.0, books.0);
        assert_eq!((states(&shop.app, &given_back).await, states(&shop.app, &other).await), (vec!["SUCCESS".to_owned()], Vec::new()));
        assert_eq!((wechat.heard("refund").len(), told_of(&shop.app, &other).await), (1, vec!["deal.paid".to_owned()]));
    }

    async fn wechat_s_signed_word_that_does_not_fit_either_raises_its_alarm_and_changes_nothing(engine) {
        let wechat = OverheardWeChat::new().await;
        let shop = Shop::on(&wechat, engine).await;
        let unpaid = shop.app.to_pay("19.90").await;
        wechat.world().pay(&unpaid.id, None, Some(wechat_pay::simulator::Notify::Lost), wechat.clock.now()).unwrap();
        let books = shop.books().await;
        let message = crate::support::wechat_message::WeChatMessage::paid_state(&unpaid.id, 1).signed();
        wechat.answers_by(move |api, _, carry_out| {
            let said = carry_out();
            Reply::Body(if api == "orderquery" { message.clone() } else { said })
        });
        shop.morning();
        shop.look().await;
        assert_eq!((shop.differs().await, shop.state().await), (vec!["PAID_THERE_ONLY OPEN -/1990".to_owned()], ("DIFFERENT".to_owned(), 1, 1)));
        let sentence = shop.differences_on(DAY).await.remove(0)["sentence"].to_string();
        assert!(sentence.contains("微信签名的结果与本地也不符"), "{sentence}");
        assert_eq!((shop.books().await, shop.app.alarms()), (books, (0, 1)));
    }

    async fn a_file_from_who_knows_where_settles_what_wechat_signs_and_no_more(engine) {
        let shop = Shop::open(engine).await;
        let app = &shop.app;
        let (unheard, unpaid) = (shop.paid_unheard().await, app.to_pay("19.90").await);
        shop.morning();
        let file = format!(
            "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,\
             微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n{}{}\
             总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n`2,`39.80,`0.00,`0.00,`0.24000,`39.80,`0.00\n",
            line(&unheard.id, app.wechat().order(&unheard.id).unwrap().transaction_id.as_deref().unwrap()),
            line(&unpaid.id, "4200000001202604010000000001"),
        );
        let Rehearsal { open, found, days, .. } = rehearsed(&shop, &file).await;
        let told: Vec<_> = found.iter().map(|one| (one.order_id.as_deref().unwrap(), one.kind, one.state, one.finding)).collect();
        let expected = [
            (&*unheard.id, DifferenceKind::PaidThereOnly, DifferenceState::Healed, Some(Finding::Settled)),
            (&*unpaid.id, DifferenceKind::PaidThereOnly, DifferenceState::Open, Some(Finding::NotPaid)),
        ];
        assert_eq!((told, open, days), (expected.to_vec(), 1, Some((DAY.parse().unwrap(), DAY.parse().unwrap()))));
        let look = app.look().await;
        assert_eq!((look.status(&unheard.id).await, look.status(&unpaid.id).await), (1, 0));
        assert!(shop.bills(DAY, DAY).await.is_empty() && shop.differences_on(DAY).await.is_empty(), "neither is kept");
    }
}

fn line(order_id: &str, transaction_id: &str) -> String {
    format!(
        "`2026-04-01 12:00:00,`a,`{},`0,`,`{transaction_id},`{order_id},`o,`NATIVE,`SUCCESS,`CFT,`CNY,`19.90,`0.00,`0,`0,`0.00,`0.00,`,`,`x,`,`0.12000,`0.60%,\
         `19.90,`0.00,`\n",
        DEFAULT_MERCHANT.mch_id
    )
}

async fn rehearsed(shop: &Shop, text: &str) -> Rehearsal {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    File::create_new(&path).unwrap().write_all(text.as_bytes()).unwrap();
    let told = shop.app.gateway().rehearse(&AccountId::default(), None, File::open(&path).unwrap()).await.unwrap();
    assert!(shop.reconcile("2026-03-31", Fetch::IfMissing).await.is_ok(), "what is kept is another matter");
    told
}
