//! What happens to members of a MySQL group with a single primary. Wants `MYSQLD`, and so it is run by name alone:
//! `tests/cluster/group-replication`.

mod blows;
mod member;
mod members;
mod outsider;

use crate::ALONE;
use crate::load::choices::number;
use crate::story::tell;

use blows::Blow;
use members::Members;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_members_loses_nothing() {
    let _alone = ALONE.lock().await;
    let faults = number("GROUP_FAULTS").map_or(Blow::ALL.len(), |faults| usize::try_from(faults).unwrap());
    eprintln!("GROUP_FAULTS={faults}");
    tell(Members::start(), Blow::ALL.into_iter().cycle().take(faults)).await;
}
