//! The traps of the format (PROTOCOL.md, 16.3): what is read all the same, and what is told of.

use super::samples::{ALL, SUCCESS, on_the_wire};
use super::*;

#[test]
fn line_ends_and_the_byte_order_mark_do_not_matter() {
    let whole = read(&on_the_wire(ALL));
    let crlf = ALL.replace('\n', "\r\n");
    let forms = [
        ALL.to_owned(),
        format!("\u{feff}{ALL}"),
        ALL.trim_end().to_owned(),
        crlf.trim_end().to_owned(),
        format!("{crlf}\r\n\r\n"),
        crlf.replace("\r\n", "\r\n\r\n"),
    ];
    for form in forms {
        assert_eq!(read(form.as_bytes()), whole);
    }
}

#[test]
fn a_separator_within_goods_or_attach_moves_nothing() {
    for text in [",`", "a,`b", ",`,`,`0,`0.00", "`,`x`", ",`0.48000,`0.60%,`1.00,`0.00,`"] {
        let goods = ALL.replace("会员充值", text);
        assert_eq!(read(goods.as_bytes()), read(ALL.as_bytes()), "{text}");
        let attach = ALL.replace(r#"{"a":1,"b":"x,y"}"#, text);
        assert_eq!(read(attach.as_bytes()), read(ALL.as_bytes()), "{text}");
    }
}

/// It would shift all cells behind it. The amounts stand there, so they must not be read at other places.
#[test]
fn a_separator_anywhere_else_makes_a_line_unreadable() {
    let device = replaced(ALL, "`0,`,`4200", "`0,`x,`y,`4200");
    let (rows, unreadable, end) = read(device.as_bytes());
    assert_eq!((rows.len(), unreadable.len(), end.agrees), (4, 1, false));
    let remark = replaced(ALL, "`88.00,`0.00,`\n", "`88.00,`0.00,`x,`y\n");
    assert_eq!(faults(&remark), [(2, LineFault::Cell("费率"))]);
}

/// The former sandbox: 25 cells below 27 names, numbers as a spreadsheet shows them, times with two blanks, a summary without a back-tick.
#[test]
fn the_former_sandbox_s_file_is_told_of_line_by_line() {
    let short = replaced(ALL, "`88.00,`0.00,`\n", "`88.00\n");
    assert_eq!(faults(&short), [(2, LineFault::Cells { expected: 27, found: 25 })]);
    let number = replaced(ALL, "50303108562024011601487282563", "4.00123E+27");
    assert_eq!(faults(&number), [(4, LineFault::Cell("微信退款单号"))]);
    let number = replaced(ALL, "4200002100202401160000000001", "4.20000E+27");
    assert_eq!(faults(&number), [(2, LineFault::Cell("微信订单号"))]);
    let time = replaced(ALL, "2024-01-16 10:01:02", "2024-01-16  10:01:02");
    assert_eq!(faults(&time), [(2, LineFault::Cell("交易时间"))]);
    let summary = replaced(ALL, "`5,`130.00", "5,`130.00");
    assert_eq!(faults(&summary), [(8, LineFault::NoRow)]);
    let (rows, _, end) = read(summary.as_bytes());
    assert_eq!((rows.len(), end.summary, end.agrees), (5, None, false));
}

#[test]
fn a_line_end_within_a_text_makes_two_lines_that_are_told_of() {
    let broken = replaced(ALL, "会员充值", "会员\r\n充值");
    assert_eq!(faults(&broken), [(2, LineFault::Cells { expected: 27, found: 21 }), (3, LineFault::NoRow)]);
    let (rows, _, end) = read(broken.as_bytes());
    assert_eq!((rows.len(), end.unreadable, end.agrees), (4, 2, false));
    // A summary of the text's own cannot end the file unnoticed.
    let forged = replaced(ALL, "会员充值", "\n总交易单数\n`0\n");
    assert!(faults(&forged).contains(&(5, LineFault::BehindSummary)));
    assert!(!read(forged.as_bytes()).2.agrees);
}

#[test]
fn half_a_character_harms_only_what_it_stands_in() {
    let whole = read(ALL.as_bytes());
    let with = |this: &str, other: &[u8]| {
        let (before, behind) = ALL.split_once(this).unwrap();
        [before.as_bytes(), other, behind.as_bytes()].concat()
    };
    // 会员 in GBK, and the first byte of three.
    for text in [&b"\xbb\xe1\xd4\xb1"[..], b"\xe4"] {
        assert_eq!(read(&with("会员充值", text)), whole);
    }
    let (rows, unreadable, _) = read(&with("20240116100001", b"2024\xe4"));
    assert_eq!((rows.len(), unreadable[0].fault), (4, LineFault::Cell("商户订单号")));
}

#[test]
fn a_line_that_is_too_long_is_passed_over_and_told_of() {
    let row_of = |length: usize| replaced(ALL, "会员充值", &"长".repeat(length / 3));
    assert_eq!(read(row_of(60_000).as_bytes()), read(ALL.as_bytes()));
    let longer = row_of(10 * 1024 * 1024);
    assert_eq!(faults(&longer), [(2, LineFault::TooLong)]);
    assert_eq!(read(longer.as_bytes()).0, read(ALL.as_bytes()).0[1..]);
    let endless = "x".repeat(lines::LONGEST + 1);
    assert_eq!(faults(&format!("{ALL}{endless}")), [(9, LineFault::TooLong)]);
    assert!(matches!(refused(endless.as_bytes()), BillError::NotABill));
}

#[test]
fn amounts_that_are_none_are_told_of() {
    for (amount, name) in [("`88.00", "订单金额"), ("`80.00", "应结订单金额"), ("`8.00", "代金券金额"), ("`0.48000", "手续费")]
    {
        for none in
            ["", "-", "8.001", "0.480001", "1e3", "+8.00", "8,00", "８", "NaN", "8.", ".8", "99999999999999.00", "-8.00", "0x8", "8 "]
        {
            let file = replaced(ALL, amount, &format!("`{none}"));
            let is_lawful = (name == "手续费" && ["8.001", "-8.00"].contains(&none)).then_some(());
            let expected = if is_lawful.is_some() { vec![] } else { vec![(2, LineFault::Cell(name))] };
            assert_eq!(faults(&file), expected, "{name} {none}");
            assert!(!read(file.as_bytes()).2.agrees);
        }
    }
    assert_eq!(faults(&replaced(ALL, "`88.00", "`0.00")), [(2, LineFault::Cell("订单金额"))], "nobody pays nothing");
}

#[test]
fn what_cannot_be_summed_agrees_with_no_summary() {
    let huge = "`9999999999999.99999";
    let row = replaced(SUCCESS, "`0.48000", huge).lines().nth(1).unwrap().to_owned();
    let header = SUCCESS.lines().next().unwrap();
    let summary = "总交易单数,手续费总金额\n`20,`9999999999999.99999\n";
    let (rows, unreadable, end) = read(format!("{header}\n{}{summary}", format!("{row}\n").repeat(20)).as_bytes());
    assert_eq!((rows.len(), unreadable.len(), end.agrees), (20, 0, false));
    assert_eq!(end.sums.fee, i64::MAX);
}
