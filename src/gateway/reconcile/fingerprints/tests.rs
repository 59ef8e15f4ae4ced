use super::*;
use crate::deal::{DealStatus, Timestamp};

fn line(order_id: &str, transaction_id: &str, fen: i64) -> PaymentRow {
    PaymentRow {
        paid_at: Timestamp::UNIX_EPOCH,
        appid: "wx1".to_owned(),
        mch_id: "1".to_owned(),
        sub_mch_id: None,
        transaction_id: transaction_id.to_owned(),
        order_id: order_id.to_owned(),
        is_cny: true,
        total_fee: Fen::new(fen).unwrap(),
        settlement_fee: fen,
        coupon_fee: 0,
        fee: 0,
    }
}

fn deal(order_id: &str, transaction_id: &str, fen: i64) -> BookedDeal {
    BookedDeal {
        id: 1,
        order_id: order_id.parse().unwrap(),
        account: AccountId::default(),
        status: DealStatus::Paid,
        is_wechats: true,
        charged: Fen::new(fen),
        transaction_id: Some(transaction_id.to_owned()),
        transaction_key: Some(transaction_id.to_owned()),
        paid_at: None,
    }
}

fn closed(lines: &[PaymentRow]) -> Fingerprints {
    let mut payments = Fingerprints::of(&AccountId::default());
    lines.iter().for_each(|line| payments.add(line));
    payments.close();
    payments
}

#[test]
fn a_deal_is_met_by_the_line_that_says_all_the_same_and_by_no_other() {
    let lines = [line("o1", "t1", 5), line("o2", "t2", 6), PaymentRow { is_cny: false, ..line("o3", "t3", 7) }];
    for (deal, is_met) in [
        (deal("o1", "t1", 5), true),
        (deal("o1", "t1", 6), false),
        (deal("o1", "t2", 5), false),
        (deal("o2", "t1", 5), false),
        (deal("o3", "t3", 7), false),
        (BookedDeal { transaction_key: None, ..deal("o2", "t2", 6) }, true),
        (BookedDeal { transaction_key: Some("t9".to_owned()), ..deal("o2", "t2", 6) }, false),
        (BookedDeal { transaction_key: None, transaction_id: None, ..deal("o2", "t2", 6) }, false),
        (BookedDeal { charged: None, ..deal("o1", "t1", 5) }, false),
    ] {
        assert_eq!(closed(&lines).meet(&deal), is_met, "{deal:?}");
    }
}

#[test]
fn a_line_is_read_once_and_only_if_it_was_met() {
    let lines = [line("o1", "t1", 5), line("o1", "t1", 5), line("o2", "t2", 6)];
    let mut payments = closed(&lines);
    assert!(payments.meet(&deal("o1", "t1", 5)));
    assert_eq!(lines.each_ref().map(|line| payments.read(line)), [true, false, false], "the second line and the other order are looked up");
}

#[test]
fn a_payment_of_another_account_of_the_same_numbers_is_another() {
    let mut payments = Fingerprints::of(&"shop2".parse().unwrap());
    payments.add(&line("o1", "t1", 5));
    payments.close();
    assert!(!payments.meet(&deal("o1", "t1", 5)), "its key is the account default's");
    assert!(payments.meet(&BookedDeal { transaction_key: None, ..deal("o1", "t1", 5) }));
}
