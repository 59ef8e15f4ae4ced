//! What a story says of a checkout, in both languages side by side.

use crate::deal::{Checkout, Deal, DealStatus, Refund, RefundState, Timestamp, TradeType};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

use super::words::{show, trade_type};

pub fn made(checkout: &Checkout) -> Text {
    let Checkout { checkout_id, merchant_id, product_id, price, account, .. } = checkout;
    let (at, until) = (show(checkout.created_at), show(checkout.expires_at));
    text(
        format!(
            "Checkout {checkout_id}: product {product_id} of seller {merchant_id}, {price} yuan, account {account}, made {at}, to be paid \
             until {until}."
        ),
        format!(
            "收银单 {checkout_id}：商户编号 {merchant_id} 的商品 {product_id}，{price} 元，账户 {account}，创建时间 {at}，付款截止 {until}。"
        ),
    )
}

/// A deal of its, in a line.
pub fn way(deal: &Deal) -> Text {
    let (how, how_zh) = trade_type(deal.trade_type);
    let stands = match deal.status {
        DealStatus::Paid => pair("paid it", "付款的就是它"),
        DealStatus::Expired => pair("cannot be paid any more", "已不能付款"),
        DealStatus::Unpaid => pair("is undecided", "还没有结果"),
    };
    text(
        format!("  Order {}, {how}: {}.", deal.order_id, stands.read(English)),
        format!("  订单 {}，{how_zh}：{}。", deal.order_id, stands.read(Chinese)),
    )
}

/// What was paid beside the payment that counts.
pub fn second_payment(by: TradeType, refund: &Refund) -> Text {
    let (refund_id, fee, by) = (&refund.refund_id, refund.fee.yuan(), by.as_str());
    let stands = match refund.state {
        RefundState::Success => pair("has gone back to its payer", "已退还付款人"),
        RefundState::Processing => pair("is going back", "正在退还"),
        RefundState::Closed | RefundState::Abnormal | RefundState::Failed => {
            pair("has NOT gone back: give it back in 商户平台", "没有退成：请到商户平台退款")
        }
    };
    text(
        format!("    A second payment by {by}, {fee} yuan, {} (refund {refund_id}).", stands.read(English)),
        format!("    又用 {by} 付了一笔 {fee} 元，{}（退款 {refund_id}）。", stands.read(Chinese)),
    )
}

/// How it stands, and what comes next.
pub fn outlook(checkout: &Checkout, deals: usize, now: Timestamp) -> Text {
    match (&checkout.paid_by, checkout.given_up_at) {
        (Some(order_id), _) => text(
            format!(
                "It is paid, by order {order_id}. That is final: its other orders are closed, and what they are paid all the same goes back."
            ),
            format!("已支付，付款的是订单 {order_id}。这是最终结果：其余订单会关闭，再付的款会退还。"),
        ),
        (None, Some(at)) => text(
            format!("It was given up {}: nobody begins to pay it any more. A payment of the last moment pays it all the same.", show(at)),
            format!("已于 {} 关闭：谁也不能再开始付款。关闭那一刻付的款仍会入账。", show(at)),
        ),
        (None, None) if checkout.expires_at <= now => {
            pair("Its time is over. A payment of the last moment pays it all the same.", "已到期。到期那一刻付的款仍会入账。")
        }
        (None, None) if deals == 0 => {
            pair("No payer has come yet, and WeChat knows nothing of it.", "还没有付款人打开它，也没有向微信下单。")
        }
        (None, None) => pair("It can be paid.", "可以付款。"),
    }
}
