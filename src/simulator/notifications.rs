//! A schedule of repeats: when WeChat's notifications go out and come again, and what those of payments say.

use std::collections::{HashMap, VecDeque};

use chrono::TimeDelta;

use crate::channel::wechat::v2::{Fields, xml};
use crate::deal::{BeijingTime, Timestamp};

use super::World;
use super::answers::join;
use super::orders::{Attempt, OrderKey, SimOrder};
use super::switches::{Notify, RefundNotify};

/// When a notification that was not acknowledged comes again: seconds after the former one (PROTOCOL.md, 7.5).
pub(super) const REPEATS: [i64; 15] = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];
/// How late a late one is, in seconds.
pub(super) const LATE: i64 = 20;

/// A notification to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// About which order.
    pub order: OrderKey,
    /// About which refund of it, by its place in the book; none: about the payment.
    pub(super) refund: Option<usize>,
    pub(super) due: Timestamp,
    /// How many went before it.
    pub(super) number: usize,
    /// The `mch_id` of a merchant that sends it in WeChat's place.
    pub(super) signed_by: Option<String>,
}

impl Delivery {
    /// What the log calls it.
    pub(super) fn name(&self) -> &'static str {
        if self.refund.is_some() { "refund-notification" } else { "notification" }
    }
}

/// A notification ready to be posted.
#[derive(Debug, Clone)]
pub struct NotificationMessage {
    /// Which notification it is.
    pub delivery: Delivery,
    /// To where.
    pub url: String,
    /// The message.
    pub body: String,
    /// The fault in it, by its name in `/_sim/faults`.
    pub(super) fault: Option<&'static str>,
}

impl World {
    /// The notifications that are due now, taken off the list.
    pub fn notifications_due(&mut self, now: Timestamp) -> Vec<NotificationMessage> {
        self.decide_due_refunds(now);
        let (due, later): (VecDeque<_>, VecDeque<_>) = self.deliveries.drain(..).partition(|delivery| delivery.due <= now);
        self.deliveries = later;
        let messages: Vec<_> = due
            .into_iter()
            .filter_map(|delivery| {
                if let Some(refund) = delivery.refund {
                    let (url, body) = self.refund_notification(refund)?;
                    let fault = Some(self.faults.refund_notify).filter(|notify| *notify != RefundNotify::Normal);
                    return Some(NotificationMessage { url, body, fault: fault.map(RefundNotify::as_str), delivery });
                }
                let order = self.orders.get(&delivery.order)?;
                let fault = Some(self.faults.notify).filter(|notify| *notify != Notify::Normal).map(Notify::as_str);
                let fault = delivery.signed_by.as_ref().map(|_| "signed_by").or(fault);
                Some(NotificationMessage {
                    url: order.notify_url.clone(),
                    body: self.notification(order, delivery.signed_by.as_deref()),
                    fault,
                    delivery,
                })
            })
            .collect();
        self.under_way.extend(messages.iter().map(|message| message.delivery.clone()));
        messages
    }

    /// When the next notification of each order's payment is due.
    pub(super) fn next_attempts(&self) -> HashMap<&OrderKey, Timestamp> {
        let mut next = HashMap::new();
        for delivery in self.deliveries.iter().filter(|delivery| delivery.refund.is_none()) {
            let due = next.entry(&delivery.order).or_insert(delivery.due);
            *due = delivery.due.min(*due);
        }
        next
    }

    /// When the next notification is due, or the next refund arrives, which may bring one.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.deliveries.iter().map(|delivery| delivery.due).chain(self.refunds.next_due()).min()
    }

    /// How the merchant answered. Anything but the one right answer brings the notification again; returned is when.
    pub fn delivered(&mut self, delivery: Delivery, status: Option<u16>, acknowledged: bool, now: Timestamp) -> Option<Timestamp> {
        self.stats.notifications_sent += 1;
        self.stats.notifications_acknowledged += u64::from(acknowledged);
        self.under_way.retain(|under_way| *under_way != delivery);
        let attempts = match delivery.refund {
            Some(refund) => &mut self.refunds.get_mut(refund)?.attempts,
            None => &mut self.orders.get_mut(&delivery.order)?.attempts,
        };
        attempts.push(Attempt { at: BeijingTime::from(now).to_string(), status, acknowledged });
        let pause = REPEATS.get(delivery.number).filter(|_| !acknowledged)?;
        let due = now + TimeDelta::seconds(*pause) / self.time_scale;
        self.deliveries.push_back(Delivery { due, number: delivery.number + 1, ..delivery });
        Some(due)
    }

    /// The message about a paid order, signed with the key of its merchant, or of another that has no business with it.
    fn notification(&self, order: &SimOrder, signed_by: Option<&str>) -> String {
        let stranger = signed_by.and_then(|mch_id| self.merchant(mch_id));
        let signer = stranger.map_or_else(|| order.signer.clone(), |merchant| merchant.signer(false).with(order.signer.sign_type()));
        let sub_ids = ["sub_appid", "sub_mch_id"].into_iter().filter_map(|name| Some((name, order.parameter(name)?))).collect();
        let appid = Fields::new().with("appid", order.parameter("appid").unwrap_or_default());
        let mut fields = join([appid, order.payment(), sub_ids])
            .with("mch_id", order.mch_id.as_str())
            .with("nonce_str", order.nonce.as_str())
            .with("out_trade_no", order.out_trade_no.as_str())
            .with("result_code", "SUCCESS")
            .with("return_code", "SUCCESS");
        if !self.habits.notify_fee_type {
            fields = fields.iter().filter(|(name, _)| *name != "fee_type").collect();
        }
        if self.faults.notify == Notify::WrongAmount {
            let wrong = (order.total_fee.get() + 1).to_string();
            fields = fields.iter().map(|(name, value)| (name, if name == "total_fee" { wrong.as_str() } else { value })).collect();
        }
        if self.habits.notify_sign_type {
            fields.push("sign_type", signer.sign_type().as_str());
        }
        self.push_attach(&mut fields, order);
        if self.habits.extra_field {
            fields.push("future_field", "x");
        }
        let mut signed = signer.signed(fields);
        if self.faults.notify == Notify::Forged {
            let forged: String = signer.sign(&signed.clone().with("forged", "1"));
            signed = signed.iter().map(|(name, value)| (name, if name == "sign" { forged.as_str() } else { value })).collect();
        }
        xml::write(&signed)
    }
}
