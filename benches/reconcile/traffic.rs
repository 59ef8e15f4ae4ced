//! Payers at an even pace, a hundred purchases a second: each is opened, looked at, paid by notification and looked at again.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wechat_pay::channel::wechat::v2::SignType;

use crate::support::calls::{notification, order_id, poll, wish};
use crate::support::driver::quantile;
use crate::support::messages::Writer;
use crate::support::service::Service;
use crate::support::wire::Wire;

/// Callers, and the pause from one purchase of each to its next.
const CALLERS: u32 = 20;
const PACE: Duration = Duration::from_millis(200);

/// What came of it.
pub struct Traffic {
    calls: [Call; 3],
    sent_away: usize,
}

/// How long one call took, each time.
pub struct Call {
    pub name: &'static str,
    latencies: Vec<Duration>,
}

#[derive(Default)]
struct Heard {
    opened: RefCell<Vec<Duration>>,
    notified: RefCell<Vec<Duration>>,
    looked: RefCell<Vec<Duration>>,
    sent_away: Cell<usize>,
}

impl Traffic {
    /// Until somebody says that it is over.
    pub async fn on(service: &Service, is_over: &Cell<bool>) -> Self {
        let (heard, started) = (Heard::default(), Instant::now());
        let wires = service.connections(CALLERS as usize).await;
        let callers = wires.into_iter().zip(0..).map(async |(mut wire, number)| {
            let writer = Writer::new(SignType::Md5);
            let mut due = started + PACE / CALLERS * number;
            while !is_over.get() {
                tokio::time::sleep_until(due.into()).await;
                buy(&mut wire, &writer, due, &heard).await;
                due += PACE;
            }
        });
        join_all(callers).await;
        let call = |name, latencies: RefCell<Vec<Duration>>| {
            let mut latencies = latencies.into_inner();
            latencies.sort_unstable();
            Call { name, latencies }
        };
        let Heard { opened, notified, looked, sent_away } = heard;
        Self { calls: [call("toPay", opened), call("notification", notified), call("queryOrder", looked)], sent_away: sent_away.get() }
    }

    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How often a caller was told to come again, which is part of the wait.
    pub fn sent_away(&self) -> usize {
        self.sent_away
    }
}

impl Call {
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// In milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile(&self.latencies, share)
    }
}

/// One that begins late, because the caller's last one took so long, has waited since it was due.
async fn buy(wire: &mut Wire, writer: &Writer, due: Instant, heard: &Heard) {
    ask(wire, &wish(), due, &heard.opened, &heard.sent_away).await;
    let order_id = order_id(wire.body());
    ask(wire, &poll(&order_id), Instant::now(), &heard.looked, &heard.sent_away).await;
    ask(wire, &notification(&writer.paid(&order_id)), Instant::now(), &heard.notified, &heard.sent_away).await;
    ask(wire, &poll(&order_id), Instant::now(), &heard.looked, &heard.sent_away).await;
    assert!(wire.body().windows(7).any(|part| part == b"SUCCESS"), "{}", String::from_utf8_lossy(wire.body()));
}

async fn ask(wire: &mut Wire, request: &[u8], since: Instant, latencies: &RefCell<Vec<Duration>>, sent_away: &Cell<usize>) {
    wire.ask(request).await;
    while wire.first_line().starts_with(b"HTTP/1.1 503") {
        sent_away.set(sent_away.get() + 1);
        wire.ask(request).await;
    }
    latencies.borrow_mut().push(since.elapsed());
    assert!(wire.first_line() == b"HTTP/1.1 200 OK", "{}", String::from_utf8_lossy(wire.body()));
}
