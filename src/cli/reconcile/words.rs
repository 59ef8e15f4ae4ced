//! What `wechat-pay reconcile` says, in both languages side by side.

use std::path::Path;

use crate::channel::BillError;
use crate::deal::{AccountId, Bill, BillState, BillSums, Day, DifferenceKind, DifferenceState, Found, fee_in_yuan, yuan};
use crate::gateway::{NoAccount, ReconcileError};
use crate::language::Language::{Chinese, English};
use crate::language::{Language, Text, is_obeyed, padded, pair, text};
use crate::told::{bill_detail, difference_sentence, difference_state, rehearsal_sentence};

use super::own_file::Instead;

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

/// Why there is nothing to hold the books against. `comes`: the service asks for it again by itself.
pub fn missing(bill: &Bill, comes: bool) -> Option<Text> {
    let (day, account) = (bill.day, &bill.account);
    let detail = bill.detail.as_deref().map(|detail| bill_detail(&detail.replace(is_obeyed, "")));
    let in_brackets = |detail: Text| (format!(" ({})", detail.read(English)), format!("（{}）", detail.read(Chinese)));
    let (why, why_zh) = detail.map(in_brackets).unwrap_or_default();
    let next = if comes {
        pair("the service asks for it again by itself, every hour for a week", "服务会自动重新下载，一周之内每小时一次")
    } else {
        text(
            format!("nothing asks for it again by itself: `wechat-pay reconcile --date {day}` does"),
            format!("不会再自动下载：需要时请运行 wechat-pay reconcile --date {day}"),
        )
    };
    (bill.state == BillState::Missing).then(|| {
        text(
            format!(
                "The bill of {day} of the account {account} is not there, or not whole{why}. WeChat makes it until 10 in the morning of the \
                 day after, and keeps it for three months; {}.",
                next.read(English)
            ),
            format!(
                "账户 {account} 在 {day} 的账单还没有，或不完整{why_zh}。微信在次日上午 10 点之前生成，保留三个月；{}。",
                next.read(Chinese)
            ),
        )
    })
}

/// A difference in a line; without a number it is one from a merchant's own file. The numbers of one in a file may be another program's, and are shown without what a terminal obeys.
pub fn difference(id: Option<i64>, found: &Found) -> Text {
    let number = id.map(|id| format!("#{id} ")).unwrap_or_default();
    let state = if found.state == DifferenceState::Open { pair("OPEN", "未处理") } else { difference_state(found) };
    let (about, about_zh) = about(found);
    let sentence = if id.is_some() { difference_sentence(found) } else { rehearsal_sentence(found) };
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
    // What a wrong sum has instead is said by the sentence, for its unit is not always fen.
    if found.order_id.is_some() || found.refund_id.is_some() || found.transaction_id.is_some() {
        if found.kind == DifferenceKind::PaidThereOnly && found.ours_fee.is_none() {
            english += ", here nothing";
            chinese += "，本地没有";
        }
        for (side, side_zh, fee) in [("here", "本地", found.ours_fee), ("in the bill", "账单", found.theirs_fee)] {
            if let Some(fee) = fee.map(yuan) {
                english += &format!(", {side} {fee} yuan");
                chinese += &format!("，{side_zh} {fee} 元");
            }
        }
    }
    (english, chinese)
}

/// Differences that are not shown; those of a day's bill are kept, up to a number.
pub fn more(left: i64, day: Option<Day>) -> Text {
    match day {
        Some(day) => text(
            format!("  … and {left} more: GET /wxPay/bills/{day}/differences has those that are kept."),
            format!("  ……还有 {left} 条：已保存的见 GET /wxPay/bills/{day}/differences。"),
        ),
        None => text(format!("  … and {left} more, which are not shown."), format!("  ……还有 {left} 条未列出。")),
    }
}

/// Those that an earlier look has found.
pub fn over(count: usize) -> Text {
    text(
        format!("  over, found by an earlier look: {count}; the books and the bill agree in that now."),
        format!("  已消除：以前发现的 {count} 条差异，现在两边已经一致。"),
    )
}

/// Which days a file has.
pub fn of_file(first: Day, last: Day, account: &AccountId) -> Text {
    let (days, days_zh) =
        if first == last { (first.to_string(), first.to_string()) } else { (format!("{first} to {last}"), format!("{first} 到 {last}")) };
    text(
        format!("The file has {days}, and was held against the books of the account {account}. Neither it nor what differs is kept."),
        format!("文件包含 {days_zh} 的账单，已与账户 {account} 的账目核对；文件和差异都不保存。"),
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
        format!(
            "the day {day} is not over, so its bill is not there yet: WeChat makes it in the morning of the day after, until 10 o'clock"
        ),
        format!("{day} 还没有过完，账单还没有：微信在次日上午 10 点之前生成"),
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
    let why = why_not_the_file(error);
    text(format!("the books were not held against the file: {}", why.read(English)), format!("未能核对这个文件：{}", why.read(Chinese)))
}

/// Nobody was asked for it, so there is no answer to speak of.
fn why_not_the_file(error: &ReconcileError) -> Text {
    match error {
        ReconcileError::Bill(BillError::NotABill) => pair(
            "it is no bill: a 交易账单 is expected as 商户平台 gives it, a text or gzip",
            "不是账单：需要从商户平台下载的交易账单，文本或 gzip",
        ),
        ReconcileError::Bill(BillError::NoBillExists | BillError::BillCreating | BillError::SystemError | BillError::Refused(_)) => {
            pair("in it stands an answer by which WeChat gave no bill", "文件里是微信没有给出账单的应答")
        }
        ReconcileError::Bill(BillError::Elsewhere) => pair(
            "most of its payments are of another day than --date names, or of another merchant number than the account has: please say whose \
             it is with --account",
            "文件里的付款大多属于其他日期（--date）或其他商户号：请用 --account 写明是哪个账户的",
        ),
        ReconcileError::Bill(BillError::MissingColumn("交易时间")) => pair(
            "it has no column 交易时间: a 交易账单 is expected, and a fund flow (资金账单) is none",
            "文件里没有“交易时间”这一列：需要的是交易账单，不是资金账单",
        ),
        error => why(error),
    }
}

/// Of a file that another program has made of a bill.
pub fn no_bill(path: &Path, instead: Instead) -> Text {
    let path = path.display();
    let why = match instead {
        Instead::Nothing => pair("there is nothing in it", "文件是空的"),
        Instead::Zip => pair(
            "it is a .zip, or a spreadsheet: please unpack it first, or download the bill as text from 商户平台",
            "这是 .zip 压缩包或 Excel 表格：请先解压，或从商户平台下载文本格式的账单",
        ),
        Instead::OtherText => pair(
            "it is no text in UTF-8, so a program such as a spreadsheet has saved it anew: please give it as it was downloaded from 商户平台",
            "不是 UTF-8 文本，可能被表格软件另存过：请使用从商户平台下载的原文件",
        ),
    };
    text(format!("{path}: {}", why.read(English)), format!("{path}：{}", why.read(Chinese)))
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
            BillError::Read(_) => "账单文件无法解析".to_owned(),
        },
    };
    text(english, chinese)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::Finding;

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
        let told = missing(&bill(BillState::Missing, Some("WeChat is still making\u{1b}[2J it")), true).unwrap();
        assert!(told.read(English).contains("not whole (WeChat is still making[2J it). WeChat makes it until 10"), "{told:?}");
        for state in [BillState::Agreed, BillState::Different, BillState::NoTrades] {
            assert_eq!(missing(&bill(state, Some("a note")), true), None);
        }
    }

    #[test]
    fn what_nobody_asks_for_any_more_is_not_promised() {
        let told = |comes| missing(&bill(BillState::Missing, Some("WeChat is still making the bill of that day")), comes).unwrap();
        assert!(told(true).read(English).contains("by itself, every hour") && told(true).read(Chinese).contains("自动重新下载"));
        let by_hand = told(false);
        assert!(by_hand.read(English).ends_with("by itself: `wechat-pay reconcile --date 2026-11-25` does."), "{by_hand:?}");
        assert!(by_hand.read(Chinese).contains("（微信还在生成这一天的账单）") && by_hand.read(Chinese).contains("不会再自动下载"));
    }

    #[test]
    fn of_a_file_no_answer_is_spoken_of() {
        for error in [BillError::NotABill, BillError::MissingColumn("交易时间"), BillError::NoBillExists, BillError::Elsewhere] {
            let told = unread(&ReconcileError::Bill(error));
            assert!(!told.read(English).contains("the answer is") && !told.read(Chinese).contains("微信说"), "{told:?}");
        }
        let flow = unread(&ReconcileError::Bill(BillError::MissingColumn("交易时间")));
        assert!(flow.read(English).contains("a fund flow (资金账单) is none") && flow.read(Chinese).contains("不是资金账单"), "{flow:?}");
        let zip = no_bill(Path::new("b.zip"), Instead::Zip);
        assert!(zip.read(English).starts_with("b.zip: it is a .zip") && zip.read(Chinese).contains("请先解压"), "{zip:?}");
    }

    #[test]
    fn more_is_looked_for_where_something_is_kept() {
        let day = "2026-11-25".parse().unwrap();
        assert!(more(2, Some(day)).read(English).contains("GET /wxPay/bills/2026-11-25/differences"));
        assert!(!more(2, None).read(English).contains("GET"));
        assert!(over(16).read(English).contains("16") && over(16).read(Chinese).contains("16 条"));
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
        let missed = Found { kind: DifferenceKind::PaidThereOnly, ours_fee: None, ..found };
        let told = difference(Some(17), &missed);
        assert!(told.read(English).contains(", here nothing, in the bill 19.91 yuan:"), "{told:?}");
        assert!(told.read(Chinese).contains("，本地没有，账单 19.91 元："), "{told:?}");
    }
}
