//! What `check-config` says in either language.

use std::net::SocketAddr;

use chrono::TimeDelta;

use crate::auth::{Auth, Caller, Mode, Scope};
use crate::language::{Text, pair, text};

use super::PREFIX;
use super::origin::Origin;

pub static KEY: Text = pair("key", "配置项");
pub static VALUE: Text = pair("value", "值");
pub static ORIGIN: Text = pair("origin", "来源");
pub static HIDDEN: Text = pair("set, not shown", "已设置（不显示）");

pub fn origin(origin: &Origin) -> Text {
    match origin {
        Origin::Default => pair("default", "默认值"),
        Origin::Profile(place) | Origin::Inherited(place) => Text::untranslated(place.clone()),
        Origin::Environment(name) => text(format!("environment {name}"), format!("环境变量 {name}")),
        Origin::File(file) => text(format!("file {}", file.display()), format!("文件 {}", file.display())),
        Origin::Credential(file) => text(format!("systemd credential {}", file.display()), format!("systemd 凭据 {}", file.display())),
    }
}

pub fn profile(file: Option<&str>) -> Text {
    match file {
        Some(file) => text(format!("Profile: {file}."), format!("配置文件：{file}。")),
        None => pair("Profile: none (WECHAT_PAY__PROFILE is not set).", "配置文件：无（未设置 WECHAT_PAY__PROFILE）。"),
    }
}

pub fn simulator(listen: SocketAddr) -> Text {
    text(
        format!("WeChat is the simulator, on {listen}: no money moves."),
        format!("没有配置商户凭证，微信由内置模拟器（{listen}）代替，不会有真实收付款。"),
    )
}

pub fn wechat(host: &str) -> Text {
    text(format!("WeChat is {host}."), format!("微信为 {host}。"))
}

pub fn previous_key() -> Text {
    pair("The API key is a new one, and the previous one is believed too.", "正在更换 API 密钥：旧密钥签名的报文也被采信。")
}

/// Where people find the console, and who may log in.
pub fn console(listen: Option<SocketAddr>, users: &[String], is_simulated: bool) -> Text {
    let demo = ["demo".to_owned()];
    let users = if users.is_empty() { &demo } else { users };
    match listen {
        None if is_simulated => pair(
            "The console is at 127.0.0.1:8363, for a user demo, too, whose password is printed at start.",
            "控制台在 127.0.0.1:8363，用户 demo 的密码在启动时打印。",
        ),
        None => pair("There is no console (console.listen).", "没有控制台（console.listen）。"),
        Some(listen) => text(
            format!("The console is at {listen}, for {}.", users.join(", ")),
            format!("控制台在 {listen}，用户：{}。", users.join("、")),
        ),
    }
}

/// Of a variable that looks like ours, and the one that was meant.
pub fn mistyped(name: &str, meant: Option<String>) -> Text {
    match meant {
        Some(meant) => text(
            format!("the variable {name} is not looked at: did you mean {meant}?"),
            format!("环境变量 {name} 不会被读取：是不是想写 {meant}？"),
        ),
        None => text(
            format!("the variable {name} is not looked at: ours begin with {PREFIX}"),
            format!("环境变量 {name} 不会被读取：本服务的都以 {PREFIX} 开头"),
        ),
    }
}

/// Of variables that name proxies for other programs.
pub fn proxies(set: &[&str]) -> Text {
    let verb = if set.len() == 1 { "is" } else { "are" };
    text(
        format!("{} {verb} set, and not looked at: what leads to WeChat through a proxy is wechat.proxy", set.join(", ")),
        format!("设置了 {}，但不会使用：要经代理访问微信，请用 wechat.proxy", set.join("、")),
    )
}

/// Of a key that is good for nothing.
pub fn idle_key(name: &str) -> Text {
    text(
        format!("auth.keys.{name} has the scope pay alone, which counts in auth.mode api_key only: its holder may do nothing"),
        format!("auth.keys.{name} 只有 pay 权限，而 pay 只在 auth.mode 为 api_key 时有用：这个密钥什么也做不了"),
    )
}

/// Of a key that is limited to accounts and to no sellers.
pub fn key_for_all_sellers(key: &str) -> Text {
    text(
        format!(
            "auth.keys.{key} is limited to accounts and to no sellers, so it may open deals in the name of every seller: set its sellers too"
        ),
        format!("auth.keys.{key} 只限定了账户，没有限定商户编号，可以用任何商户编号下单：请同时设置它的 sellers"),
    )
}

/// The sellers of an account.
pub fn sellers(account: &str, sellers: &str) -> Text {
    text(
        format!("Deals of the sellers {sellers} go through the account {account}."),
        format!("商户编号 {sellers} 的订单走账户 {account}。"),
    )
}

/// Of an account that no seller has.
pub fn no_sellers(account: &str) -> Text {
    text(
        format!("No seller's deals go through the account {account} unless toPay names it."),
        format!("账户 {account} 没有分到商户编号，只有 toPay 指明时才走它。"),
    )
}

/// Where all others go, when there are several accounts.
pub fn other_sellers() -> Text {
    pair("Deals of all other sellers go through the account default, which is [wechat].", "其余商户编号的订单走账户 default，即 [wechat]。")
}

/// When the books are held against WeChat's bills.
pub fn bills(at: TimeDelta) -> Text {
    let at = format!("{:02}:{:02}", at.num_minutes() / 60, at.num_minutes() % 60);
    text(
        format!("Each day at {at} in Beijing WeChat's bill of the day before is fetched and held against the books."),
        format!("每天北京时间 {at} 下载微信前一天的账单，与本地账目核对。"),
    )
}

/// The same where that is turned off.
pub fn no_bills() -> Text {
    pair("WeChat's bills are not held against the books (bill.enabled).", "不与微信账单对账（bill.enabled）。")
}

/// Which callers may open deals.
pub fn auth(auth: &Auth) -> Text {
    match &auth.mode {
        Mode::Open => pair(
            "Deals are opened by everybody who reaches the port (auth.mode open).",
            "能访问端口的任何人都可以下单（auth.mode 为 open）。",
        ),
        Mode::ApiKey => {
            let names = auth.keys.callers().filter(|caller| caller.may(Scope::Pay)).map(Caller::name).collect::<Vec<_>>().join(", ");
            text(
                format!("Deals are opened by callers with one of these keys (auth.mode api_key): {names}."),
                format!("持有以下密钥之一的调用方可以下单（auth.mode 为 api_key）：{names}。"),
            )
        }
        Mode::Signed(secrets) => {
            let (names, window) = (secrets.names().collect::<Vec<_>>().join(", "), secrets.window().as_secs());
            text(
                format!(
                    "Deals are opened with an offer signed with one of these secrets (auth.mode signed): {names}; it is good for {window} s."
                ),
                format!("带有用以下密钥之一签名的报价才可以下单（auth.mode 为 signed）：{names}；签名 {window} 秒内有效。"),
            )
        }
    }
}
