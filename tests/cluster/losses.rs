//! What happens to nodes of Galera.

use crate::ALONE;
use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::load::choices::number;
use crate::story::tell;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_nodes_loses_nothing() {
    let _alone = ALONE.lock().await;
    let faults = number("CLUSTER_FAULTS").unwrap_or(3);
    eprintln!("CLUSTER_FAULTS={faults}");
    tell(Cluster::start(), Fault::ALL.into_iter().cycle().take(usize::try_from(faults).unwrap())).await;
}
