//! Columns by their names, whichever there are.

use super::samples::ALL;
use super::*;

/// 2014: amounts with one decimal or none, fees likewise. (The documents' own example, and a refund of it.)
const A: &str = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率
`2014-11-10 16:33:45,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1001690740201411100005734289,`1415640626,`085e9858e3ba5186aafcbaed1,`MICROPAY,`SUCCESS,`CFT,`CNY,`0.01,`0.0,`0,`0,`0,`0,`,`,`被扫支付测试,`订单额外描述,`0,`0.60%
`2014-11-10 16:46:14,`wx2421b1c4370ec43b,`10000100,`1900000109,`1000,`1001690740201411100005734289,`1415640626,`085e9858e3ba5186aafcbaed1,`MICROPAY,`REFUND,`CFT,`CNY,`0.0,`0.0,`2001690740201411100001,`R1415640626,`0.01,`0.0,`ORIGINAL,`SUCCESS,`被扫支付测试,`订单额外描述,`0,`0.60%
总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额
`2,`0.01,`0.01,`0.0,`0
";

#[test]
fn the_first_generation() {
    let (rows, unreadable, end) = read(A.as_bytes());
    assert!(unreadable.is_empty() && end.agrees, "{unreadable:?} {end:?}");
    let [Row::Payment(payment), Row::Refund(refund)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((payment.total_fee.get(), payment.settlement_fee, payment.coupon_fee, payment.fee), (1, 1, 0, 0));
    assert_eq!((refund.refund_fee.get(), refund.settlement_refund_fee, refund.coupon_refund_fee), (1, 1, 0));
    assert_eq!((payment.sub_mch_id.as_deref(), refund.sub_mch_id.as_deref()), (None, Some("1900000109")));
    let stated = end.summary.unwrap();
    assert_eq!(stated.len(), 5);
    assert_eq!(stated[1], StatedSum { name: "应结订单总金额", stated: 1, counted: 1 });
}

#[test]
fn the_second_generation() {
    let b = A.replace("总代金券或立减优惠退款金额", "总企业红包退款金额").replace("代金券或立减优惠", "企业红包");
    let b = b.replace(",`0.0,", ",`0.00,").replace("`0,`0.60%", "`0.00000,`0.60%");
    assert_eq!(read(b.as_bytes()), read(A.as_bytes()));
}

#[test]
fn columns_in_another_order_and_columns_that_are_new() {
    let (header, rows) = ALL.split_once('\n').unwrap();
    let backwards = |cells: Vec<&str>| cells.into_iter().rev().map(str::to_owned).collect::<Vec<_>>();
    let line = |row: &str| format!("`{},`new", backwards(row.strip_prefix('`').unwrap().split(",`").collect()).join(",`"));
    let turned = |line_of: &str| if line_of.starts_with('`') && line_of.len() > 200 { line(line_of) } else { line_of.to_owned() };
    let rows: Vec<_> = rows.lines().map(turned).collect();
    let file = format!("{},新的\n{}\n", backwards(header.split(',').collect()).join(","), rows.join("\n"));
    assert_eq!(read(file.as_bytes()), read(ALL.as_bytes()));
}

#[test]
fn a_column_that_is_missing_or_comes_twice_is_told() {
    let columns: Vec<_> = ALL.lines().next().unwrap().split(',').collect();
    let needed = [
        "交易时间",
        "公众账号ID",
        "商户号",
        "微信订单号",
        "商户订单号",
        "交易状态",
        "货币种类",
        "应结订单金额",
        "代金券金额",
        "手续费",
        "订单金额",
    ];
    for column in &columns {
        let others: Vec<_> = columns.iter().filter(|name| *name != column).copied().collect();
        match BillReader::new(others.join(",").as_bytes()) {
            Err(BillError::MissingColumn(missing)) => assert!(missing == *column && needed.contains(column), "{missing}, {column}"),
            read => assert!(read.is_ok() && !needed.contains(column), "{column}"),
        }
        let twice = format!("{},{column}", columns.join(","));
        assert!(matches!(refused(twice.as_bytes()), BillError::NotABill), "{column}");
    }
}

/// A refund without its number or its amount is none, whatever columns the file has.
#[test]
fn a_refund_among_payments_alone_cannot_be_read() {
    let file = replaced(super::samples::SUCCESS, "`SUCCESS", "`REFUND");
    assert_eq!(faults(&file), [(2, LineFault::Cell("微信退款单号"))]);
}

#[test]
fn a_payment_that_was_taken_back_is_a_refund_even_without_numbers() {
    let refund = "`REFUND,`CMB_CREDIT,`CNY,`0.00,`0.00,`50303108562024011601487282563,`R20240116100001_1";
    let file = replaced(ALL, refund, "`REVOKED,`CMB_CREDIT,`CNY,`0.00,`0.00,`0,`0");
    let (rows, unreadable, end) = read(file.as_bytes());
    assert!(unreadable.is_empty() && end.agrees, "{unreadable:?} {end:?}");
    let Row::Refund(reversal) = &rows[2] else { panic!("{rows:?}") };
    assert!(reversal.is_reversal);
    assert_eq!((&reversal.refund_id, &reversal.wechat_refund_id, reversal.refund_fee.get()), (&None, &None, 4400));
}

#[test]
fn words_that_are_new() {
    let file = replaced(ALL, "`ORIGINAL,`PROCESSING", "`ORIGINAL,`SOMETHING");
    let Row::Refund(refund) = &read(file.as_bytes()).0[4] else { panic!() };
    assert_eq!(refund.state, None);
    let file = replaced(ALL, "`NATIVE,`SUCCESS", "`NATIVE,`SOMETHING");
    assert_eq!(faults(&file), [(2, LineFault::Cell("交易状态"))]);
    let Row::Payment(payment) = &read(ALL.replace("`CNY", "`USD").as_bytes()).0[0] else { panic!() };
    assert!(!payment.is_cny);
}
