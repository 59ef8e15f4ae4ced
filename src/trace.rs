//! W3C trace context: the number under which several services tell of one request of a caller's.
//!
//! `traceparent` is taken in where it is valid, and drawn where it is not. It is in every line that the log has about the
//! request, and goes to WeChat with a step number of its own: it is random, and tells a stranger nothing. The caller that
//! sent it is told our step in `traceresponse`. `tracestate` ends here: what vendors write into it may name users, and behind us
//! there is only WeChat.

use std::fmt;
use std::future::Future;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Instrument;

use crate::chance::Chance;

tokio::task_local! {
    /// The trace of the request that this task works for.
    static CURRENT: TraceContext;
}

/// The trace that a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    /// Whether the caller records it is handed on as it came.
    flags: u8,
}

impl TraceContext {
    /// A new one, which is not recorded.
    pub fn draw(chance: &Chance) -> Self {
        Self { trace_id: chance.draw().max(1), flags: 0 }
    }

    /// A new one for a request without one: unique and no secret, so a number drawn once a process and a counter will do.
    /// (To ask the operating system for every request would be a call of its kernel for each.)
    pub fn fresh() -> Self {
        static PROCESS: LazyLock<u128> = LazyLock::new(|| Chance::System.draw() << 64);
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { trace_id: *PROCESS | u128::from(NEXT.fetch_add(1, Ordering::Relaxed)), flags: 0 }
    }

    /// Reads `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`; later versions may have more behind that.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        let mut hex = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let is_lower_hex = part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            if is_lower_hex { u128::from_str_radix(part, 16).ok() } else { None }
        };
        let (version, trace_id, parent_id, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        let more = parts.next();
        let known = version == 0 && more.is_none() || (1..0xff).contains(&version);
        (known && trace_id != 0 && parent_id != 0).then_some(Self { trace_id, flags: u8::try_from(flags).ok()? & 1 })
    }

    /// A `traceparent` (or `traceresponse`) that names a step of ours in this trace.
    pub fn step(self, chance: &Chance) -> String {
        let span_id = u64::try_from(chance.draw() >> 64).unwrap_or_default().max(1);
        format!("00-{self}-{span_id:016x}-{:02x}", self.flags)
    }

    /// Does this in the trace.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, work)
    }

    /// The trace that this task works for, if it works for a request.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }
}

/// The trace's number: what logs are searched by.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.trace_id)
    }
}

/// Work that is given to a task of its own, but belongs to the request at hand: its lines in the log and its calls say so. It is boxed,
/// because each function that hands it on to its task would copy it otherwise, and it has some kilobytes. (Its rare
/// branches are boxed where they are called, to keep it small.)
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let (context, work) = (TraceContext::current(), Box::pin(work.in_current_span()));
    async move {
        match context {
            Some(context) => context.scope(work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_valid_one_is_handed_on_with_another_step() {
        for text in [format!("00-{TRACE}-00f067aa0ba902b7-01"), format!("cc-{TRACE}-00f067aa0ba902b7-ff-what-comes-later")] {
            let context = TraceContext::parse(&text).unwrap();
            assert_eq!(context.to_string(), TRACE);
            let step = context.step(&Chance::System);
            assert!(step.starts_with(&format!("00-{TRACE}-")) && step.ends_with("-01"), "{step}");
            assert_ne!(step, text);
            assert_eq!(TraceContext::parse(&step), Some(context));
        }
    }

    #[test]
    fn an_invalid_one_is_none() {
        let bad = [
            String::new(),
            TRACE.to_owned(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-00f067aa0ba902b-01"),
            format!("00-+{}-00f067aa0ba902b7-01", &TRACE[1..]),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-0\u{e9}"),
        ];
        for text in bad {
            assert_eq!(TraceContext::parse(&text), None, "{text}");
        }
        assert_ne!(TraceContext::draw(&Chance::System), TraceContext::draw(&Chance::System));
    }
}
