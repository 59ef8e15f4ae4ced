//! The fund flow: each movement of a merchant's account (PROTOCOL.md, 16.6).

use crate::deal::Timestamp;

use super::cells::{Cells, Column, Header};
use super::error::BillError;
use super::layout::{Layout, Total, need};
use super::unreadable::LineFault;
use super::values::{fen, or_none, signed_fen, time, word};

/// The columns of a fund flow that are read.
pub struct FundFlow {
    time: Column,
    business_id: Column,
    flow_id: Column,
    kind: Column,
    direction: Column,
    amount: Column,
    balance: Column,
    voucher: Column,
}

/// One movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundFlowRow {
    /// When it was booked, which is not when it was paid.
    pub booked_at: Timestamp,
    /// WeChat's number of what it is for: a `transaction_id`, the number of a refund, or another.
    pub business_id: String,
    /// WeChat's number of the movement itself.
    pub flow_id: String,
    /// What it is for.
    pub kind: MovementKind,
    /// Which way it went.
    pub direction: Direction,
    /// The amount, in fen, 0 and more.
    pub amount: i64,
    /// The account's balance after it, in fen.
    pub balance: i64,
    /// The merchant's number of the order or of the refund, mostly.
    pub voucher: Option<String>,
}

/// What a movement is for (业务类型).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovementKind {
    /// 交易: a payment.
    Payment,
    /// 扣除交易手续费: the fee of one.
    Fee,
    /// 退款: a refund.
    Refund,
    /// 退款关闭: a refund that failed after it was accepted; its money is back.
    RefundClosed,
    /// 退还交易手续费: the fee of a payment that was given back.
    FeeReturned,
    /// Anything else, in WeChat's word.
    Other(String),
}

/// Which way money went (收支类型).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// 收入: to the merchant.
    Income,
    /// 支出: from the merchant.
    Expense,
}

/// The sums over the rows of a fund flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FundFlowSums {
    /// How many movements were to the merchant.
    pub incomes: i64,
    /// What they come to, in fen.
    pub income: i64,
    /// How many were from the merchant.
    pub expenses: i64,
    /// What they come to, in fen.
    pub expense: i64,
}

impl Layout for FundFlow {
    type Row = FundFlowRow;
    type Sums = FundFlowSums;

    const SUMMARY: &'static str = "资金流水总笔数";
    const TOTALS: &'static [Total<FundFlowSums>] = &[
        Total { names: &["资金流水总笔数"], decimals: 0, counted: |sums| sums.incomes + sums.expenses },
        Total { names: &["收入笔数"], decimals: 0, counted: |sums| sums.incomes },
        Total { names: &["收入金额"], decimals: 2, counted: |sums| sums.income },
        Total { names: &["支出笔数"], decimals: 0, counted: |sums| sums.expenses },
        Total { names: &["支出金额"], decimals: 2, counted: |sums| sums.expense },
    ];

    fn of_header(header: &Header) -> Result<Self, BillError> {
        Ok(Self {
            time: need(header, &["记账时间"])?,
            business_id: need(header, &["微信支付业务单号"])?,
            flow_id: need(header, &["资金流水单号"])?,
            kind: need(header, &["业务类型"])?,
            direction: need(header, &["收支类型"])?,
            amount: need(header, &["收支金额(元)"])?,
            balance: need(header, &["账户结余(元)"])?,
            voucher: need(header, &["业务凭证号"])?,
        })
    }

    fn read(&self, cells: &Cells<'_>, sums: &mut FundFlowSums) -> Result<FundFlowRow, LineFault> {
        let row = FundFlowRow {
            booked_at: cells.read(&self.time, time)?,
            business_id: cells.read(&self.business_id, word)?,
            flow_id: cells.read(&self.flow_id, word)?,
            kind: cells.read(&self.kind, kind)?,
            direction: cells.read(&self.direction, direction)?,
            amount: cells.read(&self.amount, fen)?,
            balance: cells.read(&self.balance, signed_fen)?,
            voucher: cells.read(&self.voucher, or_none(word))?,
        };
        sums.add(&row);
        Ok(row)
    }
}

fn kind(text: &str) -> Option<MovementKind> {
    Some(match text {
        "交易" => MovementKind::Payment,
        "扣除交易手续费" => MovementKind::Fee,
        "退款" => MovementKind::Refund,
        "退款关闭" => MovementKind::RefundClosed,
        "退还交易手续费" => MovementKind::FeeReturned,
        "" => return None,
        other if other.contains(char::REPLACEMENT_CHARACTER) => return None,
        other => MovementKind::Other(other.to_owned()),
    })
}

fn direction(text: &str) -> Option<Direction> {
    match text {
        "收入" => Some(Direction::Income),
        "支出" => Some(Direction::Expense),
        _ => None,
    }
}

impl FundFlowSums {
    /// Beyond what 64 bits hold a sum stays at their end, which no summary can state.
    fn add(&mut self, row: &FundFlowRow) {
        let (count, sum) = match row.direction {
            Direction::Income => (&mut self.incomes, &mut self.income),
            Direction::Expense => (&mut self.expenses, &mut self.expense),
        };
        *count += 1;
        *sum = sum.saturating_add(row.amount);
    }
}
