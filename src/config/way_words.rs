//! What is said of the ways to pay, in both languages side by side.

use crate::deal::TradeType;
use crate::language::{Text, text};

/// Of an account: what toPay takes, and what a checkout offers.
pub fn ways(account: &str, trade_types: &[TradeType], in_checkouts: &[TradeType]) -> Text {
    let list = |ways: &[TradeType], between: &str| ways.iter().map(|way| way.as_str()).collect::<Vec<_>>().join(between);
    text(
        format!("The account {account} is paid by {}; its checkouts offer {}.", list(trade_types, ", "), list(in_checkouts, ", ")),
        format!("账户 {account} 的支付方式：{}；收银单提供：{}。", list(trade_types, "、"), list(in_checkouts, "、")),
    )
}

/// Of one that takes payments inside WeChat, and cannot know by itself who pays.
pub fn no_app_secret(section: &str) -> Text {
    text(
        format!(
            "Without {section}.app_secret its checkouts offer no payment inside WeChat; toPay takes JSAPI with an openid that you have learned."
        ),
        format!("没有 {section}.app_secret，收银单不能在微信里付款；toPay 的 JSAPI 要由你传入 openid。"),
    )
}

pub fn register_for_jsapi(base_url: &str, host: &str) -> Text {
    text(
        format!(
            "For JSAPI WeChat has to know {base_url}/pay/ as 支付授权目录 (商户平台 → 产品中心 → 开发配置) and {host} as 网页授权域名 (公众平台 → \
             设置与开发 → 功能设置)."
        ),
        format!(
            "JSAPI 要在微信登记：支付授权目录 {base_url}/pay/（商户平台 → 产品中心 → 开发配置），网页授权域名 {host}（公众平台 → 设置与开发 → 功能设置）。"
        ),
    )
}

pub fn register_for_h5(host: &str) -> Text {
    text(
        format!("For MWEB WeChat has to know {host} as H5支付域名 (商户平台 → 产品中心 → 开发配置)."),
        format!("MWEB 要在微信登记：H5 支付域名 {host}（商户平台 → 产品中心 → 开发配置）。"),
    )
}

/// Of an AppSecret that nothing asks for.
pub fn idle_app_secret(section: &str) -> Text {
    text(
        format!("{section}.app_secret is set and {section}.trade_types has no JSAPI: nothing asks for it"),
        format!("设置了 {section}.app_secret，但 {section}.trade_types 里没有 JSAPI：用不到它"),
    )
}
