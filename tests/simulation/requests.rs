//! Requests under way, and what their answers must be worth.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::Value;
use tokio::task::JoinHandle;
use wechat_pay::deal::Timestamp;

use super::bill_workload::Bookkeeping;
use super::checkout_workload::AskedOfCheckout;
use super::configuration::Configuration;
use super::invariants::{Invariants, Row};
use super::network::{Network, Posted};
use super::refund_workload::AskedRefund;
use super::strangers::Forgery;
use super::telling::Telling;

/// For so long an instance may tell of a payment without looking whether another one has heard that it was given back; and
/// as long as instances' clocks are apart.
const REMEMBERED: TimeDelta = TimeDelta::seconds(66);

/// What a request asks for.
pub enum RequestKind {
    ToPay {
        seller: i64,
        key: Option<String>,
        fen: i64,
    },
    Query(String),
    Close(String),
    Notify(Box<Posted>),
    Sweep,
    Telling(Telling),
    Forgery(Box<Forgery>),
    Refund(AskedRefund),
    QueryRefund(String),
    /// Those of an order.
    QueryRefunds(String),
    OfCheckout(AskedOfCheckout),
    Books(Bookkeeping),
}

/// A seller's name for an attempt.
pub type Key = (i64, String);

/// A request without an answer yet.
pub struct PendingRequest {
    pub number: usize,
    pub instance: usize,
    /// The instance's.
    pub configuration: Configuration,
    pub kind: RequestKind,
    /// When it began, and what had gone wrong by then.
    pub since: Timestamp,
    pub faults: u64,
    pub task: JoinHandle<(u16, String)>,
}

impl RequestKind {
    pub fn name(&self) -> String {
        match self {
            Self::ToPay { seller, key, fen } => format!("toPay {seller} {key:?} {fen}"),
            Self::Forgery(forgery) => forgery.to_string(),
            Self::Query(order_id) => format!("queryOrder {order_id}"),
            Self::Close(order_id) => format!("doCloseOrder {order_id}"),
            Self::Notify(posted) => format!("notify {} genuine {}", posted.notification.delivery.order.out_trade_no, posted.genuine),
            Self::Sweep => "sweep".to_owned(),
            Self::Telling(telling) => format!("{telling:?}"),
            Self::Refund(asked) => format!("refund {asked:?}"),
            Self::QueryRefund(number) => format!("queryRefund {number}"),
            Self::QueryRefunds(order_id) => format!("queryRefund of {order_id}"),
            Self::OfCheckout(asked) => format!("of a checkout: {asked:?}"),
            Self::Books(what) => format!("{what:?}"),
        }
    }
}

/// What the front ends know.
#[derive(Default)]
pub struct FrontEnds {
    pub orders: Vec<String>,
    pub keys: BTreeMap<Key, Option<String>>,
    /// Orders that a till has asked to be closed.
    pub given_up: BTreeSet<String>,
    /// What back ends have asked for.
    pub refunds: Vec<AskedRefund>,
    pub checkouts: Vec<String>,
    pub checkout_keys: BTreeMap<Key, Option<String>>,
}

impl FrontEnds {
    pub fn learn(&mut self, order_id: &str) {
        if !self.orders.iter().any(|known| known == order_id) {
            self.orders.push(order_id.to_owned());
        }
    }

    /// Holds an answer to a front end against the truth of this moment. Gives whether a repeat found its deal at the account that
    /// its seller had before it moved.
    pub fn hear(
        &mut self,
        pending: &PendingRequest,
        (status, body): (u16, &str),
        invariants: &Invariants,
        network: &Network,
        now: Timestamp,
    ) -> bool {
        let configuration = &pending.configuration;
        let json: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {status} {body}"));
        assert_ne!(status, 500, "a fault of ours: {body}");
        let said_yes = status == 200 && json["code"] == 0;
        let order_id = json["order_id"].as_str();
        if let Some(order_id) = order_id {
            assert!(invariants.rows.contains_key(order_id), "invariant 1: an order id was given and there is no row: {body}");
            self.learn(order_id);
        }
        match &pending.kind {
            RequestKind::ToPay { seller, key, fen } => {
                if said_yes {
                    assert!(json["code_url"][0].is_string(), "a yes without a link: {body}");
                    assert_eq!(invariants.rows[order_id.unwrap()].total_fee, *fen, "another price than was asked for");
                }
                let Some(order_id) = order_id else { return false };
                let (opened_at, at_present) = (&invariants.rows[order_id].account, configuration.account_of(*seller));
                let Some(key) = key else {
                    assert_eq!(*opened_at, at_present, "a new deal at another account than its seller's: {body}");
                    return false;
                };
                let known = self.keys.entry((*seller, key.clone())).or_default().get_or_insert(order_id.to_owned());
                assert_eq!(known, order_id, "one key, two orders");
                return said_yes && configuration.has_moved && configuration.lacks.is_none() && *opened_at != at_present;
            }
            RequestKind::Query(order_id) if said_yes => match json["trade_state"].as_str().unwrap() {
                "SUCCESS" => {
                    let row = &invariants.rows[order_id];
                    assert_eq!(row.status, 1, "invariant 3: a front end was told of a payment that is not stored");
                    let given_back = row.refunded_at.is_some_and(|at| now > at + REMEMBERED);
                    assert!(!given_back, "SUCCESS was told of what is given back: {row:?}");
                }
                "REFUND" => {
                    let row = &invariants.rows[order_id];
                    assert!(row.status == 1 && row.refunded_at.is_some(), "REFUND was told, and is not stored: {row:?}");
                }
                "CLOSED" | "REVOKED" => {
                    let row = &invariants.rows[order_id];
                    not_payable(row, network, invariants.is_paid_otherwise(row));
                }
                _ => {}
            },
            RequestKind::Refund(asked) => invariants.check_refund_answer(asked, status, body, &json),
            RequestKind::QueryRefund(_) if said_yes => invariants.check_told(&json),
            RequestKind::QueryRefunds(_) if said_yes => {
                json["refunds"].as_array().expect("the refunds of an order").iter().for_each(|told| invariants.check_told(told));
            }
            RequestKind::Close(order_id) if said_yes => {
                let row = &invariants.rows[order_id];
                not_payable(row, network, invariants.is_paid_otherwise(row));
            }
            _ => {}
        }
        false
    }
}

/// Invariant 5: a caller that is told that an order is closed may rely on it: nobody can pay it, or somebody has, and it goes back
/// because its checkout was paid by another one.
pub fn not_payable(row: &Row, network: &Network, is_paid_otherwise: bool) {
    let state = network.order(row).map(|order| order.trade_state);
    assert!(
        state.map_or(!network.is_awaited(&row.order_id), |state| state.is_dead() || is_paid_otherwise && state.is_paid()),
        "invariant 5: closed was said, and WeChat has it as {state:?}: {row:?}"
    );
}

/// Invariant 3: holds an answer to WeChat against what is stored at this moment. Gives whether WeChat is content.
pub fn acknowledged(posted: &Posted, status: u16, body: &str, invariants: &Invariants, network: &Network) -> bool {
    const ACKNOWLEDGED: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
    assert_ne!(status, 500, "a fault of ours: {body}");
    if status != 200 {
        assert!(body.contains("FAIL"), "{status} {body}");
        return false;
    }
    assert_eq!(body, ACKNOWLEDGED);
    let order_id = &posted.notification.delivery.order.out_trade_no;
    let row = &invariants.rows[order_id];
    assert_eq!(row.status, 1, "invariant 3: acknowledged, and not stored: {row:?}");
    assert_eq!(row.transaction_id, network.order(row).unwrap().transaction_id, "invariant 3: acknowledged, and another one stored");
    true
}
