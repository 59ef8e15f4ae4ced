//! Of deals that an operator should look at.

use crate::deal::AccountId;
use crate::language::{Text, pair, text};
use crate::store::Found;

use super::{Trouble, trouble};

/// Rows of one kind, with the first of their order ids.
fn rows(found: &Found, what: &str, kind: &str) -> Text {
    let more = if usize::try_from(found.count).is_ok_and(|count| count > found.examples.len()) { ", …" } else { "" };
    let examples = found.examples.join(", ");
    text(format!("{} {what}: {examples}{more}", found.count), format!("{} {kind}：{examples}{more}", found.count))
}

pub fn overdue(found: &Found) -> Trouble {
    trouble(
        rows(found, "deals are undecided although their time ended more than an hour ago", "个订单过期一个多小时了还没有结果"),
        pair(
            "is the service running, with sweep.calls_per_second above 0, and does WeChat answer it? `wechat-pay explain <order>` tells",
            "服务是否在运行、sweep.calls_per_second 是否大于 0、微信是否应答？用 `wechat-pay explain <订单号>` 查看",
        ),
    )
}

pub fn unclaimed(found: &Found) -> Trouble {
    trouble(
        rows(
            found,
            "rows of the Node.js service are not followed, an hour after they were inserted",
            "行是 Node.js 服务写入的，过了一小时还没有开始跟踪",
        ),
        pair("start the service: it claims them, or when a caller asks for them", "启动本服务，它会自动接管；有人查询时也会接管"),
    )
}

pub fn unproven(found: &Found) -> Trouble {
    trouble(
        rows(
            found,
            "deals of this service are paid by nothing but another program's word: no signed message says so",
            "个本服务的订单被其他程序标记为已支付，却没有任何签名的报文作证",
        ),
        pair(
            "look for them in WeChat's own pages, and close the Node.js service's callback to the outside: it believes unsigned messages",
            "到商户平台核对这些订单，并对外关闭 Node.js 服务的回调：它不验签",
        ),
    )
}

pub fn impossible(found: &Found) -> Trouble {
    trouble(
        rows(
            found,
            "rows hold an order id, a status or a price that no deal can have, and are never settled",
            "行的订单号、状态或价格不合法，永远不会入账",
        ),
        pair("look at them by hand, should a payer have paid", "人工核对，以防用户已经付款"),
    )
}

pub fn without_account(account: &AccountId, deals: i64) -> Trouble {
    trouble(
        text(
            format!("undecided deals or refunds go through the account {account}, which is not configured: {deals}"),
            format!("{deals} 个未决订单或退款走账户 {account}，而它不在配置里"),
        ),
        text(
            format!("configure accounts.{account} again with its numbers and key: until then WeChat is not asked about them"),
            format!("用原来的号码和密钥把 accounts.{account} 配回去：在此之前不会为它们向微信查单"),
        ),
    )
}

pub fn all_well() -> Text {
    pair("none is overdue, unclaimed, unproven or impossible", "没有超时未决、未接管、缺少凭据或不合法的订单")
}
