//! A report in pages, by keyset: the refunds of a state or of all, the newest first.

use sqlx::Error;

use crate::deal::{Place, RefundPage, RefundState};
use crate::store::books::Books;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;

use super::find::readable;
use super::row::{RefundRow, select_from};

impl Books {
    /// A page of the refunds of a state, or of all, with so many at most.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn refunds(&mut self, state: Option<RefundState>, after: Option<Place>, limit: u32) -> Result<RefundPage, StoreError> {
        let mut rows = self.ask(RefundsOf { state, after, limit }).await?;
        rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().map(place).filter(|_| has_more);
        Ok(RefundPage { refunds: readable(rows), next })
    }
}

fn place(row: &RefundRow) -> Place {
    Place { time: row.created_at.clone().unwrap_or_default(), id: row.id }
}

struct RefundsOf {
    state: Option<RefundState>,
    after: Option<Place>,
    limit: u32,
}

/// Refunds of the cursor's time; a pair of columns is no range to an optimizer.
pub const BESIDE: &str = "created_at = ? AND id < ?";
/// Earlier ones.
pub const BELOW: &str = "created_at < ?";

impl Query for RefundsOf {
    type Answer = Vec<RefundRow>;
    const NAME: &'static str = "refunds of state";

    /// One row more than the page holds, if there is one; of each state, for the index has them apart.
    async fn run(&self, conn: &mut Conn) -> Result<Vec<RefundRow>, Error> {
        let (beside, below) =
            (by_engine!(conn, String, |is_mysql| text(is_mysql, BESIDE)), by_engine!(conn, String, |is_mysql| text(is_mysql, BELOW)));
        let until = self.after.as_ref().map_or("9999-12-31 23:59:59", |after| &after.time);
        let mut rows = Vec::new();
        for state in RefundState::ALL.into_iter().filter(|state| self.state.is_none_or(|only| only == *state)) {
            let state = state.as_str();
            if let Some(Place { time, id }) = &self.after {
                rows.extend(
                    conn.rows(beside, Values::of([state.into(), time.as_str().into(), (*id).into(), (self.limit + 1).into()])).await?,
                );
            }
            rows.extend(conn.rows(below, Values::of([state.into(), until.into(), (self.limit + 1).into()])).await?);
        }
        Ok(rows)
    }
}

/// The question for one state in one range.
pub fn text(is_mysql: bool, range: &str) -> String {
    let table = format!("refund {}", by_index("refund_state", is_mysql));
    // By the columns' whole names, for the short ones are those of what is selected, and nothing is in the order of these.
    select_from(&table, &format!("state = ? AND {range} ORDER BY refund.created_at DESC, refund.id DESC LIMIT ?"))
}
