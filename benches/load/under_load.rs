//! The service with its callers, and one round of everything that is measured.

use std::cell::RefCell;
use std::time::Duration;

use wechat_pay::channel::wechat::v2::SignType;

use crate::support::calls::{notification, order_id, poll, wish};
use crate::support::driver::{Run, Until, drive, must_hold};
use crate::support::mariadb::MariaDb;
use crate::support::messages::Writer;
use crate::support::processors::Stopwatch;
use crate::support::service::Service;
use crate::support::upstream::Upstream;
use crate::support::wire::{Wire, get};

/// How long what changes nothing is asked, a round.
const READING: Duration = Duration::from_secs(2);

/// What is asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Healthz,
    ToPay,
    Notification,
    QueryOrder,
}

impl Call {
    pub const ALL: [Self; 4] = [Self::Healthz, Self::ToPay, Self::Notification, Self::QueryOrder];
}

/// One call's figures of one round. What was spent is for one request.
pub struct Figures {
    pub call: Call,
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    pub statements: f64,
    pub commits: f64,
    pub syncs: f64,
    /// Written to the engine's own log, in bytes.
    pub redo: f64,
    /// Microseconds of a processor's: the service's,
    pub service: f64,
    /// and the database's.
    pub database: f64,
    /// Of the whole machine, callers and all; 0 … 1.
    pub busy: f64,
    pub sent_away: f64,
}

pub struct ServiceUnderLoad {
    pub service: Service,
    writer: Writer,
}

impl ServiceUnderLoad {
    /// With a database of its own.
    pub async fn open(database: &MariaDb, upstream: &Upstream, name: &str, settings: &[(&'static str, &str)]) -> Self {
        // Nothing comes due meanwhile, so that the sweeper finds nothing to do and what is counted is the calls' own.
        let settings = [&[("SWEEP__FIRST_LOOKS", "3600")], settings].concat();
        let url = database.create(name).await;
        let service = Service::start(database.directory.path(), name, &url, upstream, &settings).await;
        Self { service, writer: Writer::new(SignType::Md5) }
    }

    /// So many deals opened and paid by notification; then polled, and beside that the bare answer.
    pub async fn round(&self, database: &MariaDb, callers: usize, deals: usize) -> Vec<Figures> {
        let mut wires = self.service.connections(callers).await;
        let (mut figures, order_ids) = self.pay(database, &mut wires, deals).await;
        let polls: Vec<_> = order_ids.iter().map(|id| poll(id)).collect();
        let polling = drive(&mut wires, &polls, Until::Over(READING), must_hold("SUCCESS"));
        figures.push(self.count(database, Call::QueryOrder, polling).await);
        let greeting = [get("/healthz")];
        let asking = drive(&mut wires, &greeting, Until::Over(READING), |_| ());
        figures.push(self.count(database, Call::Healthz, asking).await);
        figures
    }

    /// The deals alone, opened and paid.
    pub async fn payments(&self, database: &MariaDb, callers: usize, deals: usize) -> Vec<Figures> {
        self.pay(database, &mut self.service.connections(callers).await, deals).await.0
    }

    async fn pay(&self, database: &MariaDb, wires: &mut [Wire], deals: usize) -> (Vec<Figures>, Vec<String>) {
        let (order_ids, wishes) = (RefCell::new(Vec::with_capacity(deals)), vec![wish(); deals]);
        let opening = drive(wires, &wishes, Until::AllAreSent, |body| order_ids.borrow_mut().push(order_id(body)));
        let opened = self.count(database, Call::ToPay, opening).await;
        let order_ids = order_ids.into_inner();
        let notifications: Vec<_> = order_ids.iter().map(|id| notification(&self.writer.paid(id))).collect();
        let posting = drive(wires, &notifications, Until::AllAreSent, must_hold("SUCCESS"));
        (vec![opened, self.count(database, Call::Notification, posting).await], order_ids)
    }

    async fn count(&self, database: &MariaDb, call: Call, run: impl Future<Output = Run>) -> Figures {
        let meter = database.meter().await;
        let stopwatch = Stopwatch::start(self.service.process(), database.process.as_ref().unwrap());
        let run = run.await;
        let taken = stopwatch.stop();
        let spent = meter.stop().await;
        let each = |count: f64| count / run.requests() as f64;
        let counted = |name: &str| each(spent.of(name) as f64);
        Figures {
            call,
            per_second: run.per_second(),
            p50: run.quantile(0.5),
            p99: run.quantile(0.99),
            statements: counted("Questions"),
            commits: counted("Com_commit"),
            syncs: counted("Innodb_data_fsyncs"),
            redo: counted("Innodb_os_log_written"),
            service: each(taken.service * 1e6),
            database: each(taken.database * 1e6),
            busy: taken.busy,
            sent_away: run.sent_away() as f64,
        }
    }
}
