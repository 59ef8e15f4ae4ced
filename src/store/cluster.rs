//! What a server says of the cluster that it is a node of (MariaDB Galera). It says so too while it refuses everything else.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::Error;
use tokio::time::timeout;

use super::engine::connection::{Conn, MySql};
use super::engine::database_url::DatabaseUrl;
use super::engine::error::Cause;
use super::engine::seek::each_of;
use super::engine::session::open_to_ask;
use super::engine::statement::Query;
use super::error::{StoreError, not_told};
use super::handle::Store;

/// A server that takes longer to tell of itself is silent.
const LOOK: Duration = Duration::from_secs(2);

/// A node of a cluster, as it sees itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What the node is called.
    pub node: String,
    /// How many nodes it sees, itself among them.
    pub size: i64,
    /// How it stands.
    pub standing: NodeState,
    /// For how many seconds the cluster has been paused, since the node started, because some node did not keep up.
    pub paused_seconds: i64,
    /// Changes of others that it has received and not made yet.
    pub behind: i64,
}

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// It does all.
    Synced,
    /// It gives its data to a node that joins, or to a backup: it may be blocked meanwhile.
    Donor,
    /// An operator has let it fall behind the others.
    Desynced,
    /// It gets what it has missed.
    Joining,
    /// It is one of a minority, or alone, and refuses everything: another node may know more.
    WithoutQuorum,
    /// It belongs to the majority, and was told to refuse everything, or is not ready.
    Refusing,
}

impl Cluster {
    /// By what `SHOW GLOBAL VARIABLES` and `SHOW GLOBAL STATUS` tell; `None`: it is no node.
    fn of(told: &HashMap<String, String>) -> Option<Self> {
        let text = |name: &str| told.get(name).map_or("", String::as_str);
        let number = |name: &str| text(name).parse::<i64>().unwrap_or_default();
        if !text("wsrep_on").eq_ignore_ascii_case("ON") {
            return None;
        }
        let standing = match (text("wsrep_cluster_status"), number("wsrep_local_state")) {
            (status, _) if status != "Primary" => NodeState::WithoutQuorum,
            (_, 1 | 3) => NodeState::Joining,
            (_, 2) if text("wsrep_desync").eq_ignore_ascii_case("ON") => NodeState::Desynced,
            (_, 2) => NodeState::Donor,
            _ if !text("wsrep_ready").eq_ignore_ascii_case("ON") || !["", "NONE"].contains(&text("wsrep_reject_queries")) => {
                NodeState::Refusing
            }
            _ => NodeState::Synced,
        };
        Some(Self {
            node: text("wsrep_node_name").to_owned(),
            size: number("wsrep_cluster_size"),
            standing,
            paused_seconds: number("wsrep_flow_control_paused_ns") / 1_000_000_000,
            behind: number("wsrep_local_recv_queue"),
        })
    }
}

impl NodeState {
    /// What keeps it from doing all, in words; `None`: nothing.
    pub fn trouble(self) -> Option<&'static str> {
        match self {
            Self::Synced => None,
            Self::Donor => Some("the node gives its data to another one or to a backup"),
            Self::Desynced => Some("the node is desynced: it may be behind the others"),
            Self::Joining => Some("the node is catching up with its cluster"),
            Self::WithoutQuorum => Some("the node has lost its cluster: it sees no majority"),
            Self::Refusing => Some("the node refuses queries"),
        }
    }
}

impl Store {
    /// What the server says of its cluster, if it is in one.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn cluster(&self) -> Result<Option<Cluster>, StoreError> {
        Ok(self.engine().report(AskCluster).await?)
    }

    /// The same of a database that is not open, which may refuse everything else.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn inspect_cluster(url: &DatabaseUrl) -> Result<Option<Cluster>, StoreError> {
        let mut conn = open_to_ask(url).await?;
        ask(&mut conn).await.map_err(|error| not_told(&error))
    }
}

/// One of several servers, looked at by itself.
#[derive(Debug, Clone)]
pub struct LookedAt {
    /// Where it is.
    pub place: String,
    /// What it says; an error if it cannot be asked.
    pub said: Result<Said, StoreError>,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it takes no changes.
    pub read_only: bool,
    /// How it stands in its cluster, if it is in one.
    pub cluster: Option<Cluster>,
}

impl Store {
    /// Looks at each of the servers that the URL names, if it names several.
    pub async fn look_at_servers(url: &DatabaseUrl) -> Vec<LookedAt> {
        let Some(servers) = url.servers() else { return Vec::new() };
        let mut looked_at = Vec::new();
        for (host, opened) in each_of(url, servers).await {
            let said = match opened {
                Ok(mut conn) => timeout(LOOK, said(&mut conn)).await.map_err(|_| Cause::TooSlow.into()).flatten(),
                Err(error) => Err(error.into()),
            };
            looked_at.push(LookedAt { place: host.to_string(), said });
        }
        looked_at
    }
}

async fn said(conn: &mut Conn) -> Result<Said, StoreError> {
    let Conn::MySql(c) = conn else { return Ok(Said { read_only: false, cluster: None }) };
    let asking = async {
        let (read_only,): (i64,) = sqlx::query_as("SELECT CAST(@@GLOBAL.read_only AS SIGNED)").fetch_one(&mut *c).await?;
        Ok(Said { read_only: read_only != 0, cluster: cluster_of(c).await? })
    };
    asking.await.map_err(|error: Error| not_told(&error))
}

struct AskCluster;

impl Query for AskCluster {
    type Answer = Option<Cluster>;
    const NAME: &'static str = "cluster";

    async fn run(&self, conn: &mut Conn) -> Result<Option<Cluster>, Error> {
        ask(conn).await
    }
}

async fn ask(conn: &mut Conn) -> Result<Option<Cluster>, Error> {
    match conn {
        Conn::MySql(c) => cluster_of(c).await,
        Conn::Sqlite(_) => Ok(None),
    }
}

/// What a server says of its cluster, if it is in one: by statements that are answered at any time.
pub async fn cluster_of(conn: &mut MySql) -> Result<Option<Cluster>, Error> {
    const VARIABLES: &str =
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_node_name', 'wsrep_desync', 'wsrep_reject_queries')";
    const STATUS: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_local_state', \
                          'wsrep_ready', 'wsrep_flow_control_paused_ns', 'wsrep_local_recv_queue')";
    let mut told: HashMap<String, String> = sqlx::query_as(VARIABLES).fetch_all(&mut *conn).await?.into_iter().collect();
    if Cluster::of(&told).is_some() {
        let status: Vec<(String, String)> = sqlx::query_as(STATUS).fetch_all(conn).await?;
        told.extend(status);
    }
    Ok(Cluster::of(&told))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(differs: &[(&str, &str)]) -> Option<Cluster> {
        const WELL: [(&str, &str); 10] = [
            ("wsrep_on", "ON"),
            ("wsrep_node_name", "db1"),
            ("wsrep_desync", "OFF"),
            ("wsrep_reject_queries", "NONE"),
            ("wsrep_cluster_size", "3"),
            ("wsrep_cluster_status", "Primary"),
            ("wsrep_local_state", "4"),
            ("wsrep_ready", "ON"),
            ("wsrep_flow_control_paused_ns", "2500000000"),
            ("wsrep_local_recv_queue", "7"),
        ];
        let told = WELL.iter().chain(differs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Cluster::of(&told.collect())
    }

    #[test]
    fn a_node_stands_as_it_says() {
        let well = node(&[]).unwrap();
        assert_eq!(well, Cluster { node: "db1".into(), size: 3, standing: NodeState::Synced, paused_seconds: 2, behind: 7 });
        assert_eq!(well.standing.trouble(), None);
        for (differs, standing) in [
            (&[("wsrep_cluster_status", "non-Primary"), ("wsrep_local_state", "0")][..], NodeState::WithoutQuorum),
            (&[("wsrep_cluster_status", "Disconnected")], NodeState::WithoutQuorum),
            (&[("wsrep_local_state", "2")], NodeState::Donor),
            (&[("wsrep_local_state", "2"), ("wsrep_desync", "ON")], NodeState::Desynced),
            (&[("wsrep_local_state", "1")], NodeState::Joining),
            (&[("wsrep_local_state", "3")], NodeState::Joining),
            (&[("wsrep_ready", "OFF")], NodeState::Refusing),
            (&[("wsrep_reject_queries", "ALL")], NodeState::Refusing),
        ] {
            let found = node(differs).unwrap().standing;
            assert_eq!(found, standing, "{differs:?}");
            assert!(found.trouble().is_some());
        }
        assert_eq!(node(&[("wsrep_on", "OFF")]), None, "a server by itself");
        assert_eq!(Cluster::of(&HashMap::new()), None, "one that knows no such cluster");
    }
}
