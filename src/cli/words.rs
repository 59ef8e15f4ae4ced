//! What the commands say, in both languages side by side.

use crate::app::Places;
use crate::language::{Language, Text, padded, pair, text};
use crate::store::{DatabaseUrl, StoreError};

/// `command`: with its arguments.
pub fn no_database(database: &DatabaseUrl, command: &str) -> Text {
    text(
        format!(
            "there is no {database}: the database is that of the configuration which this command is given. Run it as the service runs, \
             in its folder and with its environment and credentials (under systemd: wechat-pay-ctl {command})"
        ),
        format!(
            "{database} 不存在：本命令按当前的配置找数据库。请像服务那样运行它，用同样的目录、环境变量和凭据（用 systemd 时：wechat-pay-ctl {command}）"
        ),
    )
}

pub fn no_such_order(database: &DatabaseUrl) -> Text {
    text(
        format!("there is no such order in the {database}, and WeChat has never told of one"),
        format!("{database} 里没有这个订单，微信也从未发来过它的消息"),
    )
}

pub fn no_such_checkout(database: &DatabaseUrl) -> Text {
    text(format!("there is no such checkout in the {database}"), format!("{database} 里没有这个收银单"))
}

pub fn so_it_stands(database: &DatabaseUrl) -> Text {
    text(format!("So it stands in the {database}."), format!("以上来自 {database}。"))
}

/// Between a key and its entry for the configuration.
pub fn new_key() -> Text {
    pair(
        "is the key, for the caller; no command shows it again. Its entry for auth.api_keys is",
        "以上是密钥，交给调用方，之后无法再次查看。下面是它在 auth.api_keys 里的条目：",
    )
}

/// The same of a key that is good for more, or less, than opening deals.
pub fn new_key_s_section() -> Text {
    pair(
        "is the key, for the caller; no command shows it again. Its section of the configuration is",
        "以上是密钥，交给调用方，之后无法再次查看。下面是它在配置里的段：",
    )
}

pub fn or_as_variables() -> Text {
    pair("or, as variables,", "或写成环境变量：")
}

pub fn schema_is_up_to_date() -> Text {
    pair("the schema is up to date", "表结构已是最新")
}

pub fn waits_for_the_schema(error: &StoreError) -> Text {
    text(format!("waiting, for the schema cannot be changed now: {error}"), format!("表结构现在不能改，正在等待：{error}"))
}

pub fn steps_taken(steps: &str) -> Text {
    text(format!("taken: {steps}"), format!("已执行：{steps}"))
}

/// Where a person goes on who has started a demonstration, a line each.
pub fn places(Places { shop, phone, docs, console }: &Places, language: Language) -> String {
    let console = console.as_ref().map(|place| match &place.password {
        Some(password) => format!("{}  demo / {password}", place.url()),
        None => place.url(),
    });
    let names = [pair("shop", "商店"), pair("phone", "手机"), pair("docs", "文档"), pair("console", "控制台")];
    let places = [shop.as_ref(), Some(phone), Some(docs), console.as_ref()];
    let line = |(name, place): (Text, &String)| format!("{}  {place}\n", padded(name.read(language), 7));
    names.into_iter().zip(places).filter_map(|(name, place)| Some(line((name, place?)))).collect()
}

pub fn typed_twice() -> Text {
    pair("the two were not the same", "两次输入不一致")
}

pub fn ended_by_a_signal() -> Text {
    pair("ended by a signal", "被信号中止")
}
