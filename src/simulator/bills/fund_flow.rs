//! The fund flow's columns and sums (PROTOCOL.md, 16.6).

use crate::deal::{BeijingTime, yuan};

use super::movement::Movement;
use super::sheet::{Sheet, in_one_line};

const COLUMNS: [&str; 11] = [
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
];

/// A fund flow of these movements, in their order.
pub fn sheet(movements: &[Movement]) -> Sheet {
    let of = |is_income: bool| movements.iter().filter(move |movement| movement.kind.is_income() == is_income);
    let count = |is_income: bool| of(is_income).count().to_string();
    let sum = |is_income: bool| yuan(of(is_income).map(|movement| movement.amount).sum());
    Sheet {
        header: COLUMNS.map(str::to_owned).to_vec(),
        rows: movements.iter().map(|movement| row(movement).to_vec()).collect(),
        sums: vec![
            ("资金流水总笔数", movements.len().to_string()),
            ("收入笔数", count(true)),
            ("收入金额", sum(true)),
            ("支出笔数", count(false)),
            ("支出金额", sum(false)),
        ],
    }
}

fn row(movement: &Movement) -> [String; 11] {
    let (name, kind) = movement.kind.names();
    [
        BeijingTime::from(movement.at).naive().format("%Y-%m-%d %H:%M:%S").to_string(),
        movement.business_id.clone(),
        // A payment and its fee are two movements of one number.
        format!("19{}{}", movement.kind as u8, movement.business_id),
        name.to_owned(),
        kind.to_owned(),
        if movement.kind.is_income() { "收入" } else { "支出" }.to_owned(),
        yuan(movement.amount),
        yuan(movement.balance),
        movement.by.clone(),
        in_one_line(&movement.remark),
        movement.voucher.clone(),
    ]
}
