//! What a plan says, in both languages side by side.

use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};
use crate::store::Found;

use super::Line;

pub fn refused() -> Text {
    pair(
        "nothing has been changed, nor would anything be: the service would refuse to start",
        "没有改动任何东西，也不会改动：服务会拒绝启动",
    )
}

pub fn refused_because(why: String) -> Line {
    (Some(pair("refused", "拒绝原因")), Text::untranslated(why))
}

pub fn up_to_date() -> Text {
    pair("the schema is up to date: nothing would be done", "表结构已是最新：不会做任何事")
}

pub fn would_be_done() -> Text {
    pair(
        "nothing has been changed; `wechat-pay migrate`, or the next start, would do this:",
        "没有改动任何东西；执行 `wechat-pay migrate` 或下次启动时会做这些：",
    )
}

pub fn steps(steps: &str) -> Line {
    (Some(pair("steps", "步骤")), Text::untranslated(steps.to_owned()))
}

pub fn table(table: &str, rows: Option<i64>) -> Line {
    let told = match rows {
        None => text(format!("{table} is made"), format!("新建 {table}")),
        Some(rows) => text(
            format!("{table} has {rows} rows; it gets more columns, all of them nullable, and no row goes"),
            format!("{table} 有 {rows} 行；会加列，都允许为空，不删任何行"),
        ),
    };
    (Some(pair("table", "表")), told)
}

pub fn indexes(indexes: &str, size: &str) -> Line {
    (Some(pair("indexes", "索引")), text(format!("{indexes}: about {size}"), format!("{indexes}：约 {size}")))
}

pub fn time_zone(seconds: i64) -> Line {
    let hours = format!("{}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60);
    let (behind, behind_zh) = if seconds < 0 { ("behind", "慢") } else { ("ahead of", "快") };
    let told = text(
        format!("the server's is {hours} h {behind} Beijing's: create_at of other programs' rows is read so"),
        format!("数据库的比北京时间{behind_zh} {hours} 小时：其他程序写入的 create_at 按此解读"),
    );
    (Some(pair("time zone", "时区")), told)
}

pub fn time_zone_unknown() -> Line {
    let told = pair(
        "init_connect sets one of its own for other programs: their orders are given up a day late",
        "init_connect 给其他程序另设了时区：它们的订单要晚一天才会过期",
    );
    (Some(pair("time zone", "时区")), told)
}

pub fn elsewhere(table: &str, advice: &Text) -> Line {
    let told = text(
        format!("{table} looks like the Node.js service's table: {}", advice.read(English)),
        format!("{table} 像是 Node.js 服务的表：{}", advice.read(Chinese)),
    );
    (Some(pair("elsewhere", "别处的表")), told)
}

/// How a table of the Node.js service is taken instead.
pub fn advice(table: &str) -> Text {
    match table.strip_suffix("deal").unwrap_or_default() {
        "" => pair("to take it, leave database.table_prefix empty", "要接管它，请把 database.table_prefix 留空"),
        prefix => text(
            format!("to take it, set database.table_prefix to {prefix}"),
            format!("要接管它，请把 database.table_prefix 设为 {prefix}"),
        ),
    }
}

pub fn adopted(rows: i64) -> Line {
    let told = text(format!("{rows} rows become the row of record of their order id"), format!("{rows} 行成为各自订单号的正式记录"));
    (Some(pair("adopted", "接管")), told)
}

pub fn followed(rows: i64) -> Line {
    let told = text(
        format!("{rows} of them are undecided and younger than seven days: WeChat is asked how they stand"),
        format!("其中 {rows} 行未决且不到七天：会向微信查单"),
    );
    (Some(pair("followed", "跟踪")), told)
}

pub fn repeated(orders: i64, rows: i64) -> Line {
    let told = text(
        format!("{orders} order ids are those of {rows} rows: the paid one counts, else the newest; the others stay as they are"),
        format!("{orders} 个订单号对应 {rows} 行：以已支付的为准，没有则以最新的为准；其余的行保持原样"),
    );
    (Some(pair("repeated", "重复")), told)
}

pub fn unreadable(found: &Found) -> Line {
    let told = rows(
        found,
        "have an order id that WeChat could not have: they stay, and are never found",
        "的订单号不可能是微信的：保留，但永远查不到",
    );
    (Some(pair("unreadable", "无法识别")), told)
}

pub fn impossible(found: &Found) -> Line {
    let told =
        rows(found, "have no lawful status or no price: they stay, and are never settled", "没有合法的状态或价格：保留，但永远不会入账");
    (Some(pair("impossible", "不合法")), told)
}

/// Rows of one kind, with the first of their ids.
fn rows(found: &Found, what: &str, what_zh: &str) -> Text {
    let more = if usize::try_from(found.count).is_ok_and(|count| count > found.examples.len()) { ", …" } else { "" };
    let (count, examples) = (found.count, found.examples.join(", "));
    text(format!("{count} rows {what} (id {examples}{more})"), format!("{count} 行{what_zh}（id {examples}{more}）"))
}
