//! What the page of a deal says, in both languages side by side.

use crate::deal::{Fen, OrderId, Refund, RefundReason, RefundState, TradeType};
use crate::gateway::SecondLook;
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};

/// Of the page.
pub fn title(order_id: &OrderId) -> Text {
    text(format!("Order {order_id}"), format!("订单 {order_id}"))
}

/// WeChat has told of it.
pub fn not_here(order_id: &OrderId) -> Text {
    text(
        format!("There is no order {order_id} here, but WeChat has told of it."),
        format!("这里没有订单 {order_id}，但微信发来过它的消息。"),
    )
}

pub fn way(trade_type: TradeType) -> Text {
    match trade_type {
        TradeType::Native => pair("by scanning a code (NATIVE)", "扫码（NATIVE）"),
        TradeType::Jsapi => pair("inside WeChat (JSAPI)", "微信内（JSAPI）"),
        TradeType::Mweb => pair("from a phone's browser (MWEB)", "手机浏览器（MWEB）"),
        TradeType::App => pair("from an app (APP)", "App（APP）"),
    }
}

/// The first lines of a long story.
pub fn left_out(lines: usize) -> Text {
    text(
        format!("{lines} earlier lines are left out; `wechat-pay explain` tells them."),
        format!("更早的 {lines} 条没有显示；`wechat-pay explain` 可查看全部。"),
    )
}

pub fn masked() -> Text {
    pair("(masked)", "（已遮盖）")
}

pub fn only_looks() -> Text {
    pair("Your role is to look: operators and admins can act here.", "您的角色只能查看；操作员和管理员可以在这里操作。")
}

pub fn nothing_to_do() -> Text {
    pair("Nothing: this order needs nobody.", "没有：这个订单不需要操作。")
}

/// Why not now.
pub fn no_refund(why: &Text) -> Text {
    text(format!("No refund can be asked for now. {}", why.read(English)), format!("现在不能退款。{}", why.read(Chinese)))
}

/// What comes of asking.
pub fn ask(is_paid: bool) -> Text {
    match is_paid {
        true => pair(
            "WeChat is asked which refunds this order has. What it says, signed, is stored; nothing is given back by it.",
            "向微信查询这个订单有哪些退款，并按微信签名的结果更新；不会发起退款。",
        ),
        false => pair(
            "WeChat is asked how the order stands. If it was paid, it becomes paid here; nothing is closed by it.",
            "向微信查询这个订单。如果已付款，这里会变成已支付；不会关闭订单。",
        ),
    }
}

/// Of the page.
pub fn second_look() -> Text {
    pair("Look once more: a refund", "再看一遍：退款")
}

/// What is about to be done.
pub fn plan(look: &SecondLook) -> Text {
    let (order_id, fee, paid) = (&look.deal.order_id, look.fee.grouped(), look.deal.paid().map_or_else(String::new, Fen::grouped));
    text(
        format!("¥{fee} go back to the payer of order {order_id}, who has paid ¥{paid}."),
        format!("退款 ¥{fee}（{}）给订单 {order_id} 的付款人，该订单共支付 ¥{paid}。", crate::deal::spelled(look.fee)),
    )
}

pub fn reason(reason: Option<&RefundReason>) -> Text {
    match reason {
        Some(reason) => text(format!("The reason that the payer reads: “{reason}”."), format!("付款人看到的原因：“{reason}”。")),
        None => pair("The payer reads no reason.", "付款人不会看到原因。"),
    }
}

pub fn remains(look: &SecondLook) -> Text {
    match look.left {
        Some(left) => {
            let left = left.grouped();
            text(format!("¥{left} of the payment can still be given back after that."), format!("退款后，这笔付款还可退 ¥{left}。"))
        }
        None => pair("Nothing of the payment is left after that.", "退款后，这笔付款没有余额可退。"),
    }
}

pub fn consequence() -> Text {
    pair(
        "A refund cannot be taken back. If the answer is lost, the service follows it by itself; pressing the button twice is one refund.",
        "退款不能撤回。如果没有收到应答，服务会自动跟进；按两次按钮也只退一次。",
    )
}

pub fn give_back(fee: Fen) -> Text {
    let fee = fee.grouped();
    text(format!("Give ¥{fee} back"), format!("确认退款 ¥{fee}"))
}

pub fn back() -> Text {
    pair("No, back to the order", "不退，返回订单")
}

pub fn no_amount() -> Text {
    pair(
        "The amount is to be written in yuan, as 12.34, and more than nothing. Nothing was done.",
        "金额请写成元，例如 12.34，且大于零。没有执行任何操作。",
    )
}

pub fn no_reason() -> Text {
    pair(
        "The reason has 80 bytes at most, which are 26 Chinese characters, in one line. Nothing was done.",
        "原因最多 80 字节（26 个汉字），不能换行。没有执行任何操作。",
    )
}

pub fn no_attempt() -> Text {
    pair("The form is not whole: open the order again. Nothing was done.", "表单不完整，请重新打开订单。没有执行任何操作。")
}

/// The database did not say.
pub fn not_known() -> Text {
    pair(
        "The database did not answer, so it is not known whether the refund is stored. Press the button again, on this page: it is the same \
         refund, and never a second one.",
        "数据库没有应答，不知道退款是否已入库。请就在本页再按一次按钮：仍是同一笔退款，不会退两次。",
    )
}

/// WeChat did not say.
pub fn left_open() -> Text {
    pair(
        "WeChat's word could not be had, so it is not known whether the order can still be paid. The service follows it by itself: look \
         again in a while.",
        "没有得到微信的答复，不知道订单是否还能付款。服务会自动跟进，请稍后再看。",
    )
}

/// What the page says after a refund was asked for.
pub fn done(refund: &Refund) -> &'static str {
    match refund.state {
        RefundState::Processing if refund.is_accepted() => "refund",
        RefundState::Processing => "refund_followed",
        RefundState::Success => "refund_arrived",
        RefundState::Closed | RefundState::Abnormal | RefundState::Failed => "refund_refused",
    }
}
