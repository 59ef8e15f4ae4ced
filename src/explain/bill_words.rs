//! What a story says of WeChat's bills, in both languages side by side.

use crate::channel::{BillError, BillRow, PaymentRow, RefundRow};
use crate::deal::{Day, Difference, fee_in_yuan, yuan};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, is_obeyed, text};
use crate::store::BillOutcome;
use crate::told::{bill_detail, difference_sentence, difference_state};

use super::words::show;

/// A row of a day's bill about the order.
pub fn row(day: Day, row: &BillRow) -> Text {
    match row {
        BillRow::Payment(payment) => paid(day, payment),
        BillRow::Refund(refund) => given_back(day, refund),
    }
}

fn paid(day: Day, row: &PaymentRow) -> Text {
    let (at, price, settled, fee) = (show(row.paid_at), row.total_fee.yuan(), yuan(row.settlement_fee), fee_in_yuan(row.fee));
    let transaction = plain(&row.transaction_id);
    text(
        format!(
            "  WeChat's bill of {day} has its payment: {price} yuan {at}, transaction {transaction}; {settled} yuan are settled, WeChat's fee \
             is {fee} yuan."
        ),
        format!(
            "  微信 {day} 的账单里有这笔付款：{price} 元，支付时间 {at}，微信支付单号 {transaction}；应结 {settled} 元，手续费 {fee} 元。"
        ),
    )
}

fn given_back(day: Day, row: &RefundRow) -> Text {
    let (at, back, fee) = (show(row.booked_at), row.refund_fee.yuan(), fee_in_yuan(row.fee));
    let number = row.refund_id.as_deref().or(row.wechat_refund_id.as_deref()).map(plain).unwrap_or_default();
    let (stood, stood_zh) =
        row.state.map(|state| (format!(", {}", state.as_str()), format!("，{}", state.description()))).unwrap_or_default();
    text(
        format!("  WeChat's bill of {day} has its refund {number}: {back} yuan {at}{stood}; WeChat's fee is {fee} yuan."),
        format!("  微信 {day} 的账单里有它的退款 {number}：{back} 元，时间 {at}{stood_zh}；手续费 {fee} 元。"),
    )
}

/// Of the day of payment.
pub fn not_there(day: Day) -> Text {
    text(
        format!("  WeChat's bill of {day}, the day of its payment, does not have it."),
        format!("  微信 {day}（付款当天）的账单里没有它。"),
    )
}

/// Of the day of payment, of which no file is kept.
pub fn no_file(day: Day, outcome: Option<BillOutcome>) -> Text {
    match outcome {
        Some(BillOutcome::NoTrades) => text(
            format!("  WeChat says that it has no bill of {day}, the day of its payment."),
            format!("  微信说 {day}（付款当天）没有账单。"),
        ),
        Some(BillOutcome::Compared) => text(
            format!("  The books were held against WeChat's bill of {day}, the day of its payment; its file is not kept any more."),
            format!("  微信 {day}（付款当天）的账单核对过，原文件已不再保存。"),
        ),
        Some(BillOutcome::Missing) | None => text(
            format!("  WeChat's bill of {day}, the day of its payment, is not there yet."),
            format!("  微信 {day}（付款当天）的账单还没有拿到。"),
        ),
    }
}

pub fn unreadable(day: Day, error: &BillError) -> Text {
    let why = bill_detail(&error.to_string());
    text(
        format!("  The bill of {day} that is kept cannot be read: {}.", why.read(English)),
        format!("  保存的 {day} 账单无法解析：{}。", why.read(Chinese)),
    )
}

/// What differed, and what became of it.
pub fn difference(difference: &Difference) -> Text {
    let Difference { id, day, found, explained_by, note, .. } = difference;
    let (state, sentence) = (difference_state(found), difference_sentence(found));
    let (said, said_zh) = match (explained_by, note) {
        (Some(by), Some(note)) => (format!(" {} says: {}.", plain(by), plain(note)), format!("{} 的说明：{}。", plain(by), plain(note))),
        _ => Default::default(),
    };
    text(
        format!("  Difference #{id} from the bill of {day} ({}): {}.{said}", state.read(English), plain(sentence.read(English))),
        format!("  与 {day} 账单的差异 #{id}（{}）：{}。{said_zh}", state.read(Chinese), plain(sentence.read(Chinese))),
    )
}

/// Of a file that is not signed, without what a terminal obeys.
fn plain(text: &str) -> String {
    text.replace(is_obeyed, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_moves_no_cursor() {
        assert_eq!(plain("42\u{1b}[2J\u{202e}1"), "42[2J1");
    }

    #[test]
    fn a_bill_whose_file_was_deleted_was_there() {
        let day = "2026-03-31".parse().unwrap();
        let told = |outcome| no_file(day, outcome).read(English).to_owned();
        assert!(told(Some(BillOutcome::Compared)).contains("is not kept any more"), "{}", told(Some(BillOutcome::Compared)));
        for outcome in [Some(BillOutcome::Missing), None] {
            assert!(told(outcome).contains("is not there yet"), "{}", told(outcome));
        }
    }
}
