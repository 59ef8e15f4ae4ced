//! What stands beside a difference or a bill, for people. `detail` is a machine's text: a line's number and its fault in English, a sum's
//! name as WeChat has it. Here it is read, and said in either language; what it says otherwise is shown as it is.

use crate::deal::{Finding, Found, fee_in_yuan, yuan};
use crate::language::Language::Chinese;
use crate::language::{Text, pair, text};

/// More about a difference, if there is more.
pub fn detail_words(found: &Found) -> Option<Text> {
    let detail = found.detail.as_deref()?;
    Some(match (found.finding, found.ours_fee, found.theirs_fee) {
        (Some(Finding::WrongSum), Some(counted), Some(stated)) => sum(detail, stated, counted),
        _ => place(detail),
    })
}

/// A sum, and what the lines come to.
fn sum(detail: &str, stated: i64, counted: i64) -> Text {
    let name = detail.strip_prefix("fund flow: ");
    let (of, of_zh) = if name.is_some() { ("fund flow, ", "资金账单，") } else { ("", "") };
    let name = name.unwrap_or(detail);
    let (unit, unit_zh) = if is_count(name) { ("", "") } else { (" yuan", " 元") };
    let [stated, counted] = [stated, counted].map(|amount| amount_of(name, amount));
    text(
        format!("{of}{name}: {stated}{unit} is stated, and the lines come to {counted}{unit}"),
        format!("{of_zh}{name}：写的是 {stated}{unit_zh}，各行相加为 {counted}{unit_zh}"),
    )
}

/// The one fee of a bill has five decimals.
fn amount_of(name: &str, amount: i64) -> String {
    match name {
        name if is_count(name) => amount.to_string(),
        "手续费总金额" => fee_in_yuan(amount),
        _ => yuan(amount),
    }
}

fn is_count(name: &str) -> bool {
    name.ends_with("笔数") || name.ends_with("单数")
}

/// A line of a file, and what is wrong with it.
fn place(detail: &str) -> Text {
    let in_file = detail.strip_prefix("fund flow, ");
    let of_zh = if in_file.is_some() { "资金账单，" } else { "" };
    let Some(line) = in_file.unwrap_or(detail).strip_prefix("line ") else { return bill_detail(detail) };
    let (line, fault) = line.split_once(": ").unwrap_or((line, ""));
    let fault_zh = if fault.is_empty() { String::new() } else { format!("：{}", fault_in_chinese(fault)) };
    text(detail.to_owned(), format!("{of_zh}第 {line} 行{fault_zh}"))
}

fn fault_in_chinese(fault: &str) -> String {
    let between = |before, after| fault.strip_prefix(before).and_then(|rest: &str| rest.strip_suffix(after));
    let cells = || fault.strip_prefix("it has ")?.split_once(" cells where the header has ");
    match (fault, between("what stands in ", " is not of its form"), cells()) {
        (_, Some(column), _) => format!("“{column}”的格式不对"),
        (_, _, Some((found, expected))) => format!("有 {found} 个字段，而表头有 {expected} 个"),
        ("it is longer than 64 KiB", ..) => "超过 64 KiB".to_owned(),
        ("it does not begin with a back-tick", ..) => "不是以反引号开头".to_owned(),
        ("a name of the summary comes twice", ..) => "合计的列名重复".to_owned(),
        ("it stands behind the summary", ..) => "在合计之后".to_owned(),
        _ => fault.to_owned(),
    }
}

/// What is said of a bill that is not to be had, or not whole.
pub fn bill_detail(detail: &str) -> Text {
    let prefixed = |before: &str, before_zh: &str| Some(text(detail.to_owned(), format!("{before_zh}{}", detail.strip_prefix(before)?)));
    let of_fund_flow = || {
        let why = bill_detail(detail.strip_prefix("the fund flow is not to be had: ")?);
        Some(text(detail.to_owned(), format!("拿不到资金账单：{}", why.read(Chinese))))
    };
    match detail {
        "WeChat has no bill of that day" => pair("WeChat has no bill of that day", "微信说没有这一天的账单"),
        "WeChat is still making the bill of that day" => pair("WeChat is still making the bill of that day", "微信还在生成这一天的账单"),
        "WeChat could not make the bill now" => pair("WeChat could not make the bill now", "微信暂时无法生成账单"),
        "WeChat says that there is no bill, and the books have payments" => {
            pair("WeChat says that there is no bill, and the books have payments", "微信说没有账单，而本地当天有付款")
        }
        "WeChat says that there is no bill, and something is open" => {
            pair("WeChat says that there is no bill, and something is open", "微信说没有账单，而当天还有未解释的差异")
        }
        "the file is the bill of another day, or of another merchant number" => {
            pair("the file is the bill of another day, or of another merchant number", "是其他日期或其他商户号的账单")
        }
        "no summary" => pair("no summary", "没有合计"),
        "summary" => pair("summary", "合计"),
        "the bill is not what its Digest header says" => pair("the bill is not what its Digest header says", "文件与应答头 Digest 不符"),
        "the answer is no bill" => pair("the answer is no bill", "微信的应答不是账单"),
        "the file has no summary: it was cut" => pair("the file has no summary: it was cut", "文件没有末尾的合计，不完整"),
        "the bill cannot be read" => pair("the bill cannot be read", "账单文件无法解析"),
        _ => prefixed("WeChat refused: ", "微信拒绝了请求：")
            .or_else(|| prefixed("the file has no column ", "文件里没有这一列："))
            .or_else(of_fund_flow)
            .unwrap_or_else(|| text(detail.to_owned(), detail.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{BillError, LineFault, UnreadableLine};
    use crate::deal::{DifferenceKind, DifferenceState};
    use crate::language::Language::English;

    fn said(finding: Finding, detail: &str, fees: Option<(i64, i64)>) -> [String; 2] {
        let found = Found {
            kind: DifferenceKind::Summary,
            state: DifferenceState::Open,
            finding: Some(finding),
            subject: "s".to_owned(),
            order_id: None,
            transaction_id: None,
            refund_id: None,
            ours_fee: fees.map(|fees| fees.0),
            theirs_fee: fees.map(|fees| fees.1),
            detail: Some(detail.to_owned()),
        };
        let words = detail_words(&found).unwrap();
        [English, Chinese].map(|language| words.read(language).to_owned())
    }

    #[test]
    fn a_shopkeeper_reads_which_line_is_wrong_and_why() {
        let faults = [
            (LineFault::TooLong, "超过 64 KiB"),
            (LineFault::NoRow, "不是以反引号开头"),
            (LineFault::Cells { expected: 27, found: 25 }, "有 25 个字段，而表头有 27 个"),
            (LineFault::Cell("交易时间"), "“交易时间”的格式不对"),
            (LineFault::RepeatedName, "合计的列名重复"),
            (LineFault::BehindSummary, "在合计之后"),
        ];
        for (fault, chinese) in faults {
            let told = UnreadableLine { line: 7, fault }.to_string();
            assert_eq!(said(Finding::Unreadable, &told, None), [told.clone(), format!("第 7 行：{chinese}")]);
        }
        assert_eq!(said(Finding::Repeated, "line 7", None)[1], "第 7 行");
        assert_eq!(said(Finding::Unreadable, "fund flow, line 7: it stands behind the summary", None)[1], "资金账单，第 7 行：在合计之后");
        assert_eq!(said(Finding::Unreadable, &BillError::Cut.to_string(), None)[1], "文件没有末尾的合计，不完整");
    }

    #[test]
    fn a_wrong_sum_is_said_in_its_unit() {
        for (name, counted, stated, english, chinese) in [
            ("总交易单数", 2, 12, "总交易单数: 12 is stated, and the lines come to 2", "总交易单数：写的是 12，各行相加为 2"),
            (
                "订单总金额",
                1990,
                2990,
                "订单总金额: 29.90 yuan is stated, and the lines come to 19.90 yuan",
                "订单总金额：写的是 29.90 元，各行相加为 19.90 元",
            ),
            (
                "手续费总金额",
                12_000,
                -1,
                "手续费总金额: -0.00001 yuan is stated, and the lines come to 0.12000 yuan",
                "手续费总金额：写的是 -0.00001 元，各行相加为 0.12000 元",
            ),
            (
                "fund flow: 收入笔数",
                2,
                3,
                "fund flow, 收入笔数: 3 is stated, and the lines come to 2",
                "资金账单，收入笔数：写的是 3，各行相加为 2",
            ),
        ] {
            assert_eq!(said(Finding::WrongSum, name, Some((counted, stated))), [english, chinese], "{name}");
        }
    }

    #[test]
    fn why_a_bill_is_missing_is_said_in_chinese_too() {
        let errors = [
            BillError::NoBillExists,
            BillError::BillCreating,
            BillError::SystemError,
            BillError::Digest,
            BillError::NotABill,
            BillError::MissingColumn("交易时间"),
            BillError::Elsewhere,
            BillError::Cut,
            BillError::Read(std::io::Error::other("")),
        ];
        for detail in errors.iter().flat_map(|error| [error.to_string(), format!("the fund flow is not to be had: {error}")]) {
            let words = bill_detail(&detail);
            assert_eq!(words.read(English), detail);
            let chinese = words.read(Chinese).replace("Digest", "");
            assert!(!chinese.contains(|c: char| c.is_ascii_alphabetic()), "{chinese}");
        }
        assert_eq!(bill_detail("WeChat refused: 20007: 已经关闭").read(Chinese), "微信拒绝了请求：20007: 已经关闭");
        assert_eq!(bill_detail("timed out").read(Chinese), "timed out");
    }
}
