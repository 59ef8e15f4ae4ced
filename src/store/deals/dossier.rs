//! All that is known of an order, in the lane of reports: for the operator who looks while payers pay.

use sqlx::Error;

use crate::deal::OrderId;
use crate::store::books::Books;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::journal::read::EvidenceOf;

use super::story::{Read, Story, read};

impl Books {
    /// All that is known of an order, and the newest messages that it rests on, by the numbers of their events: these name the payer.
    ///
    /// # Errors
    /// The database is not available, or holds an impossible row.
    pub async fn dossier(&mut self, order_id: &OrderId) -> Result<(Story, Vec<(i64, String)>), StoreError> {
        let (read, evidence) = self.ask(ReadDossier(order_id.clone())).await?;
        Ok((read.into_story()?, evidence))
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
        let (story, messages) = (read(conn, &self.0).await?, EvidenceOf(self.0.clone()).run(conn).await?);
        let paid_by = if messages.iter().any(|(_, message)| message.is_none()) { pay_back(&self.0, conn).await? } else { None };
        let evidence = messages.into_iter().filter_map(|(id, message)| Some((id, message.or_else(|| paid_by.clone())?)));
        Ok((story, evidence.collect()))
    }
}

/// The notification that has settled a deal.
async fn pay_back(order_id: &OrderId, conn: &mut Conn) -> Result<Option<String>, Error> {
    const SELECT: &str = "SELECT payBack FROM deal WHERE order_key = ?";
    let rows: Vec<(Option<String>,)> = conn.rows(SELECT, Values::of([order_id.as_str().into()])).await?;
    Ok(rows.into_iter().find_map(|(message,)| message))
}
