//! Ten thousand callers that keep their connection and say nothing, while others call.

use std::time::Duration;

use crate::CALLERS;
use crate::support::driver::{Until, drive};
use crate::support::mariadb::MariaDb;
use crate::support::verdicts::Verdicts;
use crate::support::wire::get;
use crate::under_load::ServiceUnderLoad;

const SILENT: usize = 10_000;
/// Deals opened and paid meanwhile.
const DEALS: usize = 5_000;

pub async fn judge(batched: &ServiceUnderLoad, database: &MariaDb, verdicts: &mut Verdicts) {
    let mut silent = batched.service.connections(SILENT).await;
    // A connection that has never said anything is cut off soon; one that has may stay for more than a minute.
    let greeted = drive(&mut silent, &vec![get("/healthz"); SILENT], Until::AllAreSent, |_| ()).await;
    assert_eq!(greeted.requests(), SILENT);
    let idle = batched.service.memory();
    batched.round(database, CALLERS, DEALS).await;
    verdicts.at_most(&format!("resident at {SILENT} open connections, MiB"), idle, 160.0);
    verdicts.at_most("the most resident with load beside them, MiB", batched.service.peak_memory(), 160.0);
    let still_open = drive(&mut silent, &vec![get("/healthz"); SILENT], Until::Over(Duration::from_millis(200)), |_| ()).await;
    assert!(still_open.requests() >= SILENT);
}
