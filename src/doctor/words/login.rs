//! Of the AppSecret, by which checkouts learn who a payer inside WeChat is.

use crate::language::{Text, pair, text};

use super::{Trouble, trouble};

pub fn right() -> Text {
    pair("WeChat takes the AppSecret for the appid", "微信认可这个 appid 的 AppSecret")
}

pub fn wrong_secret() -> Trouble {
    trouble(
        pair("the AppSecret is wrong (WeChat: 40125)", "AppSecret 不对（微信：40125）"),
        pair(
            "copy it again, or make a new one, at 公众平台 → 设置与开发 → 开发接口管理 (it is not the API key), and set wechat.app_secret",
            "到公众平台 → 设置与开发 → 开发接口管理 重新复制或重置（不是 API 密钥），填入 wechat.app_secret",
        ),
    )
}

pub fn wrong_appid() -> Trouble {
    trouble(
        pair("WeChat knows no such appid (40013)", "微信不认识这个 appid（40013）"),
        pair(
            "check wechat.appid: for payments inside WeChat it is that of a verified service account (服务号)",
            "检查 wechat.appid：在微信里付款要用已认证服务号的 appid",
        ),
    )
}

pub fn refused(code: i64) -> Trouble {
    trouble(
        text(format!("WeChat refuses to say who a payer is ({code})"), format!("微信拒绝告知付款人是谁（{code}）")),
        pair("look this code up in WeChat's documents, or try again in a minute", "按这个错误码查微信的文档，或过一分钟再试"),
    )
}

pub fn no_answer(host: &str) -> Trouble {
    trouble(
        text(format!("{host} did not answer: no payer inside WeChat is known"), format!("{host} 没有应答：无法得知微信里的付款人是谁")),
        pair(
            "let connections out of this machine to it (firewall, wechat.proxy), and check wechat.oauth_api_base_url",
            "放行本机到它的出站连接（防火墙、wechat.proxy），并检查 wechat.oauth_api_base_url",
        ),
    )
}

pub fn impossible_code() -> Trouble {
    trouble(
        pair("a code that cannot exist was taken", "一个不可能存在的 code 被接受了"),
        pair("check wechat.oauth_api_base_url: this is no WeChat", "检查 wechat.oauth_api_base_url：那里不是微信"),
    )
}
