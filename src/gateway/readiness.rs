//! The readiness probe: whether callers may be sent to this instance.

use std::time::Duration;

use tokio::time::timeout;

use crate::store::{Cause, Durability, NodeState, StoreError};

use super::Gateway;

/// A change that is tried, after one has failed, is waited for no longer.
const TRY: Duration = Duration::from_secs(1);
/// What a node of a cluster says of itself is waited for no longer: whoever asks for readiness waits too.
const WORDS: Duration = Duration::from_millis(500);

/// Why no callers should be sent to this instance.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The database does not answer.
    #[error("{0}")]
    Away(#[source] StoreError),
    /// The database may lose what it acknowledged, and the operator has not accepted that.
    #[error("{variable} is {value}: a crash could lose acknowledged payments; set it to 1")]
    WeakDurability {
        /// Which variable of the database says so.
        variable: &'static str,
        /// What it is set to.
        value: i64,
    },
    /// The clocks cannot both be right.
    #[error("the database's clock is {ahead} s ahead of this machine's (behind, if negative): no order is given up until they agree")]
    ClocksDisagree {
        /// Seconds by which the database's clock is ahead of this machine's.
        ahead: i64,
    },
    /// The database answers, and could not write a moment ago.
    #[error("the database could not write a moment ago: {0}")]
    CannotWrite(#[source] StoreError),
    /// It is a copy, or has become one.
    #[error("the database could not write a moment ago: it is read-only")]
    ReadOnly,
    /// The same, or it does not answer, and says itself why: its place in its cluster.
    #[error("the database cannot be used: {} ({node})", .standing.trouble().unwrap_or_default())]
    Node {
        /// What the node is called.
        node: String,
        /// How it stands.
        standing: NodeState,
    },
}

impl Gateway {
    /// Asks the database, and compares its clock with this machine's. `accept_weak_durability`: be ready although the database
    /// may lose what it acknowledged.
    ///
    /// # Errors
    /// Why the instance is not ready.
    pub async fn readiness(&self, accept_weak_durability: bool) -> Result<(), NotReady> {
        match self.database_readiness(accept_weak_durability).await {
            Err(why @ (NotReady::Away(_) | NotReady::CannotWrite(_))) => Err(self.by_its_own_words(why).await),
            readiness => readiness,
        }
    }

    async fn database_readiness(&self, accept_weak_durability: bool) -> Result<(), NotReady> {
        let condition = self.store.condition().await.map_err(NotReady::Away)?;
        self.note_database_clock(condition.clock);
        match condition.durability {
            Durability::Weak { variable, value } if !accept_weak_durability => Err(NotReady::WeakDurability { variable, value }),
            _ if !self.clocks_agree() => Err(NotReady::ClocksDisagree { ahead: self.skew().num_seconds() }),
            _ => {
                let tried = timeout(TRY, self.store.can_write()).await;
                tried.unwrap_or(Err(Cause::TooSlow.into())).map_err(NotReady::CannotWrite)
            }
        }
    }

    async fn by_its_own_words(&self, why: NotReady) -> NotReady {
        if let NotReady::CannotWrite(StoreError::Unavailable(Cause::CannotWrite(told))) = &why
            && told.is_read_only()
        {
            return NotReady::ReadOnly;
        }
        match timeout(WORDS, self.store.cluster()).await {
            Ok(Ok(Some(cluster))) if cluster.standing != NodeState::Synced => {
                NotReady::Node { node: cluster.node, standing: cluster.standing }
            }
            _ => why,
        }
    }
}
