//! Alarms, for the people who look at them.

use crate::deal::{Alarm, NewAudit, Note};
use crate::gateway::{Gateway, GatewayError};

impl Gateway {
    /// The newest alarms before the one of this number, or the newest of all: those that are open, or all.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn alarms(&self, is_open: bool, before: Option<i64>, limit: u32) -> Result<Vec<Alarm>, GatewayError> {
        Ok(self.store.alarms(is_open, before, limit).await?)
    }

    /// The alarm of this number.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn alarm(&self, id: i64) -> Result<Option<Alarm>, GatewayError> {
        Ok(self.store.alarm(id).await?)
    }

    /// Stores what a user has said to an alarm; `false`: it is not open any more.
    ///
    /// # Errors
    /// When the store cannot keep it.
    pub async fn answer_alarm(&self, id: i64, note: &Note, by: NewAudit) -> Result<bool, GatewayError> {
        Ok(self.store.answer_alarm(id, note, by).await?)
    }
}
