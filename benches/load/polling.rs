//! Ten thousand payers' pages that poll every two seconds while their payments come in.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::{Instant, sleep_until};
use wechat_pay::channel::wechat::v2::SignType;

use crate::CALLERS;
use crate::support::calls::{notification, order_id, poll, wish};
use crate::support::driver::{Until, drive, quantile};
use crate::support::mariadb::MariaDb;
use crate::support::messages::Writer;
use crate::support::service::Service;
use crate::support::upstream::Upstream;
use crate::support::verdicts::Verdicts;
use crate::support::wire::{Wire, json_text};

const PAYERS: usize = 10_000;
const PAUSE: Duration = Duration::from_secs(2);
/// A proxy in front of the pages keeps so many connections.
const CONNECTIONS: usize = 200;
/// The payments come in over this time.
const SPAN: Duration = Duration::from_secs(60);
/// Of every so many notifications one is lost.
const LOST: usize = 500;
/// Notifications under way at once.
const DELIVERIES: usize = 4;
/// The defaults of `wechat.query_budget` and `sweep.calls_per_second`.
const QUERY_BUDGET: u64 = 100;
const SWEEP_BUDGET: u64 = 100;

struct Payer {
    order_id: String,
    poll: Vec<u8>,
    paid: Cell<Option<Instant>>,
    /// When the service acknowledged the notification.
    notified: Cell<Option<Instant>>,
    seen: Cell<Option<Instant>>,
    /// From when on a poll must see the payment although its notification is lost.
    due: Cell<Option<Instant>>,
}

/// What the pages learned.
#[derive(Default)]
struct Seen {
    without_wechat: RefCell<Vec<Duration>>,
    polls: Cell<usize>,
    /// Notified payments that the next poll did not see.
    overlooked: Cell<usize>,
    /// Polls that did not see a payment with a lost notification when it was due.
    late: Cell<usize>,
}

pub async fn judge(database: &MariaDb, upstream: &Upstream, verdicts: &mut Verdicts) {
    let url = database.create("polled").await;
    let service = Service::start(database.directory.path(), "polled", &url, upstream, &[]).await;
    let payers = open_deals(&service).await;
    let (queries, started) = (upstream.queries(), Instant::now());
    let seen = Seen::default();
    let end = started + SPAN + Duration::from_secs(10);
    let pages = service.connections(CONNECTIONS).await.into_iter().enumerate().map(|(number, wire)| {
        let payers: Vec<_> = payers.iter().skip(number).step_by(CONNECTIONS).collect();
        // Connections do not all speak at the same moment.
        let offset = PAUSE / PAYERS as u32 * number as u32;
        poll_for(wire, payers, started + offset, end, &seen)
    });
    let deliveries = service.connections(DELIVERIES).await.into_iter().enumerate();
    let deliveries = deliveries.map(|(number, wire)| deliver(wire, &payers, number, started, upstream));
    join(join_all(pages), join_all(deliveries)).await;
    let asked = upstream.queries() - queries;
    let allowed = (QUERY_BUDGET + SWEEP_BUDGET) * (started.elapsed().as_secs() + 1);

    let mut latencies = seen.without_wechat.into_inner();
    latencies.sort_unstable();
    println!(
        "\n{PAYERS} payers polled {} times in {} s; {} answers without WeChat, {asked} calls to WeChat",
        seen.polls.get(),
        started.elapsed().as_secs(),
        latencies.len()
    );
    let lost: Vec<_> = payers.iter().filter(|payer| payer.notified.get().is_none()).collect();
    let longest = lost.iter().map(|payer| payer.wait().as_secs_f64()).fold(0.0, f64::max);
    println!("{} notifications were lost; the payer who waited longest waited {longest:.1} s", lost.len());
    verdicts.at_most("polls answered without WeChat, p99 ms", quantile(&latencies, 0.99), 20.0);
    verdicts.at_most("orderquery calls", asked as f64, allowed as f64);
    verdicts.at_most("notified payments not seen at the next poll", seen.overlooked.get() as f64, 0.0);
    verdicts.at_most("polls that did not see a payment with a lost notification in time", seen.late.get() as f64, 0.0);
}

impl Payer {
    fn new(order_id: String) -> Self {
        let poll = poll(&order_id);
        Self { order_id, poll, paid: Cell::default(), notified: Cell::default(), seen: Cell::default(), due: Cell::default() }
    }

    /// From the payment to the poll that saw it.
    fn wait(&self) -> Duration {
        match (self.paid.get(), self.seen.get()) {
            (Some(paid), Some(seen)) => seen - paid,
            _ => Duration::MAX,
        }
    }
}

async fn open_deals(service: &Service) -> Vec<Payer> {
    let order_ids = RefCell::new(Vec::new());
    drive(&mut service.connections(CALLERS).await, &vec![wish(); PAYERS], Until::AllAreSent, |body| {
        order_ids.borrow_mut().push(order_id(body));
    })
    .await;
    order_ids.into_inner().into_iter().map(Payer::new).collect()
}

/// The pages behind one connection, evenly spread over the pause. They go on polling when they have seen it, so
/// that the load stays what it is.
async fn poll_for(mut wire: Wire, payers: Vec<&Payer>, start: Instant, end: Instant, seen: &Seen) {
    let step = PAUSE / payers.len() as u32;
    for (turn, payer) in payers.iter().cycle().enumerate() {
        sleep_until(start + step * turn as u32).await;
        let asked = Instant::now();
        if asked >= end {
            return;
        }
        wire.ask(&payer.poll).await;
        let state = json_text(wire.body(), "trade_state").unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(wire.body())));
        let was_notified = payer.notified.get().is_some_and(|at| at <= asked);
        seen.polls.set(seen.polls.get() + 1);
        if was_notified || json_text(wire.body(), "as_of").is_some() {
            seen.without_wechat.borrow_mut().push(asked.elapsed());
        }
        if state == "SUCCESS" {
            payer.seen.set(payer.seen.get().or(Some(Instant::now())));
        } else if was_notified {
            seen.overlooked.set(seen.overlooked.get() + 1);
        } else if payer.due.get().is_some_and(|due| due <= asked) {
            seen.late.set(seen.late.get() + 1);
        }
    }
}

/// Lets every so-manieth payer pay, and posts the notification unless it is one of the lost.
async fn deliver(mut wire: Wire, payers: &[Payer], first: usize, start: Instant, upstream: &Upstream) {
    let writer = Writer::new(SignType::Md5);
    for (number, payer) in payers.iter().enumerate().skip(first).step_by(DELIVERIES) {
        sleep_until(start + SPAN / PAYERS as u32 * number as u32).await;
        upstream.pay(&payer.order_id);
        let (paid, undecided) = (Instant::now(), (payers.len() - number) as u32);
        payer.paid.set(Some(paid));
        // Three seconds, or as long as the budget takes to go round.
        payer.due.set(Some(paid + Duration::from_secs(3).max(Duration::from_secs(1) * undecided / QUERY_BUDGET as u32)));
        if number % LOST == LOST / 2 {
            continue;
        }
        wire.ask(&notification(&writer.paid(&payer.order_id))).await;
        assert!(wire.body().windows(7).any(|part| part == b"SUCCESS"), "a payment was not acknowledged");
        payer.notified.set(Some(Instant::now()));
    }
}
