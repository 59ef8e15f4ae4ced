//! The samples of the protocol's description.

use sha1::{Digest, Sha1};

use super::samples::{ALL, FUND_FLOW, REFUND, SUCCESS, on_the_wire};
use super::*;
use crate::deal::{Fen, RefundState};

fn time(text: &str) -> crate::deal::Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

#[test]
fn they_are_those_whose_sums_were_published() {
    for (sample, length, sum) in [
        (ALL, 2027, "a63264279d109249c1feadf26e3a29a69b89da1f"),
        (SUCCESS, 911, "a8ff0c600cc9fad7aca77d507451469edc69baf2"),
        (REFUND, 1658, "a1c6e3f1e2d183e92f579533d6148638fea6392a"),
        (FUND_FLOW, 796, "812e15274d679fcac11752181995efba2efa22cb"),
    ] {
        let bytes = on_the_wire(sample);
        assert_eq!(bytes.len(), length);
        assert_eq!(Sha1::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>(), sum);
    }
}

#[test]
fn all_of_a_day() {
    let (rows, unreadable, end) = read(&on_the_wire(ALL));
    assert_eq!(unreadable, []);
    let [Row::Payment(first), Row::Payment(second), Row::Refund(third), Row::Refund(_), Row::Refund(last)] = &rows[..] else {
        panic!("{rows:?}")
    };
    let expected = PaymentRow {
        paid_at: time("2024-01-16T10:01:02"),
        appid: "wxd930ea5d5a258f4f".to_owned(),
        mch_id: "10000100".to_owned(),
        sub_mch_id: None,
        transaction_id: "4200002100202401160000000001".to_owned(),
        order_id: "20240116100001".to_owned(),
        is_cny: true,
        total_fee: Fen::new(8800).unwrap(),
        settlement_fee: 8000,
        coupon_fee: 800,
        fee: 48000,
    };
    assert_eq!(*first, expected);
    // A comma within 商品名称, and `","` within the attach.
    assert_eq!((second.order_id.as_str(), second.settlement_fee, second.fee), ("20240116110002", 5000, 30000));
    let expected = RefundRow {
        booked_at: time("2024-01-16T12:00:00"),
        requested_at: None,
        refunded_at: None,
        appid: "wxd930ea5d5a258f4f".to_owned(),
        mch_id: "10000100".to_owned(),
        sub_mch_id: None,
        transaction_id: "4200002100202401160000000001".to_owned(),
        order_id: "20240116100001".to_owned(),
        refund_id: Some("R20240116100001_1".to_owned()),
        wechat_refund_id: Some("50303108562024011601487282563".to_owned()),
        is_reversal: false,
        is_cny: true,
        refund_fee: Fen::new(4400).unwrap(),
        settlement_refund_fee: 4000,
        coupon_refund_fee: 0,
        fee: -24000,
        state: Some(RefundState::Success),
    };
    assert_eq!(*third, expected);
    assert_eq!(last.state, Some(RefundState::Processing));
    let sums = TradeSums {
        payments: 2,
        refunds: 3,
        total_fee: 13800,
        settlement_fee: 13000,
        refund_fee: 7400,
        settlement_refund_fee: 7000,
        coupon_refund_fee: 100,
        fee: 36000,
    };
    assert_eq!(end.sums, sums);
    assert_eq!(end.summary.as_ref().map(Vec::len), Some(7));
    assert!(end.agrees, "{end:?}");
}

#[test]
fn payments_alone_and_refunds_alone() {
    let (rows, unreadable, end) = read(&on_the_wire(SUCCESS));
    assert!(unreadable.is_empty() && end.agrees, "{unreadable:?} {end:?}");
    assert_eq!(rows, read(&on_the_wire(ALL)).0[..2]);

    let (rows, unreadable, end) = read(&on_the_wire(REFUND));
    assert!(unreadable.is_empty() && end.agrees, "{unreadable:?} {end:?}");
    let [Row::Refund(first), _, Row::Refund(last)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((first.requested_at, first.refunded_at), (Some(time("2024-01-16T12:00:00")), Some(time("2024-01-16T12:00:04"))));
    assert_eq!((last.requested_at, last.refunded_at), (Some(time("2024-01-16T23:59:50")), None));
    assert_eq!(end.sums.fee, -42000);
}

#[test]
fn the_fund_flow() {
    let (rows, unreadable, end) = read_through(FundFlowReader::new(&on_the_wire(FUND_FLOW)[..]).unwrap());
    assert_eq!(unreadable, []);
    let kinds: Vec<_> = rows.iter().map(|row| (&row.kind, row.direction, row.amount, row.balance)).collect();
    let expected = [
        (&MovementKind::Payment, Direction::Income, 8000, 108_000),
        (&MovementKind::Fee, Direction::Expense, 48, 107_952),
        (&MovementKind::Refund, Direction::Expense, 3976, 103_976),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(rows[2].booked_at, time("2024-01-16T12:00:02"));
    assert_eq!(rows[2].business_id, "50303108562024011601487282563");
    assert_eq!(rows[2].flow_id, "1900001101202401160000000003");
    assert_eq!(rows[2].voucher.as_deref(), Some("R20240116100001_1"));
    assert_eq!(end.sums, FundFlowSums { incomes: 1, income: 8000, expenses: 2, expense: 4024 });
    assert!(end.agrees, "{end:?}");
}

/// 资金流水 of the documents and of a capture: counts with a decimal, a remark, a kind that is none of ours, a balance below nothing.
#[test]
fn a_fund_flow_as_it_is_printed_elsewhere() {
    let file = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号
`2021-02-01 13:54:01,`50300806962021020105978994968,`4200000920202101197964319284,`退款,`退款关闭,`收入,`0.01,`-0.22,`1601959334API,`缺货,`再来,`S20210201135356381941
`2021-02-01 13:55:01,`1000,`1001,`充值/提现,`提现,`支出,`0.18,`0.00,`somebody@1601959334,`,`
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`2.0,`1.0,`0.01,`1.0,`0.18";
    let (rows, unreadable, end) = read_through(FundFlowReader::new(file.as_bytes()).unwrap());
    assert!(unreadable.is_empty() && end.agrees, "{unreadable:?} {end:?}");
    assert_eq!((&rows[0].kind, rows[0].balance), (&MovementKind::RefundClosed, -22));
    assert_eq!(rows[0].voucher.as_deref(), Some("S20210201135356381941"), "it stands behind a remark with a separator");
    assert_eq!((&rows[1].kind, &rows[1].voucher), (&MovementKind::Other("提现".to_owned()), &None));
    assert!(!format!("{rows:?}").contains("somebody"));
}

#[test]
fn nothing_of_a_payer_is_kept_or_shown() {
    let payer = "oUpF8uMEb4qRXf22hE3X68TekukE";
    assert!(ALL.contains(payer));
    let file = on_the_wire(ALL);
    let mut bill = BillReader::new(&file[..]).unwrap();
    let shown: String = bill.by_ref().map(|row| format!("{row:?}")).collect();
    assert!(shown.contains("20240116110002") && !shown.contains(payer) && !shown.contains("奶茶"), "{shown}");
    assert_eq!(format!("{bill:?}"), "Reader");
    let broken = replaced(ALL, "`2024-01-16 10:01:02", "`2024-01-16  10:01:02");
    let (_, unreadable, end) = read(broken.as_bytes());
    assert_eq!(unreadable[0].to_string(), "line 2: what stands in 交易时间 is not of its form");
    assert!(!format!("{unreadable:?} {end:?}").contains(payer));
}

/// Two rows of the fixture of WeChat's own PHP library, with a summary in the form of its own.
#[test]
fn rows_of_the_official_fixture() {
    let header = ALL.lines().next().unwrap();
    let file = format!(
        "{header}
`2019-02-19 01:52:32,`wxab8acd895ab1638a,`1921000401,`0,`,`4200000263201902167700134902,`autotest_20190219015232_89201,`wxab8acb865bb1637e,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.03,`0.00,`0,`0,`0.00,`0.00,`,`,`autotest,`,`0.01000,`39.00%,`0.03,`0.00,`
`2019-02-19 05:01:46,`wxab8acd895ab1638a,`1921000401,`0,`harryma007,`4200000263201902167700134212,`autotest_20190216081946_82335,`oHkLxtx0vUqe-18p_AXTZ1innxkCY,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50000709672019011908420787722,`REF4200000263201902167700963919,`0.01,`0.00,`ORIGINAL,`SUCCESS,`系统拨测-cheeryin-test_micropay_succ,`,`0.00000,`39.00%,`0.00,`0.01,`
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
`2.0,`0.03,`0.01,`0.0,`0.01,`0.03,`0.01"
    );
    let (rows, unreadable, end) = read(file.as_bytes());
    assert!(unreadable.is_empty() && end.agrees, "{unreadable:?} {end:?}");
    let [Row::Payment(payment), Row::Refund(refund)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((payment.total_fee.get(), payment.fee, payment.order_id.as_str()), (3, 1000, "autotest_20190219015232_89201"));
    assert_eq!((refund.refund_fee.get(), refund.fee), (1, 0));
    assert_eq!(refund.refund_id.as_deref(), Some("REF4200000263201902167700963919"));
}
