//! The trade bill's columns and sums, in each generation and of each type (PROTOCOL.md, 16.2).

use crate::deal::{BeijingTime, Timestamp};

use super::amounts::{amount, fee, of_refund};
use super::form::BillType;
use super::line::{Line, RefundPart};
use super::sheet::{Sheet, in_one_line};
use super::traps::BillGeneration::{self, A, B, C};

/// A column: its names in the generations A, B and C, empty where there is none; which bills have it; what stands in it.
struct Column {
    names: [&'static str; 3],
    of: &'static [BillType],
    cell: fn(&Line, BillGeneration) -> String,
}

const EVERY: &[BillType] = &[BillType::All, BillType::Success, BillType::Refund];
const WITH_REFUNDS: &[BillType] = &[BillType::All, BillType::Refund];
const REFUNDS_ALONE: &[BillType] = &[BillType::Refund];

const fn column(names: [&'static str; 3], of: &'static [BillType], cell: fn(&Line, BillGeneration) -> String) -> Column {
    Column { names, of, cell }
}

const COLUMNS: [Column; 29] = [
    column(["交易时间"; 3], EVERY, |line, _| time(line.at)),
    column(["公众账号ID"; 3], EVERY, |line, _| line.appid.clone()),
    column(["商户号"; 3], EVERY, |line, _| line.mch_id.clone()),
    column(["子商户号", "子商户号", "特约商户号"], EVERY, |line, _| line.sub_mch_id.clone().unwrap_or_else(|| "0".to_owned())),
    column(["设备号"; 3], EVERY, |line, _| line.device.clone()),
    column(["微信订单号"; 3], EVERY, |line, _| line.transaction_id.clone()),
    column(["商户订单号"; 3], EVERY, |line, _| line.out_trade_no.clone()),
    column(["用户标识"; 3], EVERY, |line, _| line.openid.clone()),
    column(["交易类型"; 3], EVERY, |line, _| line.trade_type.clone()),
    column(["交易状态"; 3], EVERY, |line, _| if line.refund.is_some() { "REFUND" } else { "SUCCESS" }.to_owned()),
    column(["付款银行"; 3], EVERY, |line, _| line.bank.clone()),
    column(["货币种类"; 3], EVERY, |_, _| "CNY".to_owned()),
    column(["总金额", "总金额", "应结订单金额"], EVERY, |line, by| amount(by, line.settled_by(by))),
    column(["代金券或立减优惠金额", "企业红包金额", "代金券金额"], EVERY, |line, by| amount(by, line.coupon)),
    column(["退款申请时间"; 3], REFUNDS_ALONE, |line, _| line.of_refund_or("", |_| time(line.at))),
    column(["退款成功时间"; 3], REFUNDS_ALONE, |line, _| {
        line.of_refund_or("", |refund| refund.arrived_at.map(time).unwrap_or_default())
    }),
    column(["微信退款单号"; 3], WITH_REFUNDS, |line, _| line.of_refund_or("0", |refund| refund.refund_id.clone())),
    column(["商户退款单号"; 3], WITH_REFUNDS, |line, _| line.of_refund_or("0", |refund| refund.out_refund_no.clone())),
    column(["退款金额"; 3], WITH_REFUNDS, |line, by| of_refund(by, line.refund_settled_by(by))),
    column(["代金券或立减优惠退款金额", "企业红包退款金额", "充值券退款金额"], WITH_REFUNDS, |line, by| {
        of_refund(by, line.to_coupons())
    }),
    column(["退款类型"; 3], WITH_REFUNDS, |line, _| line.of_refund_or("", |_| "ORIGINAL".to_owned())),
    column(["退款状态"; 3], WITH_REFUNDS, |line, _| line.of_refund_or("", |refund| refund.state.as_str().to_owned())),
    column(["商品名称"; 3], EVERY, |line, _| in_one_line(&line.goods)),
    column(["商户数据包"; 3], EVERY, |line, _| in_one_line(&line.attach)),
    column(["手续费"; 3], EVERY, |line, by| fee(by, line.fee)),
    column(["费率"; 3], EVERY, |_, _| "0.60%".to_owned()),
    column(["", "", "订单金额"], EVERY, |line, by| amount(by, line.total)),
    column(["", "", "申请退款金额"], WITH_REFUNDS, |line, by| amount(by, line.asked())),
    column(["", "", "费率备注"], EVERY, |_, _| String::new()),
];

impl Line {
    fn of_refund_or(&self, nothing: &str, cell: impl Fn(&RefundPart) -> String) -> String {
        self.refund.as_ref().map_or_else(|| nothing.to_owned(), cell)
    }

    fn asked(&self) -> i64 {
        self.refund.as_ref().map_or(0, |refund| refund.asked)
    }

    fn to_coupons(&self) -> i64 {
        self.refund.as_ref().map_or(0, |refund| refund.to_coupons)
    }

    /// Before C, a bill knows what was ordered alone.
    fn settled_by(&self, by: BillGeneration) -> i64 {
        if by == C { self.settled } else { self.total }
    }

    fn refund_settled_by(&self, by: BillGeneration) -> i64 {
        let settled = |refund: &RefundPart| if by == C { refund.settled } else { refund.asked };
        self.refund.as_ref().map_or(0, settled)
    }
}

/// A trade bill of these lines, in their order.
pub fn sheet(lines: &[Line], by: BillGeneration, bill_type: BillType) -> Sheet {
    let name = |column: &Column| match by {
        A => column.names[0],
        B => column.names[1],
        C => column.names[2],
    };
    let columns: Vec<_> = COLUMNS.iter().filter(|column| column.of.contains(&bill_type) && !name(column).is_empty()).collect();
    Sheet {
        header: columns.iter().map(|column| name(column).to_owned()).collect(),
        rows: lines.iter().map(|line| columns.iter().map(|column| (column.cell)(line, by)).collect()).collect(),
        sums: sums(lines, by),
    }
}

/// Plain sums over all lines, whatever the type. Only C has the last two.
fn sums(lines: &[Line], by: BillGeneration) -> Vec<(&'static str, String)> {
    let sum = |of: &dyn Fn(&Line) -> i64| lines.iter().map(of).sum::<i64>();
    let names = match by {
        A => ["总交易单数", "总交易额", "总退款金额", "总代金券或立减优惠退款金额", "手续费总金额"],
        B => ["总交易单数", "总交易额", "总退款金额", "总企业红包退款金额", "手续费总金额"],
        C => ["总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额"],
    };
    let values = [
        lines.len().to_string(),
        amount(by, sum(&|line| line.settled_by(by))),
        amount(by, sum(&|line| line.refund_settled_by(by))),
        amount(by, sum(&Line::to_coupons)),
        fee(by, sum(&|line| line.fee)),
    ];
    let later = [("订单总金额", sum(&|line| line.total)), ("申请退款总金额", sum(&Line::asked))];
    let later = later.into_iter().filter(|_| by == C).map(|(name, fen)| (name, amount(by, fen)));
    names.into_iter().zip(values).chain(later).collect()
}

/// `yyyy-MM-dd HH:mm:ss`, Beijing time.
fn time(at: Timestamp) -> String {
    BeijingTime::from(at).naive().format("%Y-%m-%d %H:%M:%S").to_string()
}
