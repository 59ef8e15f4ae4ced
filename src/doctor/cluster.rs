//! Several servers of one database, and the cluster that they may be.

use crate::store::{Cluster, LookedAt, NodeState, Said, Store, StoreError};

use super::words::cluster as words;
use super::{Check, Doctor, Finding};

const CHECK: Check = Check::Database;
/// Of fewer nodes the loss of one is the loss of the majority.
const ENOUGH: i64 = 3;

impl Doctor {
    /// Each of the servers that the URL names, if it names several.
    pub(super) async fn servers(&self) -> Vec<Finding> {
        let looked_at = Store::look_at_servers(&self.settings.database).await;
        looked_at.iter().map(server).collect()
    }

    /// Why a database that was reached could not be looked at: as a node of a cluster says of itself, if it is one.
    pub(super) async fn not_looked_at(&self, error: &StoreError) -> Finding {
        match Store::inspect_cluster(&self.settings.database).await {
            Ok(Some(cluster)) if cluster.standing != NodeState::Synced => standing(&cluster),
            _ => Finding::fail(CHECK, super::words::database::unreachable(error)),
        }
    }
}

fn server(LookedAt { place, said }: &LookedAt) -> Finding {
    match said {
        Err(error) => Finding::warn(CHECK, words::server_away(place, error)),
        Ok(Said { cluster: Some(cluster), .. }) if cluster.standing != NodeState::Synced => {
            Finding::warn(CHECK, words::server_unwell(place, cluster.standing))
        }
        Ok(Said { read_only: true, .. }) => Finding::warn(CHECK, words::server_read_only(place)),
        Ok(Said { .. }) => Finding::ok(CHECK, words::server_well(place)),
    }
}

/// How the node that is used stands.
pub fn standing(cluster: &Cluster) -> Finding {
    match cluster.standing {
        NodeState::Synced if cluster.size < ENOUGH => Finding::warn(CHECK, words::few_nodes(cluster)),
        NodeState::Synced => Finding::ok(CHECK, words::synced(cluster)),
        NodeState::Donor | NodeState::Desynced | NodeState::Joining => Finding::warn(CHECK, words::unwell(cluster)),
        NodeState::WithoutQuorum | NodeState::Refusing => Finding::fail(CHECK, words::unwell(cluster)),
    }
}
