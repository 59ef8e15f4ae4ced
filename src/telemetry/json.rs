//! Structured logging: an event is a line, a flat JSON object of what the event says and then what it belongs to.
//!
//! tracing-subscriber's own JSON lines nest spans in a list, and read back the text of each of them for every line. Here a
//! span's fields are written down once, when they become known, and copied.

use std::fmt::{self, Write as _};

use chrono::SecondsFormat;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;

/// Hands each event's line to a function.
pub struct JsonLines<F>(F);

impl<F: Fn(Vec<u8>) + 'static> JsonLines<F> {
    /// Has `put` called with every line, which ends with a line feed.
    pub fn new(put: F) -> Self {
        Self(put)
    }
}

/// Fields of a span, each with its value as JSON.
#[derive(Default)]
struct Fields(Vec<(&'static str, Vec<u8>)>);

impl<S, F> Layer<S> for JsonLines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: Fn(Vec<u8>) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line { text: Vec::with_capacity(512), names: Vec::with_capacity(16) };
        let metadata = event.metadata();
        line.text.extend_from_slice(b"{\"timestamp\":\"");
        line.text.extend_from_slice(Clock::System.now().to_rfc3339_opts(SecondsFormat::Micros, true).as_bytes());
        line.text.extend_from_slice(b"\",\"level\":\"");
        line.text.extend_from_slice(metadata.level().as_str().as_bytes());
        line.text.push(b'"');
        event.record(&mut line);
        // From the innermost outwards: of two fields of one name the nearest span's counts.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Fields(fields)) = span.extensions().get() {
                for (name, value) in fields {
                    line.field(name, |text| text.extend_from_slice(value));
                }
            }
        }
        line.field("target", |text| write_text(text, metadata.target()));
        line.text.extend_from_slice(b"}\n");
        (self.0)(line.text);
    }
}

/// A line in the making.
struct Line {
    text: Vec<u8>,
    names: Vec<&'static str>,
}

impl Line {
    /// Adds a field, unless there is one of this name.
    fn field(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.names.contains(&name) {
            return;
        }
        self.names.push(name);
        self.text.extend_from_slice(b",\"");
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        write(&mut self.text);
    }
}

/// What takes fields in.
trait Take {
    fn take(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>));
}

impl Take for Line {
    fn take(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.field(name, write);
    }
}

impl Take for Fields {
    /// A value that is recorded again replaces the former one.
    fn take(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        let mut value = Vec::with_capacity(40);
        write(&mut value);
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value,
            None => self.0.push((name, value)),
        }
    }
}

macro_rules! visit {
    ($taker:ty) => {
        impl Visit for $taker {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                let mut words = String::new();
                let _ = write!(words, "{value:?}");
                self.take(field.name(), |text| write_text(text, &words));
            }

            fn record_str(&mut self, field: &Field, value: &str) {
                self.take(field.name(), |text| write_text(text, value));
            }

            fn record_i64(&mut self, field: &Field, value: i64) {
                self.take(field.name(), |text| write_json(text, &value));
            }

            fn record_u64(&mut self, field: &Field, value: u64) {
                self.take(field.name(), |text| write_json(text, &value));
            }

            fn record_bool(&mut self, field: &Field, value: bool) {
                self.take(field.name(), |text| write_json(text, &value));
            }
        }
    };
}
visit!(Line);
visit!(Fields);

fn write_text(text: &mut Vec<u8>, value: &str) {
    write_json(text, value);
}

fn write_json(text: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    // Into memory, and of a plain value: neither can fail.
    let _ = serde_json::to_writer(text, value);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::field::Empty;
    use tracing::{error_span, info, warn};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn written(work: impl FnOnce()) -> Vec<Value> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        let layer = JsonLines::new(move |line| seen.lock().unwrap().push(line));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        let lines = std::mem::take(&mut *lines.lock().unwrap());
        lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn a_line_says_what_happened_and_to_what_it_belongs() {
        let lines = written(|| {
            let request = error_span!("request", request_id = "r1", trace_id = %"t1", order_id = Empty);
            request.in_scope(|| {
                info!(number = 7_u64, "before");
                request.record("order_id", "o1");
                let call = error_span!("wechat", api = "orderquery", order_id = "o2");
                call.in_scope(|| warn!(error = %"a \"quoted\"\nword", "inside"));
                info!(order_id = %"o3", yes = true, minus = -1, "after");
            });
        });
        assert_eq!((lines[0]["message"].as_str(), lines[0]["number"].as_u64(), lines[0].get("order_id")), (Some("before"), Some(7), None));
        assert_eq!((lines[1]["level"].as_str(), lines[1]["error"].as_str()), (Some("WARN"), Some("a \"quoted\"\nword")));
        for (line, order_id) in lines[1..].iter().zip(["o2", "o3"]) {
            assert_eq!((&line["request_id"], &line["trace_id"], &line["order_id"]), (&"r1".into(), &"t1".into(), &order_id.into()));
        }
        assert_eq!((&lines[2]["yes"], &lines[2]["minus"], &lines[2]["target"]), (&true.into(), &(-1).into(), &module_path!().into()));
        let time: chrono::DateTime<chrono::Utc> = lines[0]["timestamp"].as_str().unwrap().parse().unwrap();
        assert!((Clock::System.now() - time).num_seconds().abs() < 60);
    }
}
