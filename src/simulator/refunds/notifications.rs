//! Refund notifications: encrypted, unsigned, and sent when a refund is decided, if there is an address for it.

use std::collections::HashMap;
use std::fmt::Write;

use crate::channel::wechat::v2::{Fields, xml};
use crate::deal::Timestamp;

use super::super::World;
use super::super::message_log::Message;
use super::super::notifications::{Delivery, REPEATS};
use super::super::orders::SimOrder;
use super::super::switches::RefundNotify;
use super::SimRefund;
use super::book::Place;

impl World {
    /// Puts a refund's notification on the list.
    pub(super) fn tell_of_refund(&mut self, place: Place, at: Timestamp) {
        let Some(refund) = self.refunds.get(place).filter(|refund| refund.notify_url.is_some()) else { return };
        let delivery = Delivery { order: refund.order.clone(), refund: Some(place), due: at, number: 0, signed_by: None };
        match self.faults.refund_notify {
            RefundNotify::Lost => {
                let fault = Some(RefundNotify::Lost.as_str());
                return self.log.note(&delivery.order, Message { fault, ..Message::new("refund-notification", at) });
            }
            RefundNotify::Twice => self.deliveries.push_back(Delivery { number: REPEATS.len(), ..delivery.clone() }),
            _ => {}
        }
        self.deliveries.push_back(delivery);
    }

    /// When each refund's next notification is due.
    pub(super) fn next_refund_attempts(&self) -> HashMap<Place, Timestamp> {
        let mut next = HashMap::new();
        for (place, due) in self.deliveries.iter().filter_map(|delivery| Some((delivery.refund?, delivery.due))) {
            let earliest = next.entry(place).or_insert(due);
            *earliest = due.min(*earliest);
        }
        next
    }

    /// The address and the message about a refund.
    pub(in super::super) fn refund_notification(&self, place: Place) -> Option<(String, String)> {
        let refund = self.refunds.get(place)?;
        let order = self.orders.get(&refund.order)?;
        let appid = order.parameter("appid")?;
        let merchant = self.merchants.iter().find(|merchant| merchant.mch_id == refund.order.mch_id && merchant.appid == appid)?;
        let mut fields = Fields::new().with("return_code", "SUCCESS").with("appid", appid).with("mch_id", refund.order.mch_id.as_str());
        if let Some(sub_mch_id) = &refund.order.sub_mch_id {
            fields.push("sub_mch_id", sub_mch_id);
        }
        let fields = fields.with("nonce_str", self.chance.nonce()).with("req_info", self.req_info(merchant, order, refund));
        Some((refund.notify_url.clone()?, xml::write(&fields)))
    }
}

impl SimRefund {
    /// What is encrypted, in the layout of the official sample.
    pub(super) fn info(&self, order: &SimOrder) -> String {
        let (fee, total) = (self.refund_fee.get().to_string(), order.total_fee.get().to_string());
        let fields = [
            ("cash_refund_fee", Some(order.cash_part(self.refund_fee).to_string())),
            ("out_refund_no", Some(self.out_refund_no.clone())),
            ("out_trade_no", Some(self.order.out_trade_no.clone())),
            ("refund_account", Some("REFUND_SOURCE_RECHARGE_FUNDS".to_owned())),
            ("refund_fee", Some(fee.clone())),
            ("refund_id", Some(self.refund_id.clone())),
            ("refund_recv_accout", Some(self.receiver().to_owned())),
            ("refund_request_source", Some(self.source.as_str().to_owned())),
            ("refund_status", Some(self.state.as_str().to_owned())),
            ("settlement_refund_fee", Some(fee)),
            ("settlement_total_fee", Some(total.clone())),
            ("success_time", self.success_time()),
            ("total_fee", Some(total)),
            ("transaction_id", order.transaction_id.clone()),
        ];
        let mut info = "<root>\n".to_owned();
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let _ = writeln!(info, "<{name}><![CDATA[{value}]]></{name}>");
        }
        info.push_str("</root>");
        info
    }
}
