//! The workload of refunds: what back ends ask for, what the merchant's staff and the banks do, what payers pay twice, and what
//! strangers post of refunds.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use wechat_pay::deal::Fen;
use wechat_pay::simulator::{NotificationMessage, Notify, Payment, RefundNotify, RefundRefusal, RefundState};

use super::history::History;
use super::invariants::Row;
use super::network::Posted;
use super::requests::RequestKind;

/// Refunds that back ends ask for in one history; repeats are no new ones.
const REFUNDS: usize = 5;
/// Of the cipher of refunds' notifications.
const BLOCK: usize = 16;

/// What a back end has asked for under a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRefund {
    pub order_id: String,
    pub key: String,
    /// Fen; all that is left without.
    pub fee: Option<i64>,
    pub reason: Option<&'static str>,
}

impl History<'_> {
    /// A deal that is paid at once, if nothing goes wrong: what most refunds are about.
    pub async fn begin_paid(&mut self) {
        self.open_a_deal().await;
        self.drain().await;
        if let Some(order) = self.network.some_order(&self.random) {
            let line = self.pay(&order);
            self.step(&line).await;
            self.hear_notifications(true).await;
        }
    }

    /// Money goes back, or is about to.
    pub async fn money_goes_back(&mut self) {
        match self.random.below(100) {
            0..45 => self.ask_for_refunds().await,
            45..57 => self.ask_about_a_refund().await,
            57..67 => self.staff_gives_back().await,
            67..80 => self.bank_decides().await,
            80..88 => self.refund_weather().await,
            88..94 => self.stranger_posts_of_a_refund().await,
            _ => self.payer_pays_again().await,
        }
    }

    async fn ask_for_refunds(&mut self) {
        let Some(asked) = self.wish() else { return };
        self.ask_for(asked.clone()).await;
        // At the same time, through another instance perhaps: the same once more, or another one.
        if self.random.happens(300) {
            let other = if self.random.happens(500) { Some(asked) } else { self.wish() };
            if let Some(other) = other {
                self.ask_for(other).await;
            }
        }
    }

    /// A new wish, or one of before: as it was, or otherwise.
    fn wish(&self) -> Option<AskedRefund> {
        let asked = &self.front_ends.refunds;
        if !asked.is_empty() && (asked.len() >= REFUNDS || self.random.happens(350)) {
            let again = self.random.one_of(asked);
            return Some(match self.random.below(8) {
                0 => AskedRefund { fee: Some(7), ..again },
                1 => AskedRefund { reason: Some("其他原因"), ..again },
                _ => again,
            });
        }
        let row = self.some_deal()?;
        let fee = self.random.one_of(&[None, None, Some(500), Some(500), Some(1000), Some(1), Some(2000)]);
        let reason = self.random.one_of(&[None, Some("商品已售完")]);
        let key = format!("refund-{}", self.sent);
        Some(AskedRefund { order_id: row.order_id.clone(), key, fee, reason })
    }

    /// A deal that a back end knows, mostly a paid one.
    fn some_deal(&self) -> Option<&Row> {
        let known: Vec<_> = self.front_ends.orders.iter().filter_map(|order_id| self.invariants.rows.get(order_id)).collect();
        let paid: Vec<_> = known.iter().copied().filter(|row| row.status == 1).collect();
        let among = if paid.is_empty() || self.random.happens(50) { known } else { paid };
        (!among.is_empty()).then(|| self.random.one_of(&among))
    }

    async fn ask_for(&mut self, asked: AskedRefund) {
        if !self.front_ends.refunds.iter().any(|before| before.key == asked.key) {
            self.front_ends.refunds.push(asked.clone());
        }
        let yuan = asked.fee.and_then(Fen::new).map(Fen::yuan);
        let mut body = json!({"order_id": asked.order_id});
        for (name, value) in [("refund", yuan.as_deref()), ("reason", asked.reason)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        let key = asked.key.clone();
        self.send(RequestKind::Refund(asked), "/wxPay/refund", Some(&key), body.to_string()).await;
    }

    async fn ask_about_a_refund(&mut self) {
        let numbers: Vec<_> = self.invariants.refunds.keys().cloned().collect();
        let Some(row) = self.some_deal() else { return };
        let order_id = row.order_id.clone();
        let (kind, body) = if numbers.is_empty() || self.random.happens(300) {
            (RequestKind::QueryRefunds(order_id.clone()), json!({"order_id": order_id}))
        } else {
            let number = self.random.one_of(&numbers);
            (RequestKind::QueryRefund(number.clone()), json!({"refund_id": number}))
        };
        self.send(kind, "/wxPay/queryRefund", None, body.to_string()).await;
    }

    /// In the merchant platform, whether the service knows of the payment or not.
    pub async fn staff_gives_back(&mut self) {
        let Some(order) = self.network.some_order(&self.random) else { return };
        let fee = self.random.one_of(&[None, Fen::new(300), Fen::new(1)]);
        let given = self.network.world.refund_by_hand(&order.out_trade_no, fee, self.now());
        self.step(&format!("{fee:?} of {} is given back by hand: {given:?}", order.out_trade_no)).await;
    }

    /// A refund under way comes to its end.
    async fn bank_decides(&mut self) {
        let under_way: Vec<_> = self.network.refunds().filter(|refund| refund.state == RefundState::Processing).cloned().collect();
        if under_way.is_empty() {
            return;
        }
        let number = self.random.one_of(&under_way).out_refund_no;
        let state = self.random.one_of(&[RefundState::Success, RefundState::Success, RefundState::RefundClose, RefundState::Change]);
        let notify = self.random.one_of(&[RefundNotify::Normal, RefundNotify::Normal, RefundNotify::Lost, RefundNotify::Twice]);
        let now = self.now();
        for world in [&mut self.network.world, &mut self.network.second] {
            let usual = std::mem::replace(&mut world.faults.refund_notify, notify);
            let _ = world.finish_refund(&number, state, now);
            world.faults.refund_notify = usual;
        }
        self.step(&format!("{number} becomes {state:?}, told {notify:?}")).await;
    }

    /// For a while WeChat takes no refunds: the balance is too low, the certificate is revoked, the limit is met.
    async fn refund_weather(&mut self) {
        let fair = self.network.world.faults.refund_refused.is_some() || self.fault_rate == 0;
        let refused = if fair {
            None
        } else {
            Some(self.random.one_of(&[
                RefundRefusal::Notenough,
                RefundRefusal::CertError,
                RefundRefusal::Noauth,
                RefundRefusal::FrequencyLimited,
                RefundRefusal::TooSoon,
                RefundRefusal::OrderNotReady,
                RefundRefusal::BizerrNeedRetry,
                RefundRefusal::UserAccountAbnormal,
            ]))
        };
        self.network.refuse_refunds(refused);
        self.step(&format!("refunds are refused by {refused:?}")).await;
    }

    /// The payer of a paid order is charged once more.
    async fn payer_pays_again(&mut self) {
        let is_known = |row: &&Row| row.status == 1 && row.transaction_id.is_some();
        let paid: Vec<_> = self.invariants.rows.values().filter(is_known).cloned().collect();
        if paid.is_empty() {
            return;
        }
        let row = self.random.one_of(&paid);
        let order = self.network.merchants.order(&row.account, &row.order_id);
        let payment = Payment { notify: Some(Notify::Normal), ..Payment::default() };
        let now = self.now();
        let paid = self.network.second.pay_order(&order, payment, now);
        self.count("paid twice", u64::from(paid.is_ok()));
        self.step(&format!("the payer of {} pays again: {paid:?}", row.order_id)).await;
    }

    /// A stranger has heard WeChat's messages about refunds, and posts them again, as they were or otherwise.
    async fn stranger_posts_of_a_refund(&mut self) {
        if self.network.refund_notices.is_empty() {
            return;
        }
        let [mut one, other] = [(); 2].map(|()| self.random.one_of(&self.network.refund_notices));
        let what = self.random.one_of(&["replayed", "spliced", "spliced", "cut", "random", "in another's name"]);
        let body = match what {
            "replayed" => one.body.clone(),
            "in another's name" => self.in_anothers_name(&one.body),
            _ => {
                let req_info = self.forged_req_info(what, &one, &other);
                one.body.replace(req_info_of(&one.body), &BASE64_STANDARD.encode(req_info))
            }
        };
        self.count("forged notifications of refunds", 1);
        self.note(&format!("a notification of a refund is {what}"));
        one.body = body;
        let posted = Posted { notification: one, genuine: false, by_wechat: false, is_of_second: false };
        self.deliver(posted).await;
    }

    fn forged_req_info(&self, what: &str, one: &NotificationMessage, other: &NotificationMessage) -> Vec<u8> {
        let [mut bytes, others] = [one, other].map(|message| BASE64_STANDARD.decode(req_info_of(&message.body)).unwrap());
        let blocks = bytes.len().min(others.len()) / BLOCK;
        match what {
            "spliced" => {
                for block in 0..blocks {
                    let place = block * BLOCK..(block + 1) * BLOCK;
                    if self.random.happens(500) {
                        bytes[place.clone()].copy_from_slice(&others[place]);
                    }
                }
            }
            "cut" => bytes.truncate(self.random.below(blocks) * BLOCK),
            _ => bytes.iter_mut().for_each(|byte| *byte = u8::try_from(self.random.below(256)).unwrap()),
        }
        bytes
    }

    /// With the numbers of another account, whose key is another one.
    fn in_anothers_name(&self, body: &str) -> String {
        let merchants: Vec<_> = self.network.merchants.iter().cloned().collect();
        let own = merchants.iter().find(|merchant| body.contains(&merchant.mch_id)).expect("a message about a merchant of ours");
        let other = self.random.one_of(&merchants);
        body.replace(&own.appid, &other.appid).replace(&own.mch_id, &other.mch_id)
    }
}

/// What is encrypted, in Base64.
fn req_info_of(body: &str) -> &str {
    let (_, rest) = body.split_once("<req_info><![CDATA[").expect("a notification of a refund");
    rest.split_once("]]>").expect("a field with an end").0
}
