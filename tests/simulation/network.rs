//! WeChat's side and the way there: the simulator's world, the requests that arrive after their callers have given up, the
//! notifications that are on their way. What only calls about refunds meet is in [`super::refund_calls`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{Fields, SignType, xml};
use wechat_pay::channel::{CallError, Doubt};
use wechat_pay::deal::{AccountId, Timestamp};
use wechat_pay::simulator::{CloseUnknown, Layout, NotificationMessage, Notify, OrderKey, RefundNotify, RefundRefusal, SimOrder, World};

use super::bill_calls::{APIS, Form, Lie, SentFile};
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
    /// nginx's page, before WeChat has seen the request.
    CertificateRefused,
    /// WeChat asks for a minute between two refunds of an order.
    TooSoon,
    /// Of a repeat of what WeChat has accepted: it says that nothing is left to give back.
    RefusedThoughDone,
    /// Of a query: what WeChat has accepted a moment ago is not there yet.
    Lagging,
    /// A bill that is not as it should be.
    Lying(Lie),
}

pub struct Network {
    pub world: World,
    /// The same orders once more. WeChat lets none be paid twice; that it does all the same happens here.
    pub second: World,
    pub merchants: Merchants,
    /// Whether WeChat takes the new key of the account whose key is changed, and no longer the former one.
    pub has_new_key: bool,
    /// Orders of which their merchant's own key has said that a payment failed.
    pub failures: BTreeSet<String>,
    /// Notifications that WeChat has posted and that have not been delivered.
    pub notifications: Vec<Posted>,
    /// All that it has ever posted of refunds: encrypted, and not signed.
    pub refund_notices: Vec<NotificationMessage>,
    /// How bills are written.
    pub bill_form: Form,
    /// Every bill that was sent, by its SHA-256.
    pub sent_files: BTreeMap<String, SentFile>,
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
    /// Whether it is about the second payment of an order.
    pub is_of_second: bool,
}

impl Posted {
    /// Whether it is about a refund, which nothing has signed.
    pub fn is_of_refund(&self) -> bool {
        self.notification.body.contains("<req_info>")
    }

    /// Whether a configuration has the key that has signed it; a message that is not genuine no key has signed.
    pub fn can_be_verified(&self, account: &AccountId, configured: &Merchants) -> bool {
        let message = xml::parse(self.notification.body.as_bytes()).unwrap();
        SignType::ALL.into_iter().any(|by| configured.have_signed(account, &message, by))
    }
}

impl Network {
    pub fn new(merchants: Merchants, has_new_key: bool, random: &Random) -> Self {
        let at_wechat = if has_new_key { merchants.at_wechat() } else { merchants.before_the_change().at_wechat() };
        let mut second = World::with_merchants(at_wechat.clone(), Chance::seeded(random.seed()), 1);
        let mut world = World::with_merchants(at_wechat, Chance::seeded(random.seed()), 1);
        for world in [&mut world, &mut second] {
            world.faults.refund_delay_s = random.one_of(&[2, 240, 7200, 90_000, 250_000]);
        }
        world.habits.refund_notify_url =
            random.one_of(&["", "https://pay.example.com/wxPay/refundNotify", "https://pay.example.com/wxPay/notify"]).to_owned();
        world.habits.layout = Layout::Mixed;
        world.habits.strict_close = random.happens(500);
        world.habits.extra_field = random.happens(200);
        world.habits.notify_sign_type = random.happens(200);
        world.habits.notify_fee_type = random.happens(800);
        world.habits.close_unknown = random.one_of(&[CloseUnknown::Success, CloseUnknown::OrderNotExist]);
        world.faults.system_error_signed = random.happens(500);
        Self {
            world,
            second,
            merchants,
            has_new_key,
            failures: BTreeSet::new(),
            notifications: Vec::new(),
            refund_notices: Vec::new(),
            bill_form: Form::default(),
            sent_files: BTreeMap::new(),
            overtaken: Vec::new(),
            late: Vec::new(),
        }
    }

    /// The order of a deal, at the merchant of its account.
    pub fn order(&self, row: &Row) -> Option<&SimOrder> {
        self.world.order_by_key(&self.merchants.order(&row.account, &row.order_id))
    }

    /// Invariant 11: no call is made with another merchant's numbers than those of the account that it is about, or with another's key.
    pub fn check_merchant(&self, account: &AccountId, fields: &Fields) {
        let is_named = is_named(self.merchants.of_account(account), fields);
        assert!(is_named, "invariant 11: WeChat is asked in another account's name than {account}: {}", xml::write(fields));
        let is_signed = self.merchants.have_signed(account, fields, sign_type(fields));
        assert!(is_signed, "invariant 11: WeChat is asked with another account's key than {account}'s: {}", xml::write(fields));
    }

    /// A merchant's operator changes its key at WeChat. What WeChat says of orders of before goes on with the former one.
    pub fn change_key(&mut self) {
        self.has_new_key = true;
        for world in [&mut self.world, &mut self.second] {
            world.change_key(self.merchants.of_account(&CHANGED.parse().unwrap()));
        }
    }

    /// Lets a call through.
    pub fn carry(&mut self, call: Call, api: &'static str, request: &str, since: Timestamp, now: Timestamp, random: &Random) -> Reply {
        if api == "unifiedorder" && (call == Call::Late || now - since > CALL) {
            self.overtaken.push(request.to_owned());
        }
        match call {
            Call::Answered => Ok(self.arrive(api, request, now)),
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
            Call::Lying(lie) => Ok(self.bill(api, request, Some(lie), now)),
            Call::SystemError => Ok(self.world.system_error(request.as_bytes()).into_bytes()),
            Call::SystemErrorYetDone => {
                self.arrive(api, request, now);
                Ok(self.world.system_error(request.as_bytes()).into_bytes())
            }
            Call::Html => Ok(b"<!DOCTYPE html><html><body>502</body></html>".to_vec()),
            Call::CertificateRefused => Ok(self.certificate_page(random)),
            Call::TooSoon => Ok(self.refusal(request, RefundRefusal::TooSoon, now).into_bytes()),
            Call::RefusedThoughDone if self.has_refund_of(request) => {
                self.arrive(api, request, now);
                Ok(self.refusal(request, RefundRefusal::FullyRefunded, now).into_bytes())
            }
            Call::Lagging if self.has_accepted_just_now(request, now) => Ok(self.not_there(request, now).into_bytes()),
            Call::RefusedThoughDone | Call::Lagging => Ok(self.arrive(api, request, now)),
        }
    }

    pub(super) fn arrive(&mut self, api: &'static str, request: &str, now: Timestamp) -> Vec<u8> {
        if APIS.contains(&api) {
            return self.bill(api, request, None, now);
        }
        if api == "unifiedorder" {
            let _ = self.second.call(api, request.as_bytes(), now);
        }
        let world = if self.is_about_second(api, request) { &mut self.second } else { &mut self.world };
        let reply = world.call(api, request.as_bytes(), now).unwrap();
        assert!(!reply.contains("商户订单号重复"), "invariant 9: one order was sent to WeChat with two sets of parameters: {request}");
        reply.into_bytes()
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
        let genuine = !matches!(kind, Notify::Forged | Notify::WrongAmount);
        self.world.faults.notify = kind;
        let usual = self.world.faults.refund_notify;
        if !genuine {
            self.world.faults.refund_notify = RefundNotify::Forged;
        }
        let due = self.world.notifications_due(now).into_iter().map(|message| (message, false));
        let due: Vec<_> = due.chain(self.second.notifications_due(now).into_iter().map(|message| (message, true))).collect();
        self.world.faults.notify = Notify::Normal;
        self.world.faults.refund_notify = usual;
        for (notification, is_of_second) in due {
            let posted = Posted { notification, genuine: genuine || is_of_second, by_wechat: true, is_of_second };
            if posted.is_of_refund() {
                self.refund_notices.push(posted.notification.clone());
            }
            self.notifications.push(posted);
        }
    }

    /// What WeChat hears.
    pub fn answered(&mut self, posted: Posted, status: Option<u16>, acknowledged: bool, now: Timestamp) {
        if posted.by_wechat {
            let world = if posted.is_of_second { &mut self.second } else { &mut self.world };
            world.delivered(posted.notification.delivery, status, acknowledged, now);
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
