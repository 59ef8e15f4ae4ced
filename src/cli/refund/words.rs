//! What `wechat-pay refund` says, in both languages side by side.

use crate::config::section;
use crate::deal::{BeijingTime, Deal, Fen, OrderId, Refund, RefundReason, RefundState, Timestamp};
use crate::gateway::{GatewayError, NoAccount, RefundView};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

fn show(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| BeijingTime::from(time).to_string())
}

/// The order and what became of its payment so far.
pub fn order(deal: &Deal, refunds: &[Refund]) -> Vec<Text> {
    let (order_id, account, paid, at) = (&deal.order_id, &deal.account, Fen::yuan_or_nothing(deal.paid()), show(deal.paid_at));
    let (back, left) = (Fen::yuan_or_nothing(deal.refunded.fee), Fen::yuan_or_nothing(deal.left()));
    let mut sentences = vec![match deal.paid() {
        Some(_) => text(
            format!(
                "Order {order_id}: {paid} yuan, paid {at}, account {account}. Given back or on its way: {back} yuan; left: {left} yuan."
            ),
            format!("订单 {order_id}：{paid} 元，支付时间 {at}，账户 {account}。已退款或退款处理中：{back} 元；可退：{left} 元。"),
        ),
        None => text(format!("Order {order_id}: not paid, account {account}."), format!("订单 {order_id}：未支付，账户 {account}。")),
    }];
    sentences.extend(refunds.iter().map(|refund| {
        let (refund_id, fee, at, state) = (&refund.refund_id, refund.fee.yuan(), show(Some(refund.created_at)), refund.state);
        text(
            format!("  Refund {refund_id}: {fee} yuan, {at}, {}.", state.as_str()),
            format!("  退款 {refund_id}：{fee} 元，{at}，{}。", state.description()),
        )
    }));
    sentences
}

/// What is about to be done.
pub fn plan(fee: Option<Fen>, reason: Option<&RefundReason>) -> Text {
    let fee = Fen::yuan_or_nothing(fee);
    let (why, why_zh) = match reason {
        Some(reason) => (format!("; the payer reads: {reason}"), format!("，付款人看到的原因：{reason}")),
        None => Default::default(),
    };
    text(format!("To give back: {fee} yuan{why}."), format!("将退款：{fee} 元{why_zh}。"))
}

/// The command that is the same refund again.
pub fn again(order_id: &OrderId, fee: Option<Fen>, reason: Option<&RefundReason>, key: &str) -> Text {
    let fee = fee.map(|fee| format!(" --refund {}", fee.yuan())).unwrap_or_default();
    let reason = reason.map(|reason| format!(" --reason {}", quoted(reason.as_str()))).unwrap_or_default();
    let command = format!("wechat-pay refund {order_id}{fee}{reason} --key {}", quoted(key));
    text(
        format!("The same refund again, whatever becomes of this one: {command}"),
        format!("无论结果如何，这样重复就是同一笔退款：{command}"),
    )
}

/// As a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

pub fn known(refund: &Refund) -> Text {
    let refund_id = &refund.refund_id;
    text(
        format!("The key is that of refund {refund_id}: nothing is given back a second time."),
        format!("这个 key 就是退款 {refund_id}：不会重复退款。"),
    )
}

pub fn question() -> Text {
    pair("Give it back? [y/N] ", "确定退款？[y/N] ")
}

pub fn wants_yes() -> Text {
    pair("there is no terminal to ask at: add --yes", "没有终端可以询问：请加上 --yes")
}

pub fn not_done() -> Text {
    pair("nothing was given back", "没有退款")
}

/// How the refund stands.
pub fn stands(refund: &Refund) -> Text {
    let (refund_id, fee, detail) = (&refund.refund_id, refund.fee.yuan(), refund.detail.as_deref().unwrap_or("-"));
    let state = match refund.state {
        RefundState::Processing if refund.is_accepted() => pair("WeChat has accepted it", "微信已受理"),
        RefundState::Processing => text(
            format!("it is stored, and WeChat has not accepted it yet ({detail}); the service sends the identical request again by itself"),
            format!("已入库，微信暂未受理（{detail}）；服务会自动原样重发"),
        ),
        RefundState::Success => pair("the payer has it", "已到账"),
        RefundState::Closed => pair("WeChat gave it up: nothing went back", "微信关闭了退款：钱没有退"),
        RefundState::Abnormal => {
            pair("the payer's bank refused it: pay it out by hand in 商户平台", "付款人的银行拒收：请到商户平台人工打款")
        }
        RefundState::Failed => text(
            format!("WeChat refused it ({detail}); a new try takes a new key"),
            format!("微信拒绝了退款（{detail}）；重试请换一个新的 key"),
        ),
    };
    text(
        format!("Refund {refund_id}: {fee} yuan, {}: {}.", refund.state.as_str(), state.read(English)),
        format!("退款 {refund_id}：{fee} 元，{}：{}。", refund.state.description(), state.read(Chinese)),
    )
}

pub fn left(view: &RefundView) -> Text {
    let (back, left) = (Fen::yuan_or_nothing(view.refunded), Fen::yuan_or_nothing(view.left));
    text(format!("Given back or on its way: {back} yuan; left: {left} yuan."), format!("已退款或退款处理中：{back} 元；可退：{left} 元。"))
}

/// Why a refund is not asked for; `None`: it is no refusal.
pub fn refusal(error: &GatewayError) -> Option<Text> {
    Some(match error {
        GatewayError::NotFound => pair("there is no such order", "没有这个订单"),
        GatewayError::NotPaid(_) => pair("the order is not paid", "该订单未支付"),
        GatewayError::NotWeChats(_) => pair("the order is not paid by WeChat", "该订单不是微信支付订单"),
        GatewayError::RefundTooLate => pair("the payment is older than a year", "支付已超过一年，不能退款"),
        GatewayError::RefundTooMuch(left) => {
            let left = Fen::yuan_or_nothing(*left);
            text(format!("{left} yuan are left of the payment"), format!("可退金额只有 {left} 元"))
        }
        GatewayError::RefundTooMany => pair("the order has fifty refunds, and WeChat allows no more", "该订单已退款 50 次，达到微信的上限"),
        GatewayError::RefundMoved => pair("something of the order was given back since", "该订单刚有其他退款"),
        GatewayError::RefundTooSoon(wait) => {
            let seconds = wait.as_secs();
            text(
                format!("the order's last refund was asked for too short a time ago: come again in {seconds} s"),
                format!("距上一次退款时间太短：请 {seconds} 秒后再试"),
            )
        }
        GatewayError::IdempotencyConflict(field) => {
            text(format!("the key was used with another {field}"), format!("这个 key 已用于其他参数（{field}）"))
        }
        GatewayError::NoCertificate(account) => {
            let section = section(account);
            text(
                format!("WeChat takes refunds only with the merchant's certificate: set {section}.client_cert and {section}.client_key"),
                format!("微信退款要出示商户的 API 证书：请设置 {section}.client_cert 和 {section}.client_key"),
            )
        }
        GatewayError::NoAccount(NoAccount(account)) => text(
            format!("the configuration lacks the order's account: set accounts.{account} again, with its own numbers and key"),
            format!("订单的账户不在配置里：请把 accounts.{account} 连同原来的商户号和密钥配回来"),
        ),
        _ => return None,
    })
}

pub fn unknown() -> Text {
    pair(
        "if it was stored, the service sends it by itself; the same command with the same key tells",
        "如果已经入库，服务会自动发送；用同一个 key 重复本命令即可知道结果",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::AccountId;

    #[test]
    fn what_the_configuration_lacks_is_named_in_both_languages() {
        let shop2: AccountId = "shop2".parse().unwrap();
        for (error, keys) in [
            (GatewayError::NoCertificate(AccountId::default()), &["wechat.client_cert", "wechat.client_key"][..]),
            (GatewayError::NoCertificate(shop2.clone()), &["accounts.shop2.client_cert", "accounts.shop2.client_key"]),
            (GatewayError::NoAccount(NoAccount(shop2)), &["accounts.shop2"]),
        ] {
            let refusal = refusal(&error).unwrap();
            for said in [English, Chinese].map(|language| refusal.read(language)) {
                assert!(keys.iter().all(|key| said.contains(key)), "{said}");
            }
        }
    }
}
