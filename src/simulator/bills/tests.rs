//! The form of the files, against the samples of the protocol's description: their bytes by length and SHA-1.

use sha1::{Digest, Sha1};

use super::form::BillType;
use super::line::{Line, RefundPart};
use super::movement::{Movement, MovementKind};
use super::sheet::Sheet;
use super::{BillGeneration, columns, fund_flow};
use crate::deal::{BeijingTime, Timestamp};
use crate::simulator::RefundState;

fn at(compact: &str) -> Timestamp {
    BeijingTime::from_compact(compact).unwrap().timestamp()
}

/// Length and SHA-1.
fn fingerprint(sheet: &Sheet) -> (usize, String) {
    let text = sheet.text();
    (text.len(), Sha1::digest(&text).iter().map(|b| format!("{b:02x}")).collect())
}

/// A payment: when, its numbers, what, and its amounts: total, settled, coupon, fee.
fn payment(compact: &str, [transaction_id, out_trade_no]: [&str; 2], [trade_type, bank]: [&str; 2], amounts: [i64; 4]) -> Line {
    let is_tea = trade_type == "JSAPI";
    Line {
        at: at(compact),
        appid: "wxd930ea5d5a258f4f".to_owned(),
        mch_id: "10000100".to_owned(),
        sub_mch_id: None,
        device: String::new(),
        transaction_id: transaction_id.to_owned(),
        out_trade_no: out_trade_no.to_owned(),
        openid: "oUpF8uMEb4qRXf22hE3X68TekukE".to_owned(),
        trade_type: trade_type.to_owned(),
        bank: bank.to_owned(),
        goods: if is_tea { "奶茶,大杯" } else { "会员充值" }.to_owned(),
        attach: if is_tea { r#"{"a":1,"b":"x,y"}"# } else { "" }.to_owned(),
        total: amounts[0],
        settled: amounts[1],
        coupon: amounts[2],
        fee: amounts[3],
        refund: None,
    }
}

/// A refund of a payment: when, its numbers, and its amounts: asked, settled, to coupons.
fn given_back(of: &Line, compact: &str, [refund_id, out_refund_no]: [&str; 2], amounts: [i64; 3], arrived_at: Option<&str>) -> Line {
    let part = RefundPart {
        refund_id: refund_id.to_owned(),
        out_refund_no: out_refund_no.to_owned(),
        asked: amounts[0],
        settled: amounts[1],
        to_coupons: amounts[2],
        state: if arrived_at.is_some() { RefundState::Success } else { RefundState::Processing },
        arrived_at: arrived_at.map(at),
    };
    Line { at: at(compact), ..of.clone().given_back(part) }
}

/// The lines of the samples.
fn lines() -> Vec<Line> {
    let native =
        payment("20240116100102", ["4200002100202401160000000001", "20240116100001"], ["NATIVE", "CMB_CREDIT"], [8800, 8000, 800, 48]);
    let tea = payment("20240116110506", ["4200002100202401160000000002", "20240116110002"], ["JSAPI", "OTHERS"], [5000, 5000, 500, 30]);
    let of_before =
        payment("20240115090009", ["4200002100202401150000000009", "20240115090009"], ["NATIVE", "PSBC_DEBIT"], [2000, 2000, 0, 12]);
    let refunds = [
        given_back(
            &native,
            "20240116120000",
            ["50303108562024011601487282563", "R20240116100001_1"],
            [4400, 4000, 0],
            Some("20240116120004"),
        ),
        given_back(
            &tea,
            "20240116121000",
            ["50303108562024011601487282564", "R20240116110002_1"],
            [1000, 1000, 100],
            Some("20240116121003"),
        ),
        given_back(&of_before, "20240116235950", ["50303108562024011601487282565", "R20240115090009_1"], [2000, 2000, 0], None),
    ];
    [native, tea].into_iter().chain(refunds).collect()
}

fn of_type(bill_type: BillType) -> Vec<Line> {
    lines().into_iter().filter(|line| bill_type.has(line)).collect()
}

#[test]
fn the_samples_come_out_byte_for_byte() {
    for (bill_type, length, sha1) in [
        (BillType::All, 2027, "a63264279d109249c1feadf26e3a29a69b89da1f"),
        (BillType::Success, 911, "a8ff0c600cc9fad7aca77d507451469edc69baf2"),
        (BillType::Refund, 1658, "a1c6e3f1e2d183e92f579533d6148638fea6392a"),
    ] {
        let sheet = columns::sheet(&of_type(bill_type), BillGeneration::C, bill_type);
        assert_eq!(fingerprint(&sheet), (length, sha1.to_owned()), "{}", sheet.text());
    }
}

/// Of the sample all but WeChat's own numbers of the movements, which the simulator makes in another way.
#[test]
fn the_sample_of_the_fund_flow_comes_out_byte_for_byte() {
    let movement = |compact: &str, business_id: &str, kind, amount, balance, voucher: &str| Movement {
        at: at(compact),
        business_id: business_id.to_owned(),
        kind,
        amount,
        balance,
        by: if kind == MovementKind::Refund { "10000100API" } else { "system" }.to_owned(),
        remark: if kind == MovementKind::Refund { "退款总金额40.00元;含手续费0.24元" } else { "" }.to_owned(),
        voucher: voucher.to_owned(),
    };
    let paid = ("20240116100102", "4200002100202401160000000001", "20240116100001");
    let mut sheet = fund_flow::sheet(&[
        movement(paid.0, paid.1, MovementKind::Payment, 8000, 108_000, paid.2),
        movement(paid.0, paid.1, MovementKind::Fee, 48, 107_952, paid.2),
        movement("20240116120002", "50303108562024011601487282563", MovementKind::Refund, 3976, 103_976, "R20240116100001_1"),
    ]);
    for (at, row) in sheet.rows.iter_mut().enumerate() {
        row[2] = format!("190000110120240116000000000{}", at + 1);
    }
    assert_eq!(fingerprint(&sheet), (796, "812e15274d679fcac11752181995efba2efa22cb".to_owned()), "{}", sheet.text());
}

#[test]
fn the_earlier_generations_have_their_own_columns_and_numbers() {
    for (by, bill_type, columns) in [
        (BillGeneration::A, BillType::All, 24),
        (BillGeneration::A, BillType::Success, 18),
        (BillGeneration::A, BillType::Refund, 26),
        (BillGeneration::B, BillType::All, 24),
        (BillGeneration::C, BillType::All, 27),
    ] {
        let sheet = columns::sheet(&of_type(bill_type), by, bill_type);
        assert_eq!(sheet.header.len(), columns, "{by:?} {bill_type:?}");
        assert!(sheet.rows.iter().all(|row| row.len() == columns), "{by:?} {bill_type:?}");
    }
    let text = columns::sheet(&lines(), BillGeneration::A, BillType::All).text();
    let said: Vec<_> = text.split("\r\n").collect();
    assert!(
        said[0].contains("子商户号") && said[0].contains(",总金额,代金券或立减优惠金额,") && said[0].ends_with(",手续费,费率"),
        "{text}"
    );
    assert!(said[1].ends_with("`88.0,`8.0,`0,`0,`0,`0,`,`,`会员充值,`,`0.48,`0.60%"), "{text}");
    assert!(said[3].contains("`0.0,`0.0,`50303108562024011601487282563,`R20240116100001_1,`44.0,`0,`ORIGINAL,`SUCCESS,"), "{text}");
    assert_eq!(said[6..], ["总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额", "`5,`138.0,`74.0,`1.0,`0.36", ""]);
    let text = columns::sheet(&lines(), BillGeneration::B, BillType::All).text();
    assert!(text.contains(",总金额,企业红包金额,") && text.contains("`88.00,`8.00,`0,`0,`0.00,`0.00,"), "{text}");
    assert!(text.ends_with("总企业红包退款金额,手续费总金额\r\n`5,`138.00,`74.00,`1.00,`0.36000\r\n"), "{text}");
}
