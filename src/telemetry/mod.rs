//! Logging: a line an event, on stderr; JSON unless a person is reading. Each line has the `request_id`, the `trace_id` and,
//! once it is known, the `order_id` that it belongs to, with its `account` unless that is `default`.
//!
//! # What is never logged
//! - the API key, and signatures that were made with it
//! - messages of WeChat's or ours, whole or in part
//! - payers' ids (`openid`), and more than the last six characters of a payment's number
//! - QR links: their reader can pay by one, and learn from many what is sold
//! - the database's URL, its password, and values that a statement was bound to
//! - bodies, query strings, headers and paths as they were sent: a path is logged as its route
//!
//! Errors are logged by their public sentence; what a library says may quote values. The tests read every line that the
//! service writes in them, at its most talkative, and stop at one that holds any of these.

mod json;
mod writer;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use json::JsonLines;
use writer::Writer;
pub use writer::{Lines, lines_lost};

/// Whether a person reads the log as it is written, and not a program or a file.
pub fn is_read_by_a_person() -> bool {
    std::io::stderr().is_terminal()
}

/// Starts logging. `RUST_LOG` chooses what (default: `info`). What is returned is dropped when the last line was said.
pub fn start() -> Lines {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let (writer, lines) = Writer::start(std::io::stderr());
    // A second start, in tests, keeps the first.
    let _ = if is_read_by_a_person() {
        registry.with(tracing_subscriber::fmt::layer().with_writer(move || writer.clone())).try_init()
    } else {
        registry.with(JsonLines::new(move |line| writer.put(line))).try_init()
    };
    tell_of_panics();
    lines
}

/// For a command that says a few things to the operator who typed it: plain sentences, and by default only about
/// what is wrong.
pub fn start_plain() -> Lines {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let (writer, lines) = Writer::start(std::io::stderr());
    let sentences = tracing_subscriber::fmt::layer().without_time().with_level(false).with_target(false).with_ansi(false);
    let _ = tracing_subscriber::registry().with(filter).with(sentences.with_writer(move || writer.clone())).try_init();
    tell_of_panics();
    lines
}

fn tell_of_panics() {
    // A panic's message may hold anything; its place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(place, "panic");
    }));
}
