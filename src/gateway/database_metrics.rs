//! Metrics of the database's servers: which of several is used, and what the node of a cluster says of itself.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::metrics::Registry;
use crate::store::{Cluster, NodeState};

use super::Gateway;

/// Of which server, or node: names that an operator gave.
type Named = [(&'static str, String); 1];

/// The numbers of the database that one instance uses.
#[derive(Debug, Default)]
pub struct DatabaseMetrics {
    server: Family<Named, Gauge>,
    preferred: Family<Named, Gauge>,
    synced: Family<Named, Gauge>,
    nodes: Family<Named, Gauge>,
    paused: Family<Named, Gauge>,
    behind: Family<Named, Gauge>,
}

impl DatabaseMetrics {
    /// Shows them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("database_server", "1: of several servers of the database this one is used", self.server.clone());
        registry.register("database_server_preferred", "1 while the server that is used is the first one named", self.preferred.clone());
        registry.register("database_node_synced", "1 while the node of a cluster that is used does all", self.synced.clone());
        registry.register("database_cluster_nodes", "Nodes that this one sees, itself among them", self.nodes.clone());
        registry.register(
            "database_flow_control_paused_seconds",
            "For how long the cluster has waited, since this node started, for a node that does not keep up",
            self.paused.clone(),
        );
        registry.register(
            "database_node_behind_changes",
            "Changes of others that this node has received and not made yet",
            self.behind.clone(),
        );
    }

    fn show_server(&self, server: Option<(String, bool)>) {
        self.server.clear();
        self.preferred.clear();
        if let Some((server, is_preferred)) = server {
            let named = [("server", server)];
            self.server.get_or_create(&named).set(1);
            self.preferred.get_or_create(&named).set(is_preferred.into());
        }
    }

    fn show_cluster(&self, cluster: Option<Cluster>) {
        for family in [&self.synced, &self.nodes, &self.paused, &self.behind] {
            family.clear();
        }
        if let Some(Cluster { node, size, standing, paused_seconds, behind }) = cluster {
            let named = [("node", node)];
            let is_synced = i64::from(standing == NodeState::Synced);
            for (family, value) in [(&self.synced, is_synced), (&self.nodes, size), (&self.paused, paused_seconds), (&self.behind, behind)]
            {
                family.get_or_create(&named).set(value);
            }
        }
    }
}

impl Gateway {
    /// Brings them up to date. What cannot be asked is not shown.
    pub(super) async fn look_at_database(&self) {
        self.metrics.database.show_server(self.store.server());
        self.metrics.database.show_cluster(self.store.cluster().await.ok().flatten());
    }
}
