//! The readiness probe: whether callers may be sent to this instance.

use crate::store::{Durability, StoreError};

use super::Gateway;

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
}

impl Gateway {
    /// Asks the database, and compares its clock with this machine's. `accept_weak_durability`: be ready although the database
    /// may lose what it acknowledged.
    ///
    /// # Errors
    /// Why the instance is not ready.
    pub async fn readiness(&self, accept_weak_durability: bool) -> Result<(), NotReady> {
        let condition = self.store.condition().await.map_err(NotReady::Away)?;
        self.note_database_clock(condition.clock);
        match condition.durability {
            Durability::Weak { variable, value } if !accept_weak_durability => Err(NotReady::WeakDurability { variable, value }),
            _ if !self.clocks_agree() => Err(NotReady::ClocksDisagree { ahead: self.skew().num_seconds() }),
            _ => self.store.can_write().await.map_err(NotReady::CannotWrite),
        }
    }
}
