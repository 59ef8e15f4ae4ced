//! What `wechat-pay reconcile` says, in both languages side by side.

use crate::deal::{AccountId, Bill, BillState, BillSums, Day, DifferenceState, Found, fee_in_yuan, yuan};
use crate::gateway::ReconcileError;
use crate::language::Language::{Chinese, English};
use crate::language::{Language, Text, is_obeyed, padded, pair, text};
use crate::told::difference_sentence;

/// The columns of a list of bills; amounts in yuan.
static HEADINGS: [Text; 10] = [
    pair("Day", "日期"),
    pair("Account", "账户"),
    pair("Books", "对账"),
    pair("Payments", "支付笔数"),
    pair("Paid", "支付金额"),
    pair("Refunds", "退款笔数"),
    pair("Back", "退款金额"),
    pair("Fee", "手续费"),
    pair("Differences", "差异"),
    pair("Open", "未处理"),
];

/// So many columns of a terminal for each.
const WIDTHS: [usize; 9] = [12, 14, 12, 10, 14, 10, 14, 12, 13];

fn line(cells: [&str; 10]) -> String {
    let [rest @ .., last] = cells;
    let padded: String = rest.iter().zip(WIDTHS).map(|(cell, width)| padded(cell, width)).collect();
    format!("{padded}{last}\n")
}

pub fn head(language: Language) -> String {
    line(HEADINGS.each_ref().map(|heading| heading.read(language)))
}

/// A bill in a line.
pub fn row(bill: &Bill, language: Language) -> String {
    let Bill { account, day, state, sums, differences, open, .. } = bill;
    let counts = [sums.payments, sums.refunds, *differences, *open].map(|count| count.to_string());
    line([
        &day.to_string(),
        account.as_str(),
        self::state(*state).read(language),
        &counts[0],
        &yuan(sums.paid_fee),
        &counts[1],
        &yuan(sums.refunded_fee),
        &fee_in_yuan(sums.fee),
        &counts[2],
        &counts[3],
    ])
}

fn state(state: BillState) -> Text {
    match state {
        BillState::Agreed => pair("agree", "一致"),
        BillState::Different => pair("DIFFER", "有差异"),
        BillState::Missing => pair("no bill", "没有账单"),
        BillState::NoTrades => pair("no trades", "当日无交易"),
    }
}

/// Why there is nothing to hold the books against.
pub fn missing(bill: &Bill) -> Option<Text> {
    let (day, account) = (bill.day, &bill.account);
    let detail = bill.detail.as_deref().map(|detail| detail.replace(is_obeyed, "")).unwrap_or_default();
    let (why, why_zh) = if detail.is_empty() { Default::default() } else { (format!(" ({detail})"), format!("（{detail}）")) };
    (bill.state == BillState::Missing).then(|| {
        text(
            format!("The bill of {day} of the account {account} is not to be had{why}: WeChat makes it until 10 in the morning of the day after."),
            format!("{day} 账户 {account} 的账单还拿不到{why_zh}：微信在次日上午 10 点之前生成。"),
        )
    })
}

/// A difference in a line. The numbers of one in a file may be another program's, and are shown without what a terminal obeys.
pub fn difference(id: Option<i64>, found: &Found) -> Text {
    let number = id.map(|id| format!("#{id} ")).unwrap_or_default();
    let state = match found.state {
        DifferenceState::Open => pair("OPEN", "未处理"),
        DifferenceState::Healed => pair("healed", "已补上"),
        DifferenceState::Explained => pair("explained", "已说明"),
    };
    let (about, about_zh) = about(found);
    let sentence = difference_sentence(found);
    let plain = |sentence: &str| sentence.replace(is_obeyed, "");
    text(
        format!("  {number}{}{about}: {}.", state.read(English), plain(sentence.read(English))),
        format!("  {number}{}{about_zh}：{}。", state.read(Chinese), plain(sentence.read(Chinese))),
    )
}

/// Which order or refund, and how much of it either side has.
fn about(found: &Found) -> (String, String) {
    let (mut english, mut chinese) = (String::new(), String::new());
    let numbers =
        [("refund", "退款", &found.refund_id), ("order", "订单", &found.order_id), ("transaction", "微信支付单号", &found.transaction_id)];
    for (name, name_zh, number) in numbers {
        if let Some(number) = number.as_deref().map(|number| number.replace(is_obeyed, "")) {
            english += &format!(", {name} {number}");
            chinese += &format!("，{name_zh} {number}");
        }
    }
    // Of a file that is wrong in itself the unit is not always fen.
    if found.order_id.is_some() || found.refund_id.is_some() || found.transaction_id.is_some() {
        for (side, side_zh, fee) in [("here", "本地", found.ours_fee), ("in the bill", "账单", found.theirs_fee)] {
            if let Some(fee) = fee.map(yuan) {
                english += &format!(", {side} {fee} yuan");
                chinese += &format!("，{side_zh} {fee} 元");
            }
        }
    }
    (english, chinese)
}

pub fn more(left: i64) -> Text {
    text(
        format!("  … and {left} more: GET /wxPay/bills/{{date}}/differences has those that are kept."),
        format!("  ……还有 {left} 条：已保存的见 GET /wxPay/bills/{{date}}/differences。"),
    )
}

/// Which days a file has.
pub fn of_file(first: Day, last: Day, account: &AccountId) -> Text {
    let (days, days_zh) =
        if first == last { (first.to_string(), first.to_string()) } else { (format!("{first} to {last}"), format!("{first} 到 {last}")) };
    text(
        format!("The file has {days}, and was held against the books of the account {account}. Neither it nor what differs is kept."),
        format!("文件内容为 {days_zh}，已与账户 {account} 的账目核对；文件和差异都不保存。"),
    )
}

pub fn sums(sums: &BillSums) -> Text {
    let BillSums { payments, refunds, .. } = sums;
    let (paid, back, fee) = (yuan(sums.paid_fee), yuan(sums.refunded_fee), fee_in_yuan(sums.fee));
    text(
        format!("Payments: {payments}, {paid} yuan. Refunds: {refunds}, {back} yuan. WeChat's fee: {fee} yuan."),
        format!("支付 {payments} 笔，{paid} 元；退款 {refunds} 笔，{back} 元；手续费 {fee} 元。"),
    )
}

/// What it comes to.
pub fn end(is_agreed: bool, is_missing: bool) -> Text {
    match (is_agreed, is_missing) {
        (true, _) => pair("The books agree.", "账目一致。"),
        (false, true) => pair("The books could not be held against every bill.", "有账单未能核对。"),
        (false, false) => pair(
            "The books differ. Once an open difference is looked into, say why: POST /wxPay/bills/differences/{id}/explain.",
            "有未处理的差异。查清之后请说明原因：POST /wxPay/bills/differences/{id}/explain。",
        ),
    }
}

pub fn no_such_account(account: &AccountId) -> Text {
    text(format!("the configuration has no account {account}"), format!("配置里没有账户 {account}"))
}

pub fn not_over(day: Day) -> Text {
    text(
        format!("the bill of {day} is not there yet: WeChat makes it in the morning of the day after, until 10 o'clock"),
        format!("{day} 的账单还没有：微信在次日上午 10 点之前生成"),
    )
}

/// Of a bill that was not come by.
pub fn failed(account: &AccountId, day: Day, error: &ReconcileError) -> Text {
    text(
        format!("the books were not held against the bill of {day} of the account {account}: {error}"),
        format!("未能核对账户 {account} 在 {day} 的账单：{error}"),
    )
}

/// Of a file that is none.
pub fn unread(error: &ReconcileError) -> Text {
    text(format!("the books were not held against the file: {error}"), format!("未能核对这个文件：{error}"))
}
