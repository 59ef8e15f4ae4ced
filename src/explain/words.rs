//! What a story says, in both languages side by side.

use crate::deal::{AccountId, BeijingTime, Deal, Fen, OrderId, Timestamp, TradeType};
use crate::language::Language::{Chinese, English};
use crate::language::{Text, pair, text};
use crate::store::{EventKind, Origin};

/// In Beijing's time.
pub fn show(time: Timestamp) -> String {
    BeijingTime::from(time).to_string()
}

pub fn no_such_deal(order_id: &OrderId) -> Text {
    text(
        format!("Order {order_id}: there is no such deal here, but WeChat has told of it."),
        format!("订单 {order_id}：这里没有这个订单，但微信发来过它的消息。"),
    )
}

pub fn opened(deal: &Deal, now: Timestamp) -> Text {
    let price = match deal.charged {
        Some(price) => text(format!("{price} yuan"), format!("{price} 元")),
        None => pair("an impossible price", "价格不合法"),
    };
    let (order_id, at) = (&deal.order_id, show(deal.opened_at(now)));
    text(
        format!("Order {order_id}: product {} of seller {}, {}, opened {at}.", deal.product_id, deal.merchant_id, price.read(English)),
        format!("订单 {order_id}：商户编号 {} 的商品 {}，{}，下单时间 {at}。", deal.merchant_id, deal.product_id, price.read(Chinese)),
    )
}

/// How it is paid, unless by scanning a code and by that alone; and which checkout it is one way of.
pub fn way(deal: &Deal) -> Option<Text> {
    let (how, how_zh) = trade_type(deal.trade_type);
    match &deal.checkout_id {
        Some(checkout_id) => Some(text(
            format!("  It is one way to pay the checkout {checkout_id}: {how}."),
            format!("  它是收银单 {checkout_id} 的一种付款方式：{how_zh}。"),
        )),
        None if deal.trade_type == TradeType::Native => None,
        None => Some(text(format!("  It is paid {how}."), format!("  付款方式：{how_zh}。"))),
    }
}

/// In English and in Chinese, with WeChat's word.
pub fn trade_type(trade_type: TradeType) -> (&'static str, &'static str) {
    match trade_type {
        TradeType::Native => ("by scanning a code (NATIVE)", "扫码（NATIVE）"),
        TradeType::Jsapi => ("inside WeChat (JSAPI)", "微信内（JSAPI）"),
        TradeType::Mweb => ("from a phone's browser (MWEB)", "手机浏览器（MWEB）"),
        TradeType::App => ("from an app (APP)", "App（APP）"),
    }
}

pub fn account(account: &AccountId) -> Text {
    text(format!("  It goes through the account {account}."), format!("  它走账户 {account}。"))
}

pub fn other_mode(mode: i64) -> Text {
    text(
        format!("  It is not paid by WeChat (mode {mode}): here it is only told of, as its row says."),
        format!("  它不是微信支付的订单（mode 为 {mode}）：这里只按表里的内容回答。"),
    )
}

pub fn opened_before() -> Text {
    pair("  It was opened by the service that was here before.", "  它是由之前的服务下的单。")
}

pub fn event(kind: Option<EventKind>) -> Text {
    match kind {
        Some(EventKind::Opened) => pair("The deal was stored, and WeChat was asked to open it", "订单已入库，并向微信下单"),
        Some(EventKind::LinkGiven) => pair("WeChat opened it: it can be paid", "微信已受理下单，可以付款"),
        Some(EventKind::LinkRefused) => pair("WeChat refused to open it", "微信拒绝下单"),
        Some(EventKind::LinkUnknown) => pair(
            "WeChat's answer did not arrive; only the same request again, or a query, can tell",
            "没有收到微信的应答；只能原样重发请求，或者查单才知道结果",
        ),
        Some(EventKind::Settled) => pair("WeChat's signed word was stored: paid", "微信签名的支付结果已入账：已支付"),
        Some(EventKind::SettledLate) => pair("ALARM: paid after it had expired; stored as paid", "告警：过期之后才付款；已按已支付入账"),
        Some(EventKind::Identified) => pair(
            "Another program had marked it as paid; WeChat's signed word says by which payment",
            "其他程序曾把它标记为已支付；微信签名的结果补上了是哪一笔支付",
        ),
        Some(EventKind::Refunded) => {
            pair("ALARM: WeChat said that it was given back, and not by this service", "告警：微信说这笔款已退，但不是本服务退的")
        }
        Some(EventKind::Mismatch) => pair(
            "ALARM: WeChat has signed a payment that does not fit; nothing was changed",
            "告警：微信签名的支付与订单不符；没有改动任何数据",
        ),
        Some(EventKind::SecondPayment) => pair(
            "WeChat has signed a second payment beside the one that counts; it goes back",
            "微信签名了第二笔支付，与已入账的不是同一笔；会退还",
        ),
        Some(EventKind::PaymentFailed) => pair("WeChat told of a payment that failed", "微信通知一次付款失败"),
        Some(EventKind::Looked) => pair("WeChat was asked how it stands", "向微信查单"),
        Some(EventKind::Closed) => pair("WeChat was asked to close it", "请求微信关单"),
        Some(EventKind::Expired) => pair("WeChat confirmed that it cannot be paid any more: expired", "微信确认不能再付款：已过期"),
        Some(EventKind::PaidOtherwise) => pair(
            "Its checkout had been paid in another way before: this order is not counted as paid",
            "它的收银单此前已用另一种方式支付：这个订单不算已支付",
        ),
        Some(EventKind::RefundRequested) => pair("A refund was stored; WeChat is asked for it", "退款已入库，随后向微信申请"),
        Some(EventKind::RefundAccepted) => pair("WeChat accepted the refund", "微信已受理退款"),
        Some(EventKind::RefundPostponed) => {
            pair("The refund was not accepted yet; the identical request is sent again", "微信暂未受理退款；之后原样重发请求")
        }
        Some(EventKind::RefundLooked) => pair("WeChat was asked how the refund stands", "向微信查询退款"),
        Some(EventKind::RefundSucceeded) => pair("The refund has reached its payer", "退款已到账"),
        Some(EventKind::RefundClosed) => {
            pair("WeChat gave the refund up; its amount can be given back again", "微信关闭了退款；这笔金额可以重新退款")
        }
        Some(EventKind::RefundAbnormal) => pair(
            "ALARM: the payer's bank refused the refund; pay it out by hand in the merchant platform",
            "告警：付款人的银行拒收退款；请到商户平台人工打款",
        ),
        Some(EventKind::RefundFailed) => pair("WeChat refused the refund for good", "微信拒绝了退款"),
        Some(EventKind::RefundBooked) => {
            pair("ALARM: a refund was made, and not by this service; it is booked", "告警：发生了一笔退款，但不是本服务发起的；已入账")
        }
        Some(EventKind::RefundMismatch) => pair(
            "ALARM: WeChat has signed a refund that does not fit; nothing was changed",
            "告警：微信签名的退款与这里的记录不符；没有改动任何数据",
        ),
        Some(EventKind::LeftOpen) => pair(
            "ALARM: WeChat took the order after it had expired, and it could not be closed there",
            "告警：过期之后微信受理了这个订单，且未能在微信关单",
        ),
        Some(EventKind::WebhookGivenUp) => pair(
            "ALARM: an endpoint of the merchant's did not take an event, however often it was tried",
            "告警：商户的回调地址多次未能接收事件，已停止重试",
        ),
        None => pair("Something that a later version wrote down", "更新的版本记录的事件"),
    }
}

pub fn origin(origin: Option<Origin>) -> Text {
    match origin {
        Some(Origin::FrontEnd) => pair("a front end's call", "前端调用"),
        Some(Origin::Notification) => pair("WeChat's notification", "微信通知"),
        Some(Origin::Sweeper) => pair("the sweeper", "自动查单"),
        Some(Origin::CommandLine) => pair("the command line", "命令行"),
        Some(Origin::Console) => pair("the console", "控制台"),
        Some(Origin::Bill) => pair("the day's bill", "日对账单"),
        None => pair("a later version", "更新的版本"),
    }
}

pub fn paid(deal: &Deal) -> Text {
    let at = deal.paid_at.map(show);
    let transaction = deal.transaction_id.as_deref();
    let (when, day) =
        (at.as_ref().map(|at| format!(" {at}")).unwrap_or_default(), at.as_ref().map(|at| format!("，支付时间 {at}")).unwrap_or_default());
    let back = given_back(deal);
    let more = match back.read(English) {
        "" => pair(" That is final; nothing of it went back.", "这是最终结果，没有退过款。"),
        _ => pair("", ""),
    };
    text(
        format!("It is paid{when}, transaction {}.{}{}", transaction.unwrap_or("unknown"), back.read(English), more.read(English)),
        format!("已支付{day}，微信支付单号 {}。{}{}", transaction.unwrap_or("未知"), back.read(Chinese), more.read(Chinese)),
    )
}

/// What of a payment went back, and what is left of it; empty: nothing did.
fn given_back(deal: &Deal) -> Text {
    let left = Fen::yuan_or_nothing(deal.left());
    let fees = deal.refunded.fee.map(|fee| {
        text(
            format!(" {} yuan of it went back or are on their way, {left} yuan can still be given back.", fee.yuan()),
            format!("其中 {} 元已退款或退款处理中，还可退 {left} 元。", fee.yuan()),
        )
    });
    let by_others = deal.refunded_at.map(show).map(|at| {
        text(format!(" At least a part was given back; WeChat said so {at}."), format!("至少退回了一部分，微信告知的时间是 {at}。"))
    });
    let asked = deal
        .refunded
        .list_due_at
        .map(show)
        .map(|due| text(format!(" WeChat is asked which refunds there are {due}."), format!("{due} 会向微信查询有哪些退款。")));
    let told: Vec<_> = [by_others, fees, asked].into_iter().flatten().collect();
    let all = |language| told.iter().map(|text| text.read(language)).collect::<String>();
    text(all(English), all(Chinese))
}

pub fn expired() -> Text {
    pair(
        "It has expired. That is final, unless WeChat tells of a payment after all.",
        "已过期。除非微信之后又通知有支付，否则这就是最终结果。",
    )
}

/// Of a deal whose checkout was paid in another way before it was paid itself.
pub fn paid_second() -> Text {
    pair(
        "It was paid second, after its checkout had been paid in another way. That is final: what becomes of this payment says its refund.",
        "它是重复付的一笔：收银单此前已用另一种方式支付。这是最终结果，这笔款的去向见它的退款。",
    )
}

pub fn never_asked() -> Text {
    pair("It is undecided. WeChat is never asked about it.", "还没有结果，也不会为它去问微信。")
}

/// Of an undecided deal whose account the configuration lacks.
pub fn without_account(account: &AccountId) -> Text {
    text(
        format!(
            "It is undecided, and the configuration lacks its account: until accounts.{account} is there again, WeChat is not asked about \
             it and no notification of its payment is believed."
        ),
        format!("还没有结果，而它的账户不在配置里：把 accounts.{account} 配回来之前，不会向微信查单，它的支付通知也不会被采信。"),
    )
}

/// Of a deal that can be paid until `until`, and is looked at again when it is `due`.
pub fn undecided(until: Timestamp, due: Option<Timestamp>, now: Timestamp) -> Text {
    let is_over = until <= now;
    let end = match is_over {
        false => {
            text(format!("It is undecided and can be paid until {}.", show(until)), format!("还没有结果，{} 之前都可以付款。", show(until)))
        }
        true => pair("It is undecided, and its time is over.", "还没有结果，但已经到期。"),
    };
    let next = match due.map(|due| show(due.max(now))) {
        Some(due) if is_over => text(format!("The sweeper gives it up {due}."), format!("自动查单将在 {due} 给它收尾。")),
        Some(due) => text(format!("The sweeper looks at it again {due}."), format!("下次自动查单：{due}。")),
        None => pair("No instance follows it; it is looked at when a caller asks.", "没有自动查单；调用方查询时才会去问微信。"),
    };
    text(format!("{} {}", end.read(English), next.read(English)), format!("{}{}", end.read(Chinese), next.read(Chinese)))
}
