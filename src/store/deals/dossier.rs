//! All that is known of an order, in the lane of reports: for the operator who looks while payers pay.

use std::collections::BTreeMap;

use sqlx::Error;

use crate::channel::{ShownField, shown};
use crate::deal::OrderId;
use crate::store::books::Books;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::error::StoreError;
use crate::store::journal::read::EvidenceOf;

use super::story::{Read, Story, read};

/// A story with the messages that it rests on, as far as a person may see them.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The story.
    pub story: Story,
    /// The fields of the newest messages, by the numbers of their events.
    pub evidence: BTreeMap<i64, Vec<ShownField>>,
}

impl Books {
    /// All that is known of an order.
    ///
    /// # Errors
    /// The database is not available, or holds an impossible row.
    pub async fn dossier(&mut self, order_id: &OrderId) -> Result<Dossier, StoreError> {
        let (read, evidence) = self.ask(ReadDossier(order_id.clone())).await?;
        let evidence = evidence.into_iter().map(|(id, message)| (id, shown(&message))).collect();
        Ok(Dossier { story: read.into_story()?, evidence })
    }
}

struct ReadDossier(OrderId);

impl Query for ReadDossier {
    type Answer = (Read, Vec<(i64, String)>);
    const NAME: &'static str = "dossier";

    fn key(&self) -> Option<&str> {
        Some(self.0.as_str())
    }

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        Ok((read(conn, &self.0).await?, EvidenceOf(self.0.clone()).run(conn).await?))
    }
}
