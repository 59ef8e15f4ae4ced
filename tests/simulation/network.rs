//! WeChat's side and the way there: the simulator's world, the requests that arrive after their callers have given up, the
//! notifications that are on their way.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{SignType, xml};
use wechat_pay::channel::{CallError, Doubt};
use wechat_pay::deal::{AccountId, Timestamp};
use wechat_pay::simulator::{CloseUnknown, Layout, NotificationMessage, Notify, OrderKey, SimOrder, World};

use super::driver::CALL;
use super::invariants::Row;
use super::merchants::{CHANGED, Merchants, is_named, sign_type};
use super::scheduler::Reply;
use super::support::random::Random;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Answered,
    Unreachable,
    Limited,
    /// Nothing arrives; a break or a time-out is heard.
    Lost,
    ReplyLost,
    /// The caller gives up, and then the request arrives.
    Late,
    SystemError,
    SystemErrorYetDone,
    Html,
}

pub struct Network {
    pub world: World,
    pub merchants: Merchants,
    /// Whether WeChat takes the new key of the account whose key is changed, and no longer the former one.
    pub has_new_key: bool,
    /// Orders of which their merchant's own key has said that a payment failed.
    pub failures: BTreeSet<String>,
    /// Notifications that WeChat has posted and that have not been delivered.
    pub notifications: Vec<Posted>,
    /// Requests for links that may have arrived after a later one.
    overtaken: Vec<String>,
    late: Vec<(Timestamp, &'static str, String)>,
}

#[derive(Clone)]
pub struct Posted {
    pub notification: NotificationMessage,
    pub genuine: bool,
    /// WeChat waits for the answer to this one; the answer to a copy does not reach it.
    pub by_wechat: bool,
}

impl Posted {
    /// Whether a configuration has the key that has signed it; a message that is not genuine no key has signed.
    pub fn can_be_verified(&self, account: &AccountId, configured: &Merchants) -> bool {
        let message = xml::parse(self.notification.body.as_bytes()).unwrap();
        SignType::ALL.into_iter().any(|by| configured.have_signed(account, &message, by))
    }
}

impl Network {
    pub fn new(merchants: Merchants, has_new_key: bool, random: &Random) -> Self {
        let at_wechat = if has_new_key { merchants.at_wechat() } else { merchants.before_the_change().at_wechat() };
        let mut world = World::with_merchants(at_wechat, Chance::seeded(random.seed()), 1);
        world.habits.layout = Layout::Mixed;
        world.habits.strict_close = random.happens(500);
        world.habits.extra_field = random.happens(200);
        world.habits.notify_sign_type = random.happens(200);
        world.habits.notify_fee_type = random.happens(800);
        world.habits.close_unknown = random.one_of(&[CloseUnknown::Success, CloseUnknown::OrderNotExist]);
        world.faults.system_error_signed = random.happens(500);
        let failures = BTreeSet::new();
        Self { world, merchants, has_new_key, failures, notifications: Vec::new(), overtaken: Vec::new(), late: Vec::new() }
    }

    /// The order of a deal, at the merchant of its account.
    pub fn order(&self, row: &Row) -> Option<&SimOrder> {
        self.world.order_by_key(&self.merchants.order(&row.account, &row.order_id))
    }

    /// Invariant 11: no call about a deal is made with another merchant's numbers than those of its account, or with another's key.
    pub fn check_merchant(&self, row: &Row, request: &str) {
        let fields = xml::parse(request.as_bytes()).unwrap();
        let is_named = is_named(self.merchants.of_account(&row.account), &fields);
        assert!(is_named, "invariant 11: WeChat is asked in another account's name: {request} about {row:?}");
        let is_signed = self.merchants.have_signed(&row.account, &fields, sign_type(&fields));
        assert!(is_signed, "invariant 11: WeChat is asked with another account's key: {request} about {row:?}");
    }

    /// A merchant's operator changes its key at WeChat. What WeChat says of orders of before goes on with the former one.
    pub fn change_key(&mut self) {
        self.has_new_key = true;
        self.world.change_key(self.merchants.of_account(&CHANGED.parse().unwrap()));
    }

    /// Lets a call through.
    pub fn carry(&mut self, call: Call, api: &'static str, request: &str, since: Timestamp, now: Timestamp, random: &Random) -> Reply {
        if api == "unifiedorder" && (call == Call::Late || now - since > CALL) {
            self.overtaken.push(request.to_owned());
        }
        match call {
            Call::Answered => Ok(self.arrive(api, request, now).into_bytes()),
            Call::Unreachable => Err(CallError::Unreachable),
            Call::Limited => Err(CallError::RateLimited),
            Call::Lost => Err(random.one_of(&[Doubt::Broken, Doubt::Timeout]).into()),
            Call::ReplyLost => {
                self.arrive(api, request, now);
                Err(random.one_of(&[Doubt::Broken, Doubt::Timeout]).into())
            }
            Call::Late => {
                let arrives = now + TimeDelta::seconds(1 + i64::try_from(random.below(15)).unwrap());
                self.late.push((arrives, api, request.to_owned()));
                Err(Doubt::Timeout.into())
            }
            Call::SystemError => Ok(self.world.system_error(request.as_bytes()).into_bytes()),
            Call::SystemErrorYetDone => {
                self.arrive(api, request, now);
                Ok(self.world.system_error(request.as_bytes()).into_bytes())
            }
            Call::Html => Ok(b"<!DOCTYPE html><html><body>502</body></html>".to_vec()),
        }
    }

    fn arrive(&mut self, api: &'static str, request: &str, now: Timestamp) -> String {
        let reply = self.world.call(api, request.as_bytes(), now).unwrap();
        assert!(!reply.contains("商户订单号重复"), "invariant 9: one order was sent to WeChat with two sets of parameters: {request}");
        reply
    }

    /// The requests that arrive by now although their callers have given up.
    pub fn late_arrivals(&mut self, now: Timestamp) -> usize {
        let (due, later): (Vec<_>, Vec<_>) = self.late.drain(..).partition(|(arrives, ..)| *arrives <= now);
        self.late = later;
        for (_, api, request) in &due {
            self.arrive(api, request, now);
        }
        due.len()
    }

    pub fn next_late_arrival(&self) -> Option<Timestamp> {
        self.late.iter().map(|(arrives, ..)| *arrives).min()
    }

    /// Whether the link that WeChat gave last may be unknown to the service.
    pub fn may_have_an_unknown_link(&self, order_id: &str) -> bool {
        self.overtaken.iter().any(|request| request.contains(order_id))
    }

    /// Whether a request about this order is still on its way.
    pub fn is_awaited(&self, order_id: &str) -> bool {
        self.late.iter().any(|(_, api, request)| *api == "unifiedorder" && request.contains(order_id))
    }

    /// WeChat posts what is due.
    pub fn post(&mut self, now: Timestamp, kind: Notify) {
        self.world.faults.notify = kind;
        let genuine = !matches!(kind, Notify::Forged | Notify::WrongAmount);
        let due = self.world.notifications_due(now);
        self.notifications.extend(due.into_iter().map(|notification| Posted { notification, genuine, by_wechat: true }));
        self.world.faults.notify = Notify::Normal;
    }

    /// What WeChat hears.
    pub fn answered(&mut self, posted: Posted, status: Option<u16>, acknowledged: bool, now: Timestamp) {
        if posted.by_wechat {
            self.world.delivered(posted.notification.delivery, status, acknowledged, now);
        }
    }

    /// An order of the world's, by chance.
    pub fn some_order(&self, random: &Random) -> Option<OrderKey> {
        let mut orders: Vec<_> = self.world.orders().map(SimOrder::key).collect();
        orders.sort_by(|one, other| one.out_trade_no.cmp(&other.out_trade_no));
        (!orders.is_empty()).then(|| random.one_of(&orders))
    }

    /// The number of a payment of another merchant's, which a payment of this order may have too: numbers are a merchant's own.
    pub fn transaction_elsewhere(&self, order: &OrderKey) -> Option<String> {
        let is_own = |other: &&SimOrder| other.mch_id == order.mch_id && other.sub_mch_id == order.sub_mch_id;
        let own: Vec<_> = self.world.orders().filter(is_own).filter_map(|other| other.transaction_id.as_deref()).collect();
        let mut others = self.world.orders().filter(|other| !is_own(other)).filter_map(|other| other.transaction_id.as_deref());
        others.find(|id| !own.contains(id)).map(str::to_owned)
    }
}
