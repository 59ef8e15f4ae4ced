//! Deals as CSV (RFC 4180), for spreadsheets and for programs.
//!
//! A spreadsheet takes a cell for what it looks like: a seller's description that begins with `=` would be a
//! formula, and an order's number a double of fifteen digits, 2.02611E+31. So a text that could be a formula has an apostrophe
//! before it, and one that could be a number, a date or a truth value has a tab behind it, as the bills of Alipay have: Excel and WPS keep
//! both as the texts that they are, and a program takes the tab off with other white space. Amounts are numbers, and times are times.

use std::fmt::Write;

use crate::deal::{BeijingTime, Deal, Fen, Timestamp};

use super::deal::status;

/// Before everything: by it Excel knows UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The first line: for people, and by the API's names for programs.
const HEADER: &str = "订单号 order_id,商户编号 merchant_id,商品编号 product_id,金额(元) price,金额(分) total_fee,状态 status,\
    微信支付单号 transaction_id,支付时间 paid_at,下单时间 created_at,失效时间 expires_at,账户 account,支付方式 trade_type,\
    商品描述 description,商户单号 reference,已退款(元) refunded\r\n";

/// What comes first, with the first deals.
pub fn beginning(deals: &[Deal]) -> String {
    [BYTE_ORDER_MARK, HEADER, &lines(deals)].concat()
}

/// A line for each deal.
pub fn lines(deals: &[Deal]) -> String {
    deals.iter().map(line).collect()
}

/// The line of a deal. Times are Beijing's.
fn line(deal: &Deal) -> String {
    let time = |time: Timestamp| BeijingTime::from(time).naive().to_string();
    let optional = |time_or_not: Option<Timestamp>| time_or_not.map(time).unwrap_or_default();
    let text = |text_or_not: Option<&str>| text_or_not.map(cell).unwrap_or_default();
    let mut line = String::with_capacity(256);
    let cells = [
        cell(deal.order_id.as_str()),
        deal.merchant_id.to_string(),
        deal.product_id.to_string(),
        deal.charged.map(Fen::yuan).unwrap_or_default(),
        deal.charged.map(|fee| fee.get().to_string()).unwrap_or_default(),
        status(deal.status).to_owned(),
        text(deal.transaction_id.as_deref()),
        optional(deal.paid_at),
        time(deal.created_at),
        optional(deal.expires_at),
        cell(deal.account.as_str()),
        deal.trade_type.as_str().to_owned(),
        text(deal.details.description.as_ref().map(|description| description.as_str())),
        text(deal.details.reference.as_ref().map(|reference| reference.as_str())),
        Fen::yuan_or_nothing(deal.refunded.fee),
    ];
    for (number, cell) in cells.iter().enumerate() {
        let _ = write!(line, "{}{cell}", if number == 0 { "" } else { "," });
    }
    line.push_str("\r\n");
    line
}

/// A text as a cell: harmless, and quoted where it must be.
fn cell(text: &str) -> String {
    let before = if is_like_a_formula(text) { "'" } else { "" };
    let behind = if is_like_a_number(text) { "\t" } else { "" };
    let is_plain = !text.contains(['"', ',', '\r', '\n']) && text.trim_matches(' ').len() == text.len();
    if is_plain { format!("{before}{text}{behind}") } else { format!("\"{before}{}{behind}\"", text.replace('"', "\"\"")) }
}

/// Also with blanks before it, and in full width, of which some programs make the narrow one.
fn is_like_a_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Anything with a number in it, for spreadsheets know many forms of dates (MAR-8, 4月1日) and numbers ((5), full width), in many languages;
/// and their truth values.
fn is_like_a_number(text: &str) -> bool {
    let is_truth_value = ["TRUE", "FALSE"].iter().any(|word| text.trim().eq_ignore_ascii_case(word));
    !is_like_a_formula(text) && (text.contains(char::is_numeric) || is_truth_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+86 138", "'+86 138"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠a", "'＠a"),
            ("\t=1", "'\t=1"),
            (" =1", "\"' =1\""),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("红茶=好茶", "红茶=好茶"),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_a_number_or_a_date_stays_a_text() {
        for text in ["20260401120000123456789012345678", "1E5", "1-2", "2026/04/01", "12:30", "007", "5%", "A-7", "红茶 2 盒"] {
            assert_eq!(cell(text), format!("{text}\t"));
        }
        for text in ["MAR-8", "4月1日", "(5)", "１２３４５６７８９０１２３４５６７８", "½", "TRUE", "false", "True"] {
            assert_eq!(cell(text), format!("{text}\t"));
        }
        assert_eq!(cell("1,5"), "\"1,5\t\"");
        for text in ["e", "红茶", "TRUELY", "a true one"] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn quotes_and_commas_are_written_as_the_standard_has_it() {
        assert_eq!(
            (cell("a,b"), cell("a\"b"), cell(" a"), cell("a\nb")),
            ("\"a,b\"".into(), "\"a\"\"b\"".into(), "\" a\"".into(), "\"a\nb\"".into())
        );
    }
}
