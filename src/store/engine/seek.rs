//! Connecting to the server that is used, or, where several are named, to the first that can be.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{ConnectOptions, Error};
use tokio::time::{Instant, timeout};

use super::cannot_open::CannotOpen;
use super::connection::Conn;
use super::database_url::DatabaseUrl;
use super::driver_error::DriverError;
use super::failure::Failure;
use super::host::Host;
use super::servers::Servers;
use super::table_names::Renaming;
use super::values::Values;

/// A connection that takes longer is taken for one that cannot be had.
pub(super) const CONNECT: Duration = Duration::from_millis(1500);
/// So often others may be seen to use another server meanwhile.
const AGREEMENTS: u32 = 3;
/// Whether a server can be asked and lets us write: one that is read-only, or in a cluster without a quorum, says so, also before there is
/// such a table, and one whose tables are locked says nothing. (A question without a table it would answer.)
const QUESTION: &str = "UPDATE deal_migration SET version = version WHERE 1 = 0";
/// What the latter says.
const NO_QUORUM: DriverError = DriverError::MySql(1047);

/// Causal reads, where the server knows one of these: what a server of a cluster is asked is answered once it has what any other had
/// acknowledged before. So nobody hears that there is no such order because a server is behind. In a cluster a question costs a round of
/// the group's for it, and one of several in a transaction none. In Galera a change does not, for what changes no row is looked up
/// (`wsrep_sync_wait`, where 1 means SELECT and BEGIN); in MySQL's Group Replication it does.
const CAUSAL: [&str; 2] = ["SET SESSION wsrep_sync_wait = 1", "SET SESSION group_replication_consistency = 'BEFORE'"];
/// What a server is in its group, where it is made for one: MySQL's Group Replication. One that has failed to join may be written to, by
/// its own word, and nobody else hears of what is written. A server of another kind, or one that does not let us look, does not say.
const PART: &str = "SELECT member_state FROM performance_schema.replication_group_members WHERE member_id IN ('', @@server_uuid)";
/// What one in the middle of its group says.
const IN_ITS_GROUP: &str = "ONLINE";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A server that can be written to.
    Write,
    /// One that answers.
    Read,
    /// One that takes connections.
    Any,
}

/// A connection, and where it leads.
pub struct Opened {
    /// The connection.
    pub conn: Conn,
    /// To which server, if there are several.
    pub host: Option<Host>,
    /// The turn in which it is good ([`Hosts::turn`](super::hosts::Hosts::turn)).
    pub turn: u64,
}

/// Connects.
///
/// # Errors
/// No server can be connected to.
pub async fn seek(url: &DatabaseUrl, servers: &Servers, need: Need) -> Result<Opened, CannotOpen> {
    let hosts = servers.hosts();
    for _ in 0..AGREEMENTS {
        let order = hosts.in_order(&servers.known().await.map_err(|error| CannotOpen::of(url, &error))?);
        if let [only] = order.as_slice() {
            return Ok(Opened { conn: open_at(url, servers, only).await?, host: None, turn: hosts.turn() });
        }
        let mut order = order;
        if hosts.were_fruitless() {
            // In this order: whenever a server that is used is so no more, the turn is another one.
            let turn = hosts.turn();
            if let Some(used) = hosts.used() {
                let conn = open_at(url, servers, &used).await?;
                if hosts.turn() != turn {
                    continue;
                }
                return Ok(Opened { conn, host: Some(used), turn });
            }
            order.truncate(1);
        }
        let (found, host) = first_of(url, servers, order, need).await?;
        if let Some(turn) = hosts.agree(&host) {
            return Ok(Opened { conn: found, host: Some(host), turn });
        }
    }
    Err(CannotOpen::too_slow(url))
}

/// The first of these that can be used; where none can, one that can at least be connected to.
async fn first_of(url: &DatabaseUrl, servers: &Servers, order: Vec<Host>, need: Need) -> Result<(Conn, Host), CannotOpen> {
    let hosts = servers.hosts();
    let (mut makeshift, mut refused) = (None, None);
    for host in order {
        match open_at(url, servers, &host).await {
            Ok(mut conn) => match is_usable(&mut conn, need).await {
                Ok(()) => return Ok((conn, host)),
                Err(why) => {
                    hosts.leave(&host, &why);
                    makeshift.get_or_insert((conn, host));
                }
            },
            Err(error) => {
                // It is there, and others of this program are connected to it.
                if !(error.is_crowded() && hosts.used().as_ref() == Some(&host)) {
                    hosts.leave(&host, &error.reason().to_string());
                }
                let is_more_hopeful = refused.as_ref().is_none_or(|refused: &CannotOpen| refused.lasts() && !error.lasts());
                if is_more_hopeful {
                    refused = Some(error.at(&host));
                }
            }
        }
    }
    hosts.note_fruitless();
    makeshift.ok_or_else(|| refused.unwrap_or_else(|| CannotOpen::too_slow(url)))
}

/// Connects to each of several servers, to look at them; to none where there is one.
pub async fn each_of(url: &DatabaseUrl, servers: &Servers) -> Vec<(Host, Result<Conn, CannotOpen>)> {
    match servers.known().await {
        Ok(known) if known.len() > 1 => {
            join_all(known.into_iter().map(async |host| {
                let opened = open_at(url, servers, &host).await;
                (host, opened)
            }))
            .await
        }
        _ => Vec::new(),
    }
}

async fn open_at(url: &DatabaseUrl, servers: &Servers, host: &Host) -> Result<Conn, CannotOpen> {
    match timeout(CONNECT, servers.at(host).connect()).await {
        Ok(Ok(conn)) => Ok(Conn::MySql(Renaming::new(conn, url.names()))),
        Ok(Err(error)) => Err(CannotOpen::of(url, &error)),
        Err(_) => Err(CannotOpen::too_slow(url)),
    }
}

/// Asks for causal reads.
pub(super) async fn be_causal(conn: &mut Conn) {
    for wish in CAUSAL {
        let _ = conn.execute(wish).await;
    }
}

/// Asks twice: a primary that has lost the majority of its group carries out what changes no row, unless it must hear the group before.
/// A secondary says at once that it is read-only, and its group is then not asked: each such question is one more that a group which
/// gives a member up must answer before it has a new primary.
async fn ask(conn: &mut Conn) -> Result<(), Error> {
    conn.execute(QUESTION).await?;
    be_causal(conn).await;
    conn.execute(QUESTION).await.map(|_| ())
}

async fn is_usable(conn: &mut Conn, need: Need) -> Result<(), String> {
    if need == Need::Any {
        return Ok(());
    }
    timeout(CONNECT, async {
        if let Err(error) = ask(conn).await {
            match Failure::of(&error) {
                Failure::Refused(_) => {}
                Failure::Elsewhere(told) if need == Need::Read && told != NO_QUORUM => return Ok(()),
                _ => return Err(DriverError::from(&error).to_string()),
            }
        }
        if need == Need::Write { is_in_its_group(conn).await } else { Ok(()) }
    })
    .await
    .unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn is_in_its_group(conn: &mut Conn) -> Result<(), String> {
    let states: Vec<(String,)> = conn.rows(PART, Values::default()).await.unwrap_or_default();
    match states.first() {
        Some((state,)) if state != IN_ITS_GROUP => Err(format!("{state} in its group")),
        _ => Ok(()),
    }
}

/// Whether a server could be used: connected to, and written to.
pub async fn is_well(url: &DatabaseUrl, servers: &Servers, host: &Host) -> bool {
    match open_at(url, servers, host).await {
        Ok(mut conn) => is_usable(&mut conn, Need::Write).await.is_ok(),
        Err(_) => false,
    }
}

/// Whether a server answers at all: that it lets nobody in, or may not be changed, is an answer; that it lets a change wait is none, as
/// under a backup's lock. One whose name cannot be looked up now is not asked, and not taken for silent.
pub async fn answers(url: &DatabaseUrl, servers: &Servers, host: &Host, within: Duration) -> bool {
    let begun = Instant::now();
    if !matches!(timeout(within, servers.addresses(host)).await, Ok(Ok(_))) {
        return true;
    }
    let asked = async {
        let answer = match servers.at(host).connect().await {
            Ok(conn) => ask(&mut Conn::MySql(Renaming::new(conn, url.names()))).await,
            Err(error) => Err(error),
        };
        matches!(answer, Ok(()) | Err(Error::Database(_)))
    };
    timeout(within.saturating_sub(begun.elapsed()), asked).await.unwrap_or(false)
}
