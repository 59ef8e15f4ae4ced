//! The sums at a file's end.

use super::samples::{ALL, SUCCESS};
use super::*;

fn with_summary(sample: &str, summary: &str) -> String {
    format!("{}{summary}\n", sample.split_once("总交易单数").unwrap().0)
}

/// The names of the sums that are not what the rows come to.
fn differing(file: &str) -> Vec<&'static str> {
    let end = read(file.as_bytes()).2;
    let names: Vec<_> = end.summary.unwrap().iter().filter(|sum| !sum.agrees()).map(|sum| sum.name).collect();
    assert_eq!(end.agrees, names.is_empty());
    names
}

#[test]
fn four_five_and_seven_sums_are_compared_as_far_as_they_go() {
    for (summary, known) in [
        ("总交易单数,应结订单总金额,手续费总金额,订单总金额\n`2,`130.00,`0.78000,`138.00", 4),
        ("总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额\n`2,`130.00,`0.0,`0,`0.78", 5),
        ("总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额\n`2.0,`130.0,`0.0,`0.0,`0.78", 5),
        ("总交易单数,新的总金额,订单总金额\n`2,`anything,`138.00", 2),
        ("总交易单数\n`2", 1),
    ] {
        let (rows, unreadable, end) = read(with_summary(SUCCESS, summary).as_bytes());
        assert_eq!((rows.len(), unreadable.len(), end.summary.as_ref().map(Vec::len)), (2, 0, Some(known)), "{summary}");
        assert!(end.agrees, "{summary}: {end:?}");
    }
}

#[test]
fn a_sum_that_differs_is_named_with_both_values() {
    for (this, other, name) in [
        ("`5,`130.00", "`6,`130.00", "总交易单数"),
        ("`130.00", "`130.01", "应结订单总金额"),
        ("`70.00,`1.00", "`70.01,`1.00", "退款总金额"),
        ("`1.00,`0.36000", "`1.01,`0.36000", "充值券退款总金额"),
        ("`0.36000", "`0.36001", "手续费总金额"),
        ("`138.00", "`137.99", "订单总金额"),
        ("`74.00\n", "`-74.00\n", "申请退款总金额"),
    ] {
        assert_eq!(differing(&replaced(ALL, this, other)), [name]);
    }
    let end = read(replaced(ALL, "`0.36000", "`0.36001").as_bytes()).2;
    let fees = end.summary.unwrap()[4];
    assert_eq!(fees, StatedSum { name: "手续费总金额", stated: 36001, counted: 36000 });
    assert_eq!(end.sums.payments, 2);
}

#[test]
fn a_file_without_a_row_differs_from_its_summary() {
    let lines: Vec<_> = ALL.lines().collect();
    let without = |left_out: usize| {
        let kept: Vec<_> = lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
        kept.join("\n")
    };
    for row in 1..=5 {
        assert!(differing(&without(row)).contains(&"总交易单数"));
    }
    for half_a_summary in [6, 7] {
        let end = read(without(half_a_summary).as_bytes()).2;
        assert!(end.summary.is_none() && !end.agrees);
    }
}

#[test]
fn a_summary_that_cannot_be_read_is_told_of() {
    for (summary, fault) in [
        ("总交易单数,订单总金额\n`5", LineFault::Cells { expected: 2, found: 1 }),
        ("总交易单数\n`5,`138.00", LineFault::Cells { expected: 1, found: 2 }),
        ("总交易单数\n`5.5", LineFault::Cell("总交易单数")),
        ("总交易单数,订单总金额\n`5,`", LineFault::Cell("订单总金额")),
        ("总交易单数,手续费总金额\n`5,`0.360001", LineFault::Cell("手续费总金额")),
    ] {
        assert_eq!(faults(&with_summary(ALL, summary)), [(8, fault)], "{summary}");
    }
    let twice = with_summary(ALL, "总交易单数,订单总金额,订单总金额\n`5,`138.00,`138.00");
    assert_eq!(faults(&twice), [(7, LineFault::RepeatedName), (8, LineFault::Cells { expected: 27, found: 3 })]);
    assert_eq!(faults(&format!("{ALL}`1\n")), [(9, LineFault::BehindSummary)]);
}

#[test]
fn a_bill_that_is_not_iterated_over_is_summed_up_all_the_same() {
    assert_eq!(BillReader::new(ALL.as_bytes()).unwrap().end().unwrap(), read(ALL.as_bytes()).2);
}

#[test]
fn a_day_without_rows_is_no_difference() {
    let file = with_summary(&format!("{}\n总交易单数", ALL.lines().next().unwrap()), "总交易单数,订单总金额\n`0,`0.00");
    let (rows, _, end) = read(file.as_bytes());
    assert!(rows.is_empty() && end.agrees, "{end:?}");
}
