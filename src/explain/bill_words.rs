//! What a story says of WeChat's bills, in both languages side by side.

use crate::channel::{BillError, BillRow, PaymentRow, RefundRow};
use crate::deal::{Day, Difference, DifferenceState, fee_in_yuan, yuan};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, is_obeyed, pair, text};
use crate::store::BillOutcome;
use crate::told::difference_sentence;

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
        Some(BillOutcome::Missing | BillOutcome::Compared) | None => text(
            format!("  WeChat's bill of {day}, the day of its payment, is not there yet."),
            format!("  微信 {day}（付款当天）的账单还没有拿到。"),
        ),
    }
}

pub fn unreadable(day: Day, error: &BillError) -> Text {
    text(format!("  The bill of {day} that is kept cannot be read: {error}."), format!("  保存的 {day} 账单读不出来：{error}。"))
}

/// What differed, and what became of it.
pub fn difference(difference: &Difference) -> Text {
    let Difference { id, day, found, explained_by, note, .. } = difference;
    let state = match found.state {
        DifferenceState::Open => pair("open", "未处理"),
        DifferenceState::Healed => pair("healed", "已补上"),
        DifferenceState::Explained => pair("explained", "已说明"),
    };
    let sentence = difference_sentence(found);
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
}
