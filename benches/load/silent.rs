//! Ten thousand callers who keep their connection and say nothing, while others call.

use std::time::Duration;

use crate::CALLERS;
use crate::house::House;
use crate::report::Verdicts;
use crate::support::database::Database;
use crate::support::driver::{Until, drive};
use crate::support::wire::get;

const SILENT: usize = 10_000;
/// Deals opened and paid meanwhile.
const DEALS: usize = 5_000;

pub async fn judge(house: &House, database: &Database, verdicts: &mut Verdicts) {
    let mut silent = house.service.connections(SILENT).await;
    // A connection that has never said anything is cut off soon; one that has may stay for more than a minute.
    let greeted = drive(&mut silent, &vec![get("/healthz"); SILENT], Until::AllAreSent, |_| ()).await;
    assert_eq!(greeted.requests(), SILENT);
    let idle = house.service.memory();
    house.round(database, CALLERS, DEALS).await;
    verdicts.at_most(&format!("resident at {SILENT} open connections, MiB"), idle, 128.0);
    verdicts.at_most("the most resident with load beside them, MiB", house.service.peak_memory(), 128.0);
    let still_open = drive(&mut silent, &vec![get("/healthz"); SILENT], Until::Over(Duration::from_millis(200)), |_| ()).await;
    assert!(still_open.requests() >= SILENT);
}
