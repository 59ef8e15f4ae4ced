//! What is said of bills.

use crate::deal::{Bill, BillState, Difference, DifferenceState};
use crate::language::{Text, pair, text};

pub const TITLE: Text = pair("Bills", "对账");

/// How the books stand to a bill, with the class of its look.
pub fn state(state: BillState) -> (&'static str, Text) {
    match state {
        BillState::Agreed => ("good", pair("agree", "一致")),
        BillState::Different => ("bad", pair("differ", "有差异")),
        BillState::Missing => ("waiting", pair("no bill", "没有账单")),
        BillState::NoTrades => ("over", pair("no trades", "当日无交易")),
    }
}

/// The title of a bill's page.
pub fn title(bill: &Bill) -> Text {
    let Bill { account, day, .. } = bill;
    text(format!("Bill of {day}, {account}"), format!("{day} 账单，{account}"))
}

/// The class of a difference's look.
pub fn class(state: DifferenceState) -> &'static str {
    match state {
        DifferenceState::Open => "open",
        DifferenceState::Healed | DifferenceState::Explained => "over",
    }
}

/// Why it cannot be explained any more.
pub fn not_open(difference: &Difference) -> Text {
    match &difference.explained_by {
        Some(by) => text(
            format!("The difference was explained by {by} before. Your note was not kept."),
            format!("该差异已由 {by} 说明，您的说明没有保存。"),
        ),
        None => pair("The difference is not open any more. Your note was not kept.", "该差异已不是未处理状态，您的说明没有保存。"),
    }
}

pub fn no_account() -> Text {
    pair("There is no account of this name.", "没有这个名称的账户。")
}

pub fn no_day() -> Text {
    pair("A day is expected, such as 2026-11-25.", "请填写日期，如 2026-11-25。")
}
