//! Of the database, its server and its schema.

use std::fmt::Display;
use std::path::Path;

use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

pub fn not_there(file: &Path) -> Text {
    text(
        format!("{} is not there yet: the service makes it at its first start", file.display()),
        format!("{} 还不存在：服务首次启动时会创建", file.display()),
    )
}

pub fn unreachable(error: &impl Display) -> Trouble {
    trouble(
        Text::untranslated(error.to_string()),
        pair(
            "check database.url, and that the server runs and lets this machine in",
            "检查 database.url，以及数据库是否在运行、是否允许本机连接",
        ),
    )
}

pub fn too_old(version: &str) -> Trouble {
    trouble(
        text(format!("{version} is older than what this is tested with"), format!("{version} 低于本服务测试过的版本")),
        pair("MariaDB 10.6, MySQL 8.0, or later", "请使用 MariaDB 10.6、MySQL 8.0 或更新的版本"),
    )
}

pub fn reached(version: &str) -> Text {
    text(format!("{version} can be reached"), format!("{version} 可以连接"))
}

pub fn read_only() -> Trouble {
    trouble(
        pair("it is a read-only copy", "连到的是只读副本"),
        pair("name the server that takes changes in database.url", "把 database.url 改为可写的主库"),
    )
}

pub fn privileges_are_there() -> Text {
    pair("our user has the privileges that it needs", "数据库用户的权限齐全")
}

pub fn privileges_missing(missing: &str) -> Trouble {
    trouble(
        text(format!("our user lacks {missing}"), format!("数据库用户缺少权限 {missing}")),
        text(
            format!("GRANT {missing} ON <schema>.* (CREATE, ALTER and INDEX are needed when the schema changes)"),
            format!("执行 GRANT {missing} ON <库名>.*（CREATE、ALTER、INDEX 在表结构变更时才需要）"),
        ),
    )
}

pub fn privileges_of_a_role() -> Trouble {
    trouble(
        pair("our user's privileges come from a role", "数据库用户的权限来自角色，无法逐项核对"),
        pair("see that it has SELECT, INSERT, UPDATE, CREATE, ALTER, INDEX", "请确认它有 SELECT、INSERT、UPDATE、CREATE、ALTER、INDEX"),
    )
}

pub fn few_connections(allowed: i64, needed: i64) -> Trouble {
    trouble(
        text(
            format!("max_connections is {allowed}, and each instance keeps {needed}"),
            format!("max_connections 为 {allowed}，而每个实例要保持 {needed} 个连接"),
        ),
        pair("raise max_connections", "调大 max_connections"),
    )
}

pub fn not_strict() -> Trouble {
    trouble(
        pair(
            "the server is not strict: what other programs write is cut off where it does not fit (this service's sessions are strict)",
            "数据库不是严格模式：其他程序写入过长的内容会被截断（本服务的会话是严格模式）",
        ),
        pair(
            "add STRICT_ALL_TABLES to sql_mode once the Node.js service is gone, which needs it off",
            "Node.js 服务要求关闭严格模式，等它停用后，在 sql_mode 里加上 STRICT_ALL_TABLES",
        ),
    )
}

pub fn elsewhere(table: &str, ours: &str, advice: &Text) -> Trouble {
    use crate::language::Language::{Chinese, English};
    trouble(
        text(
            format!("{table} looks like the Node.js service's table, and there are no deals in {ours}"),
            format!("{table} 像是 Node.js 服务的表，而 {ours} 里没有订单"),
        ),
        text(
            format!("{}, and see `wechat-pay migrate --dry-run`", advice.read(English)),
            format!("{}，并先看 `wechat-pay migrate --dry-run` 的结果", advice.read(Chinese)),
        ),
    )
}

pub fn no_chinese(columns: &str, remedy: &str) -> Trouble {
    trouble(
        text(
            format!("Chinese in {columns} becomes ?; the journal keeps the whole"),
            format!("{columns} 列的字符集存不了中文，会变成问号；流水表里有原文"),
        ),
        text(format!("{remedy}, when there is time for it"), format!("找个空闲时间执行 {remedy}")),
    )
}

pub fn clock_differs(seconds: i64) -> Trouble {
    trouble(
        text(
            format!("its clock is {seconds} s ahead of this machine's (behind, if negative)"),
            format!("数据库的时钟比本机快 {seconds} 秒（负数表示慢）"),
        ),
        pair("run an NTP client on both", "两边都运行 NTP 客户端"),
    )
}

pub fn durable() -> Text {
    pair("every commit is on disk before it is acknowledged", "每次提交都先落盘再确认")
}

pub fn not_durable(variable: &str, value: i64, is_accepted: bool) -> Trouble {
    let (accepted, accepted_zh) = if is_accepted {
        (", which database.accept_weak_durability accepts", "，已由 database.accept_weak_durability 接受")
    } else {
        ("", "")
    };
    trouble(
        text(
            format!("{variable} is {value}: a crash could lose payments that WeChat has been told are stored{accepted}"),
            format!("{variable} 为 {value}：断电或崩溃可能丢失已向微信确认入账的支付{accepted_zh}"),
        ),
        text(
            format!("SET GLOBAL {variable} = 1, and in my.cnf; the service is not ready until then"),
            format!("执行 SET GLOBAL {variable} = 1，并写入 my.cnf；在此之前服务不就绪"),
        ),
    )
}

pub fn foreign_clock_is_beijing() -> Text {
    pair("other programs' rows are written in Beijing time", "其他程序写入的时间是北京时间")
}

pub fn foreign_clock(seconds: i64) -> Text {
    let hours = format!("{}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60);
    let (behind, behind_zh) = if seconds < 0 { ("behind", "慢") } else { ("ahead of", "快") };
    text(
        format!("its time zone is {hours} h {behind} Beijing's: what other programs insert is read so"),
        format!("数据库时区比北京时间{behind_zh} {hours} 小时：其他程序写入的时间按此解读"),
    )
}

pub fn foreign_clock_unknown() -> Trouble {
    trouble(
        pair(
            "init_connect gives other programs' sessions a time zone of their own: their orders are given up a day late",
            "init_connect 给其他程序的会话另设了时区：它们的订单要晚一天才会过期",
        ),
        pair("set the server's time_zone instead", "改为设置数据库的 time_zone"),
    )
}

pub fn wrong_schema(wrong: String) -> Trouble {
    trouble(pair("the service would not start", "服务无法启动"), Text::untranslated(wrong))
}

pub fn pending(steps: &str) -> Trouble {
    trouble(
        text(format!("{steps} to be taken at the next start"), format!("下次启动时将执行 {steps}")),
        pair("see `wechat-pay migrate --dry-run`, and make a backup", "先看 `wechat-pay migrate --dry-run` 的结果，并做好备份"),
    )
}

pub fn later_schema() -> Text {
    pair("of a later version than this, which is fine: columns are only ever added", "表结构来自更新的版本，可以正常使用：表结构只加列")
}

pub fn schema_is_right() -> Text {
    pair("up to date", "是最新的")
}
