//! Why the gateway refuses, in both languages.

use crate::deal::Fen;
use crate::gateway::GatewayError;
use crate::language::{Text, pair, text};

/// A sentence for an operator.
pub fn of(error: &GatewayError) -> Text {
    match error {
        GatewayError::NotFound => pair("There is no such order.", "没有这个订单。"),
        GatewayError::IdempotencyConflict(_) => {
            pair("This form was used for another refund. Open it again.", "这张表单已用于另一笔退款，请重新打开。")
        }
        GatewayError::SignatureUsed => pair("The signature has been used.", "签名已用过。"),
        GatewayError::TradeTypeOff(account) => {
            text(format!("The account {account} is not set up for this way to pay."), format!("账户 {account} 未配置这种支付方式。"))
        }
        GatewayError::OtherAddress => pair("The order can be paid from another address only.", "该订单只能从另一地址支付。"),
        GatewayError::CheckoutClosed => pair("The checkout cannot be paid any more.", "该收银单已不能支付。"),
        GatewayError::TooEarly(wait) => text(
            format!("The order can be closed in {} s: WeChat wants it to be five minutes old.", wait.as_secs()),
            format!("{} 秒后才能关闭：微信要求订单至少存在五分钟。", wait.as_secs()),
        ),
        GatewayError::NotWeChats(_) => pair("The order is not paid by WeChat.", "该订单不是微信支付。"),
        GatewayError::RefundNotFound => pair("There is no such refund.", "没有这笔退款。"),
        GatewayError::NoCertificate(account) => text(
            format!("The account {account} has no client certificate, with which WeChat takes refunds."),
            format!("账户 {account} 没有配置 API 证书，不能退款。"),
        ),
        GatewayError::NotPaid(_) => pair("The order is not paid.", "该订单没有支付。"),
        GatewayError::RefundTooLate => pair("The payment is older than a year.", "付款已超过一年，不能退款。"),
        GatewayError::RefundTooMuch(left) => text(
            format!("¥{} are left of the payment.", Fen::yuan_or_nothing(*left)),
            format!("该笔付款可退余额为 ¥{}。", Fen::yuan_or_nothing(*left)),
        ),
        GatewayError::RefundTooMany => {
            pair("The order has fifty refunds, which are all that WeChat allows.", "该订单已有五十笔退款，已达微信上限。")
        }
        GatewayError::RefundMoved => pair(
            "Since this form was made something of the order was given back. Nothing was done now: read once more what is left.",
            "打开本表单之后，这个订单又有退款。本次没有执行：请再看一遍剩余金额。",
        ),
        GatewayError::RefundTooSoon(wait) => text(
            format!("The next refund of the order can be asked for in {} s.", wait.as_secs()),
            format!("{} 秒后才能申请该订单的下一笔退款。", wait.as_secs()),
        ),
        GatewayError::Refused(_, refusal) => text(format!("WeChat refused: {refusal}"), format!("微信拒绝：{refusal}")),
        GatewayError::Upstream(..) => pair("WeChat did not answer. Ask again in a while.", "微信没有应答，请稍后再试。"),
        GatewayError::LeftOpen(_) => {
            pair("WeChat does not say for sure that the order cannot be paid any more.", "微信没有明确表示该订单已不能支付。")
        }
        GatewayError::Mismatch(_) => {
            pair("What WeChat says of the payment does not fit the order. An alarm was raised.", "微信所述付款与订单不符，已告警。")
        }
        GatewayError::NoAccount(_) => pair("The configuration lacks the account of this order.", "配置中没有该订单的账户。"),
        GatewayError::BillNotFound => pair("There is no bill of that day and account.", "没有该日该账户的账单。"),
        GatewayError::DifferenceNotFound => pair("There is no such difference.", "没有这条差异。"),
        GatewayError::DifferenceClosed => pair("The difference is healed or explained already.", "该差异已消除或已说明。"),
        GatewayError::Busy => pair("Too many calls to WeChat are under way.", "正在进行的微信调用过多。"),
        GatewayError::Store(_) => pair("The database does not answer.", "数据库没有应答。"),
    }
}
