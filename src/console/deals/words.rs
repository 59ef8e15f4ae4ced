//! What the list of deals says, in both languages side by side.

use crate::deal::{DealStatus, Place, Sought};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

/// Of the page.
pub const TITLE: Text = pair("Orders", "订单");

/// A state's class and word.
pub fn status(status: DealStatus) -> (&'static str, Text) {
    match status {
        DealStatus::Unpaid => ("waiting", pair("undecided", "待付款")),
        DealStatus::Paid => ("paid", pair("paid", "已支付")),
        DealStatus::Expired => ("expired", pair("expired", "已失效")),
    }
}

/// What was understood.
pub fn reading(sought: &Sought) -> Text {
    match sought {
        Sought::Order(number) => text(format!("orders whose number begins with {number}"), format!("订单号以 {number} 开头")),
        Sought::Part(part) => text(format!("orders with {part} in their number"), format!("订单号里有 {part}")),
        Sought::Transaction(id) => text(format!("WeChat's transaction {id}"), format!("微信支付单号 {id}")),
        Sought::Reference(reference) => text(format!("your reference {reference}"), format!("商户单号 {reference}")),
        Sought::Checkout(checkout_id) => text(format!("the checkout {checkout_id}"), format!("收银单 {checkout_id}")),
        Sought::Amount(fee) => text(format!("an amount of ¥{fee}"), format!("金额 ¥{fee}")),
        Sought::Seller(seller) => text(format!("the seller {seller}"), format!("商户编号 {seller}")),
        Sought::Day(day) => text(format!("the day {day}"), format!("日期 {day}")),
    }
}

pub fn understood(sought: &Sought) -> Text {
    let what = reading(sought);
    let (english, chinese) = (what.read(English), what.read(Chinese));
    text(format!("Understood as: {english}."), format!("理解为：{chinese}。"))
}

pub fn not_understood(typed: &str) -> Text {
    text(format!("“{typed}” is no number, amount or day that there could be."), format!("“{typed}”不是任何一种单号、金额或日期。"))
}

/// All readings were tried.
pub fn found_nothing() -> Text {
    pair("Nothing was found. It was looked for as:", "没有找到。已按以下理解查找：")
}

pub fn all() -> Text {
    pair("The newest orders.", "最新的订单。")
}

pub fn may_also_mean() -> Text {
    pair("It may also mean:", "也可能是：")
}

/// So far the deals were looked through, without an index for what is wanted.
pub fn looked_back_to(place: &Place) -> Text {
    let time = place.time.get(..19).unwrap_or(&place.time);
    text(format!("Looked through the orders back to {time}; there may be older ones."), format!("已查到 {time} 为止，更早的还没有查。"))
}

pub fn caption(deals: usize) -> Text {
    match deals {
        1 => pair("1 order", "1 笔订单"),
        deals => text(format!("{deals} orders, the newest first"), format!("{deals} 笔订单，最新的在前")),
    }
}

/// A filter that cannot be read.
pub fn wrong(filter: &str) -> Text {
    match filter {
        "from" | "to" => pair(
            "The days cannot be read, or the first is behind the last: write them as 2026-11-26.",
            "日期无法识别，或开始晚于结束：请写成 2026-11-26。",
        ),
        "account" => pair("There can be no account of this name.", "账户名称不合法。"),
        "status" => pair("There is no such state, or none of those that were paid.", "没有这种状态，或与“按支付时间”矛盾。"),
        "after" => pair("The page's place is damaged: begin with the first one.", "翻页位置已损坏：请从第一页开始。"),
        _ => pair("A filter cannot be read.", "有一个筛选条件无法识别。"),
    }
}
