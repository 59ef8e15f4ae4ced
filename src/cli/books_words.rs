//! What `wechat-pay deals` and `wechat-pay takings` say, in both languages side by side.

use crate::deal::{Contradiction, DealStatus, TakingsBy};
use crate::language::{Text, pair, text};
use crate::store::DatabaseUrl;

pub use super::words::{no_database, so_it_stands};

/// The columns of a list of deals.
pub static HEADINGS: [Text; 7] = [
    pair("Order", "订单号"),
    pair("Opened", "下单时间"),
    pair("Status", "状态"),
    pair("Yuan", "金额（元）"),
    pair("Back", "已退款"),
    pair("Seller", "商户编号"),
    pair("Description", "商品描述"),
];

/// The columns of takings; in yuan.
pub static SUMS: [Text; 6] = [
    pair("By", "项目"),
    pair("Payments", "支付笔数"),
    pair("Paid", "支付金额"),
    pair("Refunds", "退款笔数"),
    pair("Back", "退款金额"),
    pair("Net", "净额"),
];

pub fn total() -> Text {
    pair("Total", "合计")
}

pub fn status(status: DealStatus) -> Text {
    match status {
        DealStatus::Unpaid => pair("unpaid", "未支付"),
        DealStatus::Paid => pair("paid", "已支付"),
        DealStatus::Expired => pair("expired", "已过期"),
    }
}

/// Below a list.
pub fn listed(count: u32, has_more: bool, database: &DatabaseUrl) -> Text {
    let (more, more_zh) = if has_more {
        (" There are more: --limit shows them, and --csv has all of them.", "还有更多：用 --limit 多看一些，--csv 则全部列出。")
    } else {
        ("", "")
    };
    text(
        format!("{count} deals of the {database}, the newest first.{more}"),
        format!("共 {count} 个订单，来自 {database}，最新的在前。{more_zh}"),
    )
}

pub fn no_such_days() -> Text {
    pair("--from is after the last day", "--from 在最后一天之后")
}

pub fn contradiction(contradiction: Contradiction) -> Text {
    match contradiction {
        Contradiction::Range => pair("--from is not before --to", "--from 不早于 --to"),
        Contradiction::Status => pair("--paid lists paid deals alone", "--paid 只列出已支付的订单"),
    }
}

pub fn too_many_keys(by: TakingsBy) -> Text {
    match by {
        TakingsBy::Day => pair("these are more than ten thousand days: take fewer", "超过一万天：请缩短日期范围"),
        _ => pair(
            "there are more than ten thousand of them: sum up by day, or take fewer days if these are several",
            "超过一万个：请按日汇总；若为多日，也可缩短日期范围",
        ),
    }
}
