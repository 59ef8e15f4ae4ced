//! Form validation of a refund's parameters.

use crate::channel::wechat::v2::Fields;

/// What the gateway complains about (`return_msg`), before it looks at any order.
pub fn check(fields: &Fields) -> Result<(), String> {
    let number = fields.get("out_refund_no").unwrap_or_default();
    if !number.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-|*@".contains(&b)) {
        return Err("out_refund_no参数格式错误".to_owned());
    }
    let total_fee = fee(fields, "total_fee", "标价金额")?;
    let refund_fee = fee(fields, "refund_fee", "退款金额")?;
    if refund_fee > total_fee {
        return Err("invalid refund_fee".to_owned());
    }
    let accounts = ["REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"];
    if fields.get("refund_account").is_some_and(|account| !accounts.contains(&account)) {
        return Err("refund_account参数格式错误".to_owned());
    }
    Ok(())
}

fn fee(fields: &Fields, name: &str, zh: &str) -> Result<i64, String> {
    match fields.get(name).unwrap_or_default().parse::<i64>() {
        Err(_) => Err(format!("无法将输入源“/body/xml/{name}”映射到目标字段“{zh}”中，此字段需要一个合法的 64 位有符号整数")),
        Ok(fee) if fee < 1 => Err(format!("invalid {name}")),
        Ok(fee) => Ok(fee),
    }
}
