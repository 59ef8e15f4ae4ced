//! Refund queries: what WeChat answers to `/pay/refundquery`.

use crate::channel::wechat::v2::Fields;
use crate::deal::Timestamp;

use super::super::World;
use super::super::merchants::Requester;
use super::SimRefund;

/// Refunds in one answer.
const PAGE: usize = 10;
const NOT_THERE: (&str, &str) = ("REFUNDNOTEXIST", "not exist");

impl World {
    /// Answers a question about refunds, by one of four numbers: the refund's alone, or all of an order in pages of ten.
    pub(in super::super) fn refund_query(
        &mut self,
        fields: &Fields,
        requester: &Requester,
        now: Timestamp,
    ) -> Result<Fields, (&'static str, &'static str)> {
        self.decide_due_refunds(now);
        let named: Vec<&SimRefund> = if let Some(id) = fields.get("refund_id") {
            let all = self.refunds.newest_first().map(|(_, refund)| refund);
            all.filter(|refund| refund.refund_id == id && requester.has(&refund.order)).collect()
        } else if let Some(number) = fields.get("out_refund_no") {
            let of_number = self.refunds.of_number(number).map(|(_, refund)| refund);
            of_number.filter(|refund| requester.has(&refund.order)).collect()
        } else {
            let order = self.order_named(fields, requester).ok_or(NOT_THERE)?;
            self.refunds.of_order(&order).collect()
        };
        let order = named.first().and_then(|refund| self.orders.get(&refund.order)).ok_or(NOT_THERE)?;
        let offset = fields.get("offset").map_or(Ok(0), str::parse::<usize>).map_err(|_| ("PARAM_ERROR", "offset参数格式错误"))?;
        if offset >= named.len() {
            return Err(("PARAM_ERROR", "offset参数错误"));
        }
        let page: Vec<_> = named.iter().skip(offset).take(PAGE).collect();
        let fee: i64 = page.iter().map(|refund| refund.refund_fee.get()).sum();
        let mut answer = Fields::new()
            .with("transaction_id", order.transaction_id.clone().unwrap_or_default())
            .with("out_trade_no", order.out_trade_no.as_str())
            .with("total_fee", order.total_fee.get().to_string())
            .with("cash_fee", order.cash_fee().to_string())
            .with("refund_fee", fee.to_string())
            .with("refund_count", page.len().to_string());
        if named.len() > PAGE {
            answer.push("total_refund_count", named.len().to_string());
        }
        for (n, refund) in page.into_iter().enumerate() {
            for (name, value) in refund.told() {
                answer.push(format!("{name}_{n}"), value);
            }
        }
        Ok(answer)
    }
}

impl SimRefund {
    /// What the answer tells of one refund, before its number is put behind each name.
    fn told(&self) -> impl Iterator<Item = (&'static str, String)> {
        let always = [
            ("out_refund_no", self.out_refund_no.clone()),
            ("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS".to_owned()),
            ("refund_channel", "ORIGINAL".to_owned()),
            ("refund_fee", self.refund_fee.get().to_string()),
            ("refund_id", self.refund_id.clone()),
            ("refund_recv_accout", self.receiver().to_owned()),
            ("refund_status", self.state.as_str().to_owned()),
        ];
        always.into_iter().chain(self.success_time().map(|time| ("refund_success_time", time)))
    }
}
