//! The trade bill: its columns through all generations and types (PROTOCOL.md, 16.2).

use crate::deal::{Fen, RefundState};

use super::cells::{Cells, Column, Header};
use super::error::BillError;
use super::layout::{Layout, Total, need};
use super::row::{PaymentRow, RefundRow, Row};
use super::sums::{Amounts, TradeSums};
use super::unreadable::LineFault;
use super::values::{fee, fen, number, or_none, time, time_or_none, word};

/// The columns of a trade bill that are read.
pub struct TradeBill {
    time: Column,
    appid: Column,
    mch_id: Column,
    sub_mch_id: Option<Column>,
    transaction_id: Column,
    order_id: Column,
    state: Column,
    currency: Column,
    total: Column,
    settlement: Column,
    coupon: Column,
    fee: Column,
    rate: Option<Column>,
    requested_at: Option<Column>,
    refunded_at: Option<Column>,
    wechat_refund_id: Option<Column>,
    refund_id: Option<Column>,
    refund: Option<Column>,
    settlement_refund: Option<Column>,
    coupon_refund: Option<Column>,
    refund_state: Option<Column>,
}

impl Layout for TradeBill {
    type Row = Row;
    type Sums = TradeSums;

    const SUMMARY: &'static str = "总交易单数";
    const TOTALS: &'static [Total<TradeSums>] = &[
        Total { names: &["总交易单数"], decimals: 0, counted: |sums| sums.payments + sums.refunds },
        Total { names: &["应结订单总金额", "总交易额"], decimals: 2, counted: |sums| sums.settlement_fee },
        Total { names: &["退款总金额", "总退款金额"], decimals: 2, counted: |sums| sums.settlement_refund_fee },
        Total {
            names: &["充值券退款总金额", "总企业红包退款金额", "总代金券或立减优惠退款金额"],
            decimals: 2,
            counted: |sums| sums.coupon_refund_fee,
        },
        Total { names: &["手续费总金额"], decimals: 5, counted: |sums| sums.fee },
        Total { names: &["订单总金额"], decimals: 2, counted: |sums| sums.total_fee },
        Total { names: &["申请退款总金额"], decimals: 2, counted: |sums| sums.refund_fee },
    ];

    fn of_header(header: &Header) -> Result<Self, BillError> {
        Ok(Self {
            time: need(header, &["交易时间"])?,
            appid: need(header, &["公众账号ID"])?,
            mch_id: need(header, &["商户号"])?,
            sub_mch_id: header.find(&["特约商户号", "子商户号"]),
            transaction_id: need(header, &["微信订单号"])?,
            order_id: need(header, &["商户订单号"])?,
            state: need(header, &["交易状态"])?,
            currency: need(header, &["货币种类"])?,
            total: need(header, &["订单金额", "总金额"])?,
            settlement: need(header, &["应结订单金额", "总金额"])?,
            coupon: need(header, &["代金券金额", "企业红包金额", "代金券或立减优惠金额"])?,
            fee: need(header, &["手续费", "返还手续费"])?,
            rate: header.find(&["费率"]),
            requested_at: header.find(&["退款申请时间"]),
            refunded_at: header.find(&["退款成功时间"]),
            wechat_refund_id: header.find(&["微信退款单号"]),
            refund_id: header.find(&["商户退款单号"]),
            refund: header.find(&["申请退款金额", "退款金额"]),
            settlement_refund: header.find(&["退款金额"]),
            coupon_refund: header.find(&["充值券退款金额", "企业红包退款金额", "代金券或立减优惠退款金额"]),
            refund_state: header.find(&["退款状态"]),
        })
    }

    fn read(&self, cells: &Cells<'_>, sums: &mut TradeSums) -> Result<Row, LineFault> {
        if cells.is_surplus {
            // The rate stands behind the texts: where it is none, it was another cell that held a separator.
            cells.read_if_there(self.rate.as_ref(), |rate| rate.ends_with('%').then_some(()))?;
        }
        let amounts = self.amounts(cells)?;
        let row = match cells.read(&self.state, Some)? {
            "SUCCESS" => Row::Payment(self.payment(cells, &amounts)?),
            "REFUND" => Row::Refund(self.refund(cells, &amounts, false)?),
            "REVOKED" => Row::Refund(self.refund(cells, &amounts, true)?),
            _ => return Err(LineFault::Cell("交易状态")),
        };
        sums.add(&row, &amounts);
        Ok(row)
    }
}

/// Which kinds of rows a bill can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Payments: not a bill of the types `REFUND` and `RECHARGE_REFUND`.
    pub payments: bool,
    /// Refunds: not one of the type `SUCCESS`.
    pub refunds: bool,
}

impl Kinds {
    /// Both, as a bill of the type `ALL`.
    pub const ALL: Self = Self { payments: true, refunds: true };
}

impl TradeBill {
    /// Which rows a bill with these columns can have.
    pub(super) fn kinds(&self) -> Kinds {
        Kinds { payments: self.requested_at.is_none(), refunds: self.refund_id.is_some() }
    }

    fn amounts(&self, cells: &Cells<'_>) -> Result<Amounts, LineFault> {
        let amount = |column: &Option<Column>| Ok(cells.read_if_there(column.as_ref(), fen)?.unwrap_or(0));
        Ok(Amounts {
            total: cells.read(&self.total, fen)?,
            settlement: cells.read(&self.settlement, fen)?,
            refund: amount(&self.refund)?,
            settlement_refund: amount(&self.settlement_refund)?,
            coupon_refund: amount(&self.coupon_refund)?,
            fee: cells.read(&self.fee, fee)?,
        })
    }

    fn payment(&self, cells: &Cells<'_>, amounts: &Amounts) -> Result<PaymentRow, LineFault> {
        Ok(PaymentRow {
            paid_at: cells.read(&self.time, time)?,
            appid: cells.read(&self.appid, word)?,
            mch_id: cells.read(&self.mch_id, word)?,
            sub_mch_id: cells.read_if_there(self.sub_mch_id.as_ref(), or_none(word))?.flatten(),
            transaction_id: cells.read(&self.transaction_id, number)?,
            order_id: cells.read(&self.order_id, word)?,
            is_cny: cells.read(&self.currency, word)? == "CNY",
            total_fee: Fen::new(amounts.total).ok_or(LineFault::Cell("订单金额"))?,
            settlement_fee: amounts.settlement,
            coupon_fee: cells.read(&self.coupon, fen)?,
            fee: amounts.fee,
        })
    }

    fn refund(&self, cells: &Cells<'_>, amounts: &Amounts, is_reversal: bool) -> Result<RefundRow, LineFault> {
        let wechat_refund_id = cells.read_if_there(self.wechat_refund_id.as_ref(), or_none(number))?.flatten();
        if wechat_refund_id.is_none() && !is_reversal {
            return Err(LineFault::Cell("微信退款单号"));
        }
        Ok(RefundRow {
            booked_at: cells.read(&self.time, time)?,
            requested_at: cells.read_if_there(self.requested_at.as_ref(), time_or_none)?.flatten(),
            refunded_at: cells.read_if_there(self.refunded_at.as_ref(), time_or_none)?.flatten(),
            appid: cells.read(&self.appid, word)?,
            mch_id: cells.read(&self.mch_id, word)?,
            sub_mch_id: cells.read_if_there(self.sub_mch_id.as_ref(), or_none(word))?.flatten(),
            transaction_id: cells.read(&self.transaction_id, number)?,
            order_id: cells.read(&self.order_id, word)?,
            refund_id: cells.read_if_there(self.refund_id.as_ref(), or_none(word))?.flatten(),
            wechat_refund_id,
            is_reversal,
            is_cny: cells.read(&self.currency, word)? == "CNY",
            refund_fee: Fen::new(amounts.refund).ok_or(LineFault::Cell("申请退款金额"))?,
            settlement_refund_fee: amounts.settlement_refund,
            coupon_refund_fee: amounts.coupon_refund,
            fee: amounts.fee,
            state: cells.read_if_there(self.refund_state.as_ref(), Some)?.and_then(refund_state),
        })
    }
}

/// A bill is made when a refund is accepted, so most are SUCCESS already; a few are on their way.
fn refund_state(word: &str) -> Option<RefundState> {
    match word {
        "SUCCESS" => Some(RefundState::Success),
        "PROCESSING" => Some(RefundState::Processing),
        "FAIL" => Some(RefundState::Failed),
        "CHANGE" => Some(RefundState::Abnormal),
        "REFUNDCLOSE" => Some(RefundState::Closed),
        _ => None,
    }
}
