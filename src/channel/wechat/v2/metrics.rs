//! Metrics of calls to WeChat: each try, by call and by what it brought.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use crate::channel::error::{CallError, Doubt};
use crate::channel::outcome::{CloseOutcome, QueryOutcome};
use crate::channel::proof::Ticket;
use crate::metrics::{Label, Labelled, Registry, latency};

use super::calls::Call;

/// WeChat's `err_code`s that its documents name (PROTOCOL.md, 4). Another one would be a word that a stranger chose.
const ERR_CODES: [&str; 20] = [
    "APPID_MCHID_NOT_MATCH",
    "APPID_NOT_EXIST",
    "FREQUENCY_LIMITED",
    "INVALID_REQUEST",
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
    "REQUIRE_POST_METHOD",
    "SIGNERROR",
    "SYSTEMERROR",
    "TRADE_ERROR",
    "XML_FORMAT_ERROR",
];

/// An answer, by WeChat's word for it.
pub(super) trait Outcome {
    /// `SUCCESS`, or the `err_code` that is an answer too.
    fn err_code(&self) -> &'static str;
}

impl Outcome for Ticket {
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
        },
        CallError::Refused(refusal) => match &refusal.err_code {
            Some(code) => ERR_CODES.into_iter().find(|known| known == code).unwrap_or("other"),
            None => "return_code_fail",
        },
    }
}

/// The numbers of one client.
#[derive(Debug)]
pub(super) struct CallMetrics {
    calls: Family<[(&'static str, &'static str); 2], Counter>,
    duration: Labelled<Call, Histogram>,
}

impl Default for CallMetrics {
    fn default() -> Self {
        Self { calls: Family::default(), duration: Labelled::histograms(latency) }
    }
}

impl CallMetrics {
    /// Counts a try.
    pub(super) fn called<T: Outcome>(&self, call: Call, outcome: &Result<T, CallError>, time: Duration) {
        self.count(call, outcome.as_ref().map_or_else(err_code, T::err_code));
        self.duration.observe(call, time);
    }

    /// Counts a call that found no place among those under way. It took no time of WeChat's.
    pub(super) fn busy(&self, call: Call) {
        self.count(call, err_code(&CallError::Busy));
    }

    fn count(&self, call: Call, err_code: &'static str) {
        self.calls.get_or_create(&[(Call::NAME, call.name), ("err_code", err_code)]).inc();
    }

    /// Shows them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "upstream_calls",
            "Requests sent to WeChat, by what they brought: WeChat's word, or ours in small letters",
            self.calls.clone(),
        );
        self.duration.register(registry, "upstream_call_duration_seconds", "How long requests to WeChat took");
    }
}
