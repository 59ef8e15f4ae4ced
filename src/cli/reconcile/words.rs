//! What `wechat-pay reconcile` says, in both languages side by side.

use crate::channel::BillError;
use crate::deal::{AccountId, Bill, BillState, BillSums, Day, DifferenceState, Found, fee_in_yuan, yuan};
use crate::gateway::{NoAccount, ReconcileError};
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
            format!(
                "The bill of {day} of the account {account} is not there, or not whole{why}. WeChat makes it until 10 in the morning of the \
                 day after; the service asks for it again by itself, every hour for a week."
            ),
            format!(
                "账户 {account} 在 {day} 的账单还没有，或不完整{why_zh}。微信在次日上午 10 点之前生成；服务会自动重新下载，一周之内每小时一次。"
            ),
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

/// The same of a file, of which nothing is kept.
pub fn end_of_file(is_agreed: bool) -> Text {
    match is_agreed {
        true => pair("The books agree.", "账目一致。"),
        false => pair("The books differ from the file.", "账目与文件有未处理的差异。"),
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
    let why = why(error);
    text(
        format!("the books were not held against the bill of {day} of the account {account}: {}", why.read(English)),
        format!("未能核对账户 {account} 在 {day} 的账单：{}", why.read(Chinese)),
    )
}

/// Of a file that is none.
pub fn unread(error: &ReconcileError) -> Text {
    let why = why(error);
    text(format!("the books were not held against the file: {}", why.read(English)), format!("未能核对这个文件：{}", why.read(Chinese)))
}

fn why(error: &ReconcileError) -> Text {
    let english = error.to_string().replace(is_obeyed, "");
    let chinese = match error {
        ReconcileError::NoAccount(NoAccount(account)) => format!("配置里没有账户 {account}"),
        ReconcileError::TakenOver => "另一个实例正在核对这份账单，请稍后再试".to_owned(),
        ReconcileError::Store(_) => format!("数据库不可用（{english}）"),
        ReconcileError::Bill(error) => match error {
            BillError::NoBillExists => "微信说没有这一天的账单".to_owned(),
            BillError::BillCreating => "微信还在生成这一天的账单".to_owned(),
            BillError::SystemError => "微信暂时无法生成账单，请稍后再试".to_owned(),
            BillError::Refused(refusal) => format!("微信拒绝了请求：{refusal}").replace(is_obeyed, ""),
            BillError::Certificate(_) => format!("微信不认可 API 证书（{english}）"),
            BillError::Call(_) => format!("没有收到微信的完整应答（{english}）"),
            BillError::Digest => "文件与应答头 Digest 不符".to_owned(),
            BillError::NotABill => "不是账单文件".to_owned(),
            BillError::MissingColumn(column) => format!("文件里没有这一列：{column}"),
            BillError::Elsewhere => "是其他日期或其他商户号的账单".to_owned(),
            BillError::Cut => "文件没有末尾的合计，不完整".to_owned(),
            BillError::Read(_) => "账单文件读不出来".to_owned(),
        },
    };
    text(english, chinese)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::{DifferenceKind, Finding};

    fn bill(state: BillState, detail: Option<&str>) -> Bill {
        Bill {
            id: 1,
            account: AccountId::default(),
            day: "2026-11-25".parse().unwrap(),
            state,
            sums: BillSums { payments: 12, paid_fee: 23_880, refunds: 1, refunded_fee: 500, fee: 140_280 },
            differences: 2,
            open: 1,
            detail: detail.map(str::to_owned),
            at: None,
        }
    }

    #[test]
    fn a_bill_is_a_line_below_its_headings_in_either_language() {
        let told = |language| [head(language), row(&bill(BillState::Different, None), language)].concat();
        assert_eq!(
            told(English),
            "Day         Account       Books       Payments  Paid          Refunds   Back          Fee         Differences  Open\n\
             2026-11-25  default       DIFFER      12        238.80        1         5.00          1.40280     2            1\n"
        );
        assert_eq!(
            told(Chinese),
            "日期        账户          对账        支付笔数  支付金额      退款笔数  退款金额      手续费      差异         未处理\n\
             2026-11-25  default       有差异      12        238.80        1         5.00          1.40280     2            1\n"
        );
    }

    #[test]
    fn what_is_missing_says_why_and_nothing_else_does() {
        let told = missing(&bill(BillState::Missing, Some("WeChat is still making\u{1b}[2J it"))).unwrap();
        assert!(told.read(English).contains("not whole (WeChat is still making[2J it). WeChat makes it until 10"), "{told:?}");
        for state in [BillState::Agreed, BillState::Different, BillState::NoTrades] {
            assert_eq!(missing(&bill(state, Some("a note"))), None);
        }
    }

    #[test]
    fn a_difference_is_a_line_that_moves_no_cursor() {
        let found = Found {
            kind: DifferenceKind::Amount,
            state: DifferenceState::Open,
            finding: Some(Finding::Mismatch),
            subject: "4200000001".to_owned(),
            order_id: Some("A\u{202e}-1".to_owned()),
            transaction_id: Some("4200000001".to_owned()),
            refund_id: None,
            ours_fee: Some(1990),
            theirs_fee: Some(1991),
            detail: None,
        };
        let told = difference(Some(17), &found);
        let english =
            "  #17 OPEN, order A-1, transaction 4200000001, here 19.90 yuan, in the bill 19.91 yuan: WeChat's bill has another amount";
        let chinese =
            "  #17 未处理，订单 A-1，微信支付单号 4200000001，本地 19.90 元，账单 19.91 元：这笔付款的金额，微信账单与本地不一致；";
        assert!(told.read(English).starts_with(english) && told.read(Chinese).starts_with(chinese), "{told:?}");
        assert!(difference(None, &found).read(English).starts_with("  OPEN, order"), "one of a file has no number");
    }
}
