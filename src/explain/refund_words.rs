//! What a story says of refunds, in both languages side by side.

use crate::deal::{AccountId, Refund, RefundSource, Timestamp};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

use super::words::show;

/// What was to be given back, and by whose wish.
pub fn asked(refund: &Refund) -> Text {
    let (refund_id, fee, at) = (&refund.refund_id, refund.fee.yuan(), show(refund.created_at));
    let by = match refund.source {
        RefundSource::Api => pair("asked for by the merchant's back end", "由商户后端申请"),
        RefundSource::Cli => pair("asked for at the command line", "由命令行申请"),
        RefundSource::Console => pair("asked for in the console", "由控制台申请"),
        RefundSource::Automatic => pair("made by this service by itself", "由本服务自动退款"),
        RefundSource::Platform => pair("made by others, in 商户平台 or by another program", "由他人退款（商户平台或其他程序）"),
    };
    let (second, second_zh) = match &refund.transaction_id {
        Some(transaction) if refund.is_of_second_payment => (
            format!(" It gives the order's second payment back, transaction {transaction}."),
            format!("退的是本订单的第二笔支付，微信支付单号 {transaction}。"),
        ),
        _ => Default::default(),
    };
    text(
        format!("Refund {refund_id}: {fee} yuan, {} {at}.{second}", by.read(English)),
        format!("退款 {refund_id}：{fee} 元，{}，时间 {at}。{second_zh}", by.read(Chinese)),
    )
}

/// Of one that WeChat has accepted, and that has not arrived yet.
pub fn accepted(refund: &Refund, now: Timestamp) -> Text {
    let at = refund.accepted_at.map(show).unwrap_or_default();
    let (next, next_zh) = match refund.due_at.map(|due| show(due.max(now))) {
        Some(due) => (format!("WeChat is asked about it again {due}."), format!("下次向微信查询：{due}。")),
        None => (
            format!(
                "A week has passed, and the service asks WeChat no more by itself: queryRefund asks once more, and so does `wechat-pay \
                 refund {}` before its own question.",
                refund.order_id
            ),
            format!(
                "已过一周，服务不再自动向微信查询：queryRefund 会再查一次，`wechat-pay refund {}` 在询问之前也会再查一次。",
                refund.order_id
            ),
        ),
    };
    text(format!("  WeChat accepted it {at}, and it is on its way. {next}"), format!("  微信已于 {at} 受理，退款处理中。{next_zh}"))
}

/// Of an undecided one whose account the configuration lacks.
pub fn without_account(account: &AccountId) -> Text {
    text(
        format!(
            "  It is undecided, and the configuration lacks its account: until accounts.{account} is there again, it is neither sent nor \
             asked about."
        ),
        format!("  还没有结果，而它的账户不在配置里：把 accounts.{account} 配回来之前，不会发送，也不会查询。"),
    )
}

/// Of one that WeChat has not accepted, or not as far as is known.
pub fn waits(refund: &Refund, now: Timestamp) -> Text {
    let (why, why_zh) = match &refund.detail {
        Some(detail) => (format!("It is not accepted yet ({detail})."), format!("尚未受理（{detail}）。")),
        None => ("It is being sent.".to_owned(), "正在发送。".to_owned()),
    };
    let due = due(refund, now);
    text(
        format!("  {why} The identical request is sent again {due}; it cannot become a second refund."),
        format!("  {why_zh}{due} 会原样重发请求，不会变成两笔退款。"),
    )
}

pub fn waits_for_a_certificate(refund: &Refund, now: Timestamp) -> Text {
    let (why, due) = (refund.detail.as_deref().unwrap_or_default(), due(refund, now));
    text(
        format!(
            "  It waits for a client certificate that WeChat takes ({why}): mend client_cert and client_key of its account. It is sent as \
             soon as the certificate is another one, or {due}."
        ),
        format!("  它在等微信认可的 API 证书（{why}）：请更正其账户的 client_cert 和 client_key。证书更换后会立即重发，否则 {due} 重发。"),
    )
}

pub fn arrived(refund: &Refund) -> Text {
    let at = refund.refunded_at.map(show).unwrap_or_default();
    let receiver = refund.receiver.as_deref().map(|receiver| format!(" ({receiver})")).unwrap_or_default();
    text(format!("  The payer has it since {at}{receiver}."), format!("  已于 {at} 退款到账{receiver}。"))
}

pub fn closed() -> Text {
    pair(
        "  WeChat gave it up: nothing went back, and the amount can be given back by another refund.",
        "  微信关闭了它：钱没有退，这笔金额可以重新退款。",
    )
}

pub fn abnormal() -> Text {
    pair(
        "  The payer's bank refused it, and the money is the merchant's again: pay it out by hand in 商户平台 → 交易中心 → \
         退款管理. It counts as arrived once WeChat tells of that.",
        "  付款人的银行拒收，钱已退回商户账户：请到商户平台 → 交易中心 → 退款管理 人工打款；微信告知到账之后，这里才算已退款。",
    )
}

pub fn failed(refund: &Refund) -> Text {
    let why = refund.detail.as_deref().unwrap_or("-");
    text(
        format!("  WeChat refused it for good ({why}): nothing went back, and a new try takes a new Idempotency-Key."),
        format!("  微信拒绝了它（{why}）：钱没有退，重试请换一个新的 Idempotency-Key。"),
    )
}

fn due(refund: &Refund, now: Timestamp) -> String {
    show(refund.due_at.unwrap_or(now).max(now))
}
