//! Refund notifications: encrypted, unsigned, and sent when a refund is decided, if there is an address for it.

use std::collections::HashMap;
use std::fmt::Write;

use crate::channel::wechat::v2::{Fields, RefundCipher, xml};
use crate::deal::Timestamp;

use super::super::World;
use super::super::message_log::Message;
use super::super::notifications::{Delivery, REPEATS};
use super::super::switches::RefundNotify;
use super::SimRefund;
use super::book::Place;

impl World {
    /// Puts the notification of a decided refund on the list.
    pub(super) fn tell_of_refund(&mut self, place: Place, at: Timestamp) {
        let Some(refund) = self.refunds.get(place).filter(|refund| refund.notify_url.is_some()) else { return };
        let delivery = Delivery { order: refund.order.clone(), refund: Some(place), due: at, number: 0, signed_by: None };
        match self.faults.refund_notify {
            RefundNotify::Lost => {
                let fault = Some(RefundNotify::Lost.as_str());
                return self.log.note(&delivery.order, Message { fault, ..Message::new("refund-notification", at) });
            }
            RefundNotify::Twice => self.deliveries.push_back(Delivery { number: REPEATS.len(), ..delivery.clone() }),
            RefundNotify::Normal | RefundNotify::Forged => {}
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

    /// The address and the message about a decided refund.
    pub(in super::super) fn refund_notification(&self, place: Place) -> Option<(String, String)> {
        let refund = self.refunds.get(place)?;
        let appid = self.orders.get(&refund.order)?.parameter("appid")?;
        let merchant = self.merchants.iter().find(|merchant| merchant.mch_id == refund.order.mch_id && merchant.appid == appid)?;
        let mut fields = Fields::new().with("return_code", "SUCCESS").with("appid", appid).with("mch_id", refund.order.mch_id.as_str());
        if let Some(sub_mch_id) = &refund.order.sub_mch_id {
            fields.push("sub_mch_id", sub_mch_id);
        }
        let req_info = RefundCipher::new(merchant.signer(false)).encrypt(&self.refund_info(refund)?);
        let fields = fields.with("nonce_str", self.chance.nonce()).with("req_info", req_info);
        Some((refund.notify_url.clone()?, xml::write(&fields)))
    }

    /// What is encrypted, in the layout of the official sample.
    fn refund_info(&self, refund: &SimRefund) -> Option<String> {
        let order = self.orders.get(&refund.order)?;
        // As if blocks of two messages had been put together: it decrypts well.
        let forged = self.faults.refund_notify == RefundNotify::Forged;
        let fee = (refund.refund_fee.get() + i64::from(forged)).to_string();
        let total = order.total_fee.get().to_string();
        let status = if forged { "SUCCESS" } else { refund.state.as_str() };
        let time = refund.success_time();
        let fields = [
            ("cash_refund_fee", Some(order.cash_part(refund.refund_fee).to_string())),
            ("out_refund_no", Some(refund.out_refund_no.clone())),
            ("out_trade_no", Some(refund.order.out_trade_no.clone())),
            ("refund_account", Some("REFUND_SOURCE_RECHARGE_FUNDS".to_owned())),
            ("refund_fee", Some(fee.clone())),
            ("refund_id", Some(refund.refund_id.clone())),
            ("refund_recv_accout", Some(refund.receiver().to_owned())),
            ("refund_request_source", Some(refund.source.as_str().to_owned())),
            ("refund_status", Some(status.to_owned())),
            ("settlement_refund_fee", Some(fee)),
            ("settlement_total_fee", Some(total.clone())),
            ("success_time", time),
            ("total_fee", Some(total)),
            ("transaction_id", order.transaction_id.clone()),
        ];
        let mut info = "<root>\n".to_owned();
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let _ = writeln!(info, "<{name}><![CDATA[{value}]]></{name}>");
        }
        info.push_str("</root>");
        Some(info)
    }
}
