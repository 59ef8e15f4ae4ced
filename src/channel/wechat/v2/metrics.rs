//! Metrics of calls to WeChat: each try, by account, by call and by what it brought.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::histogram::Histogram;

use crate::channel::error::{CallError, Doubt, Refusal};
use crate::channel::outcome::{CloseOutcome, Misconfiguration, Postponed, QueryOutcome, RefundOutcome, RefundQueryOutcome};
use crate::channel::proof::OpenedOrder;
use crate::channel::wechat::v2::bill::BillError;
use crate::deal::AccountId;
use crate::metrics::{Registry, latency};

use super::calls::Call;
use super::merchant::Merchant;
use super::rotation::PreviousKey;

/// WeChat's `err_code`s that its documents name (PROTOCOL.md, 4). Another one would be a word that a stranger chose.
const ERR_CODES: [&str; 28] = [
    "APPID_MCHID_NOT_MATCH",
    "APPID_NOT_EXIST",
    "ERROR",
    "FREQUENCY_LIMITED",
    "INVALID_REQUEST",
    "INVALID_REQ_TOO_MUCH",
    "INVALID_TRANSACTIONID",
    "LACK_PARAMS",
    "MCHID_NOT_EXIST",
    "NOAUTH",
    "NOTENOUGH",
    "NOT_UTF8",
    "ORDERCLOSED",
    "ORDERNOTEXIST",
    "ORDERPAID",
    "OUT_TRADE_NO_USED",
    "PARAM_ERROR",
    "POST_DATA_EMPTY",
    "REFUND_FEE_INVALID",
    "REFUND_FEE_MISMATCH",
    "REQUIRE_POST_METHOD",
    "SIGNERROR",
    "SYSTEMERROR",
    "TRADE_ERROR",
    "TRADE_OVERDUE",
    "TRADE_STATE_ERROR",
    "USER_ACCOUNT_ABNORMAL",
    "XML_FORMAT_ERROR",
];

/// An answer, by WeChat's word for it.
pub(super) trait Outcome {
    /// `SUCCESS`, or the `err_code` that is an answer too.
    fn err_code(&self) -> &'static str;
}

impl Outcome for OpenedOrder {
    fn err_code(&self) -> &'static str {
        "SUCCESS"
    }
}

impl Outcome for QueryOutcome {
    fn err_code(&self) -> &'static str {
        match self {
            Self::Known(_) => "SUCCESS",
            Self::NotExist => "ORDERNOTEXIST",
        }
    }
}

impl Outcome for CloseOutcome {
    fn err_code(&self) -> &'static str {
        match self {
            Self::Closed => "SUCCESS",
            Self::Paid => "ORDERPAID",
            Self::NotExist => "ORDERNOTEXIST",
        }
    }
}

/// Several words of WeChat's ask for patience, and nginx has none for a certificate: these are told in ours.
impl Outcome for RefundOutcome {
    fn err_code(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "SUCCESS",
            Self::NotNow(Postponed::Later) => "later",
            Self::NotNow(Postponed::InAMinute) => "in_a_minute",
            Self::NotNow(Postponed::NotEnough) => "NOTENOUGH",
            Self::NotNow(Postponed::Certificate(_)) => "certificate",
            Self::NotNow(Postponed::NotAllowed) => "NOAUTH",
            Self::NotNow(Postponed::Misconfigured(Misconfiguration::Signature)) => "SIGNERROR",
            Self::NotNow(Postponed::Misconfigured(Misconfiguration::Appid)) => "APPID_NOT_EXIST",
            Self::NotNow(Postponed::Misconfigured(Misconfiguration::MchId)) => "MCHID_NOT_EXIST",
            Self::Refused(refusal) => word(refusal),
        }
    }
}

impl Outcome for RefundQueryOutcome {
    fn err_code(&self) -> &'static str {
        match self {
            Self::Known(..) => "SUCCESS",
            Self::NotExist => "REFUNDNOTEXIST",
        }
    }
}

fn word(refusal: &Refusal) -> &'static str {
    match &refusal.err_code {
        Some(code) => ERR_CODES.into_iter().find(|known| known == code).unwrap_or("other"),
        None => "return_code_fail",
    }
}

/// WeChat's word for a failure if it has one of the known ones, otherwise one of ours, in small letters.
fn err_code(error: &CallError) -> &'static str {
    match error {
        CallError::Unreachable => "unreachable",
        CallError::Busy => "busy",
        CallError::RateLimited => "FREQUENCY_LIMITED",
        CallError::Unknown(doubt) => match doubt {
            Doubt::Timeout => "timeout",
            Doubt::Broken => "broken",
            Doubt::Status(_) => "status",
            Doubt::Malformed(_) => "malformed",
            Doubt::Signature(_) => "signature",
            Doubt::Foreign(_) => "foreign",
            Doubt::Incomplete(_) => "incomplete",
            Doubt::SystemError => "SYSTEMERROR",
            Doubt::NeedRetry => "BIZERR_NEED_RETRY",
        },
        CallError::Refused(refusal) => word(refusal),
    }
}

/// The same of a bill. What says that there is none is an answer, too.
fn bill_word(failure: &BillError) -> &'static str {
    match failure {
        BillError::NoBillExists => "NO_BILL_EXIST",
        BillError::BillCreating => "BILL_CREATING",
        BillError::SystemError => "SYSTEMERROR",
        BillError::Refused(refusal) => word(refusal),
        BillError::Certificate(_) => "certificate",
        BillError::Call(error) => err_code(error),
        BillError::Digest => "digest",
        BillError::NotABill | BillError::MissingColumn(_) | BillError::Elsewhere => "malformed",
        BillError::Cut | BillError::Read(_) => "broken",
    }
}

/// The numbers of one client, by its account. Nothing is shown of what was never counted: of hundreds of accounts most are
/// idle.
#[derive(Debug)]
pub(super) struct CallMetrics {
    account: AccountId,
    previous_key_matches: Option<Counter>,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    /// By the call's name and by what it brought.
    calls: BTreeMap<(&'static str, &'static str), u64>,
    /// By the call's name.
    durations: BTreeMap<&'static str, Histogram>,
}

impl CallMetrics {
    /// Of a client that asks as this merchant.
    pub(super) fn of(merchant: &Merchant) -> Self {
        let previous_key_matches = merchant.previous_key.as_ref().map(PreviousKey::matches);
        Self { account: merchant.account.clone(), previous_key_matches, counted: Mutex::default() }
    }

    /// Counts a try.
    pub(super) fn called<T: Outcome>(&self, call: Call, outcome: &Result<T, CallError>, time: Duration) {
        self.count(call, outcome.as_ref().map_or_else(err_code, T::err_code), time);
    }

    /// Counts a try to get a bill, once it has come to its end, or why it did not.
    pub(super) fn fetched(&self, call: Call, failure: Option<&BillError>, time: Duration) {
        self.count(call, failure.map_or("SUCCESS", bill_word), time);
    }

    fn count(&self, call: Call, err_code: &'static str, time: Duration) {
        let mut counted = self.counted();
        counted.add(call, err_code);
        counted.durations.entry(call.name).or_insert_with(latency).observe(time.as_secs_f64());
    }

    /// Counts a call that found no place among those under way. It took no time of WeChat's.
    pub(super) fn busy(&self, call: Call) {
        self.counted().add(call, err_code(&CallError::Busy));
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn add(&mut self, call: Call, err_code: &'static str) {
        *self.calls.entry((call.name, err_code)).or_default() += 1;
    }
}

/// The numbers of all clients: one family a number, with a label for the account.
#[derive(Debug)]
struct AllCalls(Vec<Arc<CallMetrics>>);

/// Shows the numbers of these clients.
pub(super) fn register(clients: Vec<Arc<CallMetrics>>, registry: &mut Registry) {
    registry.register_collector(Box::new(AllCalls(clients)));
}

impl Collector for AllCalls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        const CALLS: &str = "Requests sent to WeChat, by account and by what they brought: WeChat's word, or ours in small letters.";
        let mut calls = encoder.encode_descriptor("upstream_calls", CALLS, None, MetricType::Counter)?;
        for client in &self.0 {
            for ((api, err_code), count) in &client.counted().calls {
                let labels = [("account", client.account.as_str()), ("api", api), ("err_code", err_code)];
                ConstCounter::new(*count).encode(calls.encode_family(&labels)?)?;
            }
        }
        const DURATION: &str = "How long requests to WeChat took.";
        let mut durations = encoder.encode_descriptor("upstream_call_duration_seconds", DURATION, None, MetricType::Histogram)?;
        for client in &self.0 {
            for (api, duration) in &client.counted().durations {
                let labels = [("account", client.account.as_str()), ("api", api)];
                duration.encode(durations.encode_family(&labels)?)?;
            }
        }
        let changing: Vec<_> = self.0.iter().filter_map(|client| client.previous_key_matches.as_ref().zip(Some(&client.account))).collect();
        if changing.is_empty() {
            return Ok(());
        }
        const MATCHES: &str = "Messages believed because of the account's previous_api_key.";
        let mut matches = encoder.encode_descriptor("previous_key_matches", MATCHES, None, MetricType::Counter)?;
        for (counter, account) in changing {
            counter.encode(matches.encode_family(&[("account", account.as_str())])?)?;
        }
        Ok(())
    }
}
