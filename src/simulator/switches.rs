//! Fault injection: what can be switched, faults (what goes wrong) and habits (what differs from day to day at the real WeChat).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bills::{BillGeneration, BillTrap};
use super::refunds::{RefundRefusal, RefundState};
use super::tls::RequireClientCert;
use crate::deal::TradeType;

/// What goes wrong. Shares are probabilities from 0 to 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// Milliseconds before an answer.
    pub latency_ms: u64,
    /// Share of calls that are carried out and never answered.
    pub drop_reply: f64,
    /// Share of calls answered with SYSTEMERROR; every second one of them was carried out.
    pub system_error: f64,
    /// Whether that answer is signed. (The real one has been seen without a signature.)
    pub system_error_signed: bool,
    /// Share of calls answered with an HTML page, not carried out.
    pub html: f64,
    /// Share of connections broken before anything is carried out.
    pub reset: f64,
    /// What becomes of notifications of payments.
    pub notify: Notify,
    /// Whether the payer of an order pays in the moment in which the merchant closes it.
    pub pay_at_close: bool,
    /// Seconds from the acceptance of a refund to its arrival.
    pub refund_delay_s: u32,
    /// What refunds come to by themselves.
    pub refund_end: RefundState,
    /// Share of refunds whose first request meets the limit which all merchants share. The same request passes afterwards.
    pub refund_frequency_limited: f64,
    /// What every request for a new refund is refused with; none: what the rules say.
    pub refund_refused: Option<RefundRefusal>,
    /// What becomes of notifications of refunds.
    pub refund_notify: RefundNotify,
    /// How a code of the payers' login is exchanged.
    pub oauth: OauthFault,
}

/// How a code of the payers' login is exchanged for an openid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthFault {
    /// At once.
    Normal,
    /// The answer comes after 5 s; the code is spent before.
    Slow,
    /// The answer is that the system is busy; the code is not spent.
    Error,
}

/// What becomes of a refund's notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundNotify {
    /// It comes when the refund is decided, and again until it is acknowledged.
    Normal,
    /// It never comes.
    Lost,
    /// It comes twice at the same time.
    Twice,
    /// It comes as soon as the refund is accepted and again when it is decided, well encrypted, and each time with another state and
    /// another amount than are true: as blocks of two old messages put together may say.
    Forged,
    /// It comes encrypted with a key that is not in force.
    Foreign,
    /// Its second half is missing.
    Truncated,
    /// It comes with noise in place of what is encrypted.
    Random,
}

impl RefundNotify {
    /// Its name in `/_sim/faults`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Lost => "lost",
            Self::Twice => "twice",
            Self::Forged => "forged",
            Self::Foreign => "foreign",
            Self::Truncated => "truncated",
            Self::Random => "random",
        }
    }
}

/// What becomes of a payment's notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// It comes at once, and again until it is acknowledged.
    Normal,
    /// It never comes.
    Lost,
    /// It comes after 20 s.
    Late,
    /// It comes twice at the same time.
    Twice,
    /// It comes with a signature that is not WeChat's.
    Forged,
    /// It comes well signed with one fen too much.
    WrongAmount,
}

impl Notify {
    /// Its name in `/_sim/faults`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Lost => "lost",
            Self::Late => "late",
            Self::Twice => "twice",
            Self::Forged => "forged",
            Self::WrongAmount => "wrong_amount",
        }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            drop_reply: 0.0,
            system_error: 0.0,
            system_error_signed: true,
            html: 0.0,
            reset: 0.0,
            notify: Notify::Normal,
            pay_at_close: false,
            refund_delay_s: 2,
            refund_end: RefundState::Success,
            refund_frequency_limited: 0.0,
            refund_refused: None,
            refund_notify: RefundNotify::Normal,
            oauth: OauthFault::Normal,
        }
    }
}

/// What differs from day to day.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// The order of the fields in answers.
    pub layout: Layout,
    /// Whether a closed order's answer has the `result_msg` of the document.
    pub result_msg: bool,
    /// Whether messages carry a field that no client knows yet.
    pub extra_field: bool,
    /// Whether messages carry empty elements.
    pub empty_elements: bool,
    /// Whether notifications name their `sign_type`.
    pub notify_sign_type: bool,
    /// Whether notifications name their `fee_type`.
    pub notify_fee_type: bool,
    /// Whether an order younger than five minutes cannot be closed.
    pub strict_close: bool,
    /// What `closeorder` says of an unknown number.
    pub close_unknown: CloseUnknown,
    /// Whether a Native order needs a `product_id`.
    pub product_id_required: bool,
    /// After how many days an unpaid order closes by itself.
    pub auto_close_days: u16,
    /// How many seconds ahead `time_expire` must be.
    pub min_time_expire: u16,
    /// Whether only the compact XML stops the repeats of a notification, as the document asks for; otherwise line
    /// breaks in it are passed over.
    pub exact_acknowledgement: bool,
    /// Where the merchant platform sends notifications of refunds that name no address of their own, as those made by hand; empty: nowhere.
    pub refund_notify_url: String,
    /// Which certificate calls below `/secapi` must show over TLS.
    pub require_client_cert: RequireClientCert,
    /// The ways to pay that merchants may offer.
    pub trade_types: Vec<TradeType>,
    /// Whether an H5 order is answered SUCCESS without its `mweb_url`, as reported of a merchant without the permission.
    pub mweb_without_url: bool,
    /// Whether an H5 page asks for the address that the order names (`spbill_create_ip`).
    pub h5_check_address: bool,
    /// The generation of the columns of trade bills.
    pub bill_generation: BillGeneration,
    /// Whether bills come as plain text although gzip was asked for.
    pub bill_plain: bool,
    /// What is wrong with bills, one after the other; none: they are honest.
    pub bill_traps: Vec<BillTrap>,
}

/// The order of the fields in answers: both are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `return_code, return_msg, appid, mch_id, nonce_str, sign, result_code, …`
    Older,
    /// `return_code, return_msg, result_code, mch_id, appid, …, nonce_str, sign, …`
    Newer,
    /// One or the other.
    Mixed,
}

/// What `closeorder` says of an unknown number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CloseUnknown {
    /// As reported of the live gateway.
    Success,
    /// As the document says.
    OrderNotExist,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            layout: Layout::Mixed,
            result_msg: false,
            extra_field: false,
            empty_elements: true,
            notify_sign_type: false,
            notify_fee_type: true,
            strict_close: false,
            close_unknown: CloseUnknown::Success,
            product_id_required: false,
            auto_close_days: 7,
            min_time_expire: 300,
            exact_acknowledgement: true,
            refund_notify_url: String::new(),
            require_client_cert: RequireClientCert::Pinned,
            trade_types: TradeType::ALL.to_vec(),
            mweb_without_url: false,
            h5_check_address: true,
            bill_generation: BillGeneration::C,
            bill_plain: false,
            bill_traps: Vec::new(),
        }
    }
}

/// `current` with the switches that `named` names, if it names only such as there are.
pub fn replaced<T: Serialize + DeserializeOwned>(current: &T, named: Value) -> Result<T, serde_json::Error> {
    let mut all = serde_json::to_value(current)?;
    match (&mut all, named) {
        (Value::Object(all), Value::Object(named)) => all.extend(named),
        (all, named) => *all = named,
    }
    serde_json::from_value(all)
}

impl Faults {
    /// Whether every share is one.
    pub fn shares_are_probabilities(&self) -> bool {
        [self.drop_reply, self.system_error, self.html, self.reset, self.refund_frequency_limited]
            .iter()
            .all(|share| (0.0..=1.0).contains(share))
    }
}
