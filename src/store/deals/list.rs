//! A report in pages, by keyset: deals that a caller has chosen, the newest first.
//!
//! Every question reads a range of one index from its newer end, and looks through [`EXAMINED`] rows at most, whatever is asked
//! for. So a page of a choice that few rows fit may be short, or empty, and says all the same where the next one begins.

use std::sync::Arc;

use sqlx::Error;

use crate::deal::{DealPage, Listing, Place};
use crate::store::books::Books;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::error::StoreError;
use crate::store::schema::foreign_clock::ForeignClock;

use super::find::readable;
use super::listed::{Bounds, Line, ListedRow, PartFrom, Texts, lines};
use super::numbered::numbered;

/// So many rows are looked through for one page, of one seller's or of all.
const EXAMINED: u32 = 1000;

impl Books {
    /// A page of a listing, with so many deals at most.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn deals(&mut self, listing: &Arc<Listing>, after: Option<Place>, limit: u32) -> Result<DealPage, StoreError> {
        if listing.is_empty() {
            return Ok(DealPage { deals: Vec::new(), next: None });
        }
        let page = self.ask(ListDeals { listing: Arc::clone(listing), after, limit }).await?;
        Ok(page.read(self.clock()))
    }
}

struct ListDeals {
    listing: Arc<Listing>,
    after: Option<Place>,
    limit: u32,
}

/// Rows, the newest first, and where the next page begins.
pub struct RowPage {
    rows: Vec<ListedRow>,
    next: Option<Place>,
}

impl RowPage {
    fn read(self, clock: ForeignClock) -> DealPage {
        DealPage { deals: readable(self.rows.into_iter().map(|listed| listed.row).collect(), clock), next: self.next }
    }

    /// Of what each line has: the rows down to the place above which every line is known.
    fn of(walks: Vec<Walk>, limit: usize) -> Self {
        let known = walks.iter().filter_map(|walk| walk.ended_at.clone()).max();
        let mut rows: Vec<_> = walks.into_iter().flat_map(|walk| walk.rows).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
        rows.retain(|row| known.as_ref().is_none_or(|known| row.place() >= *known));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = if has_more { rows.last().map(ListedRow::place) } else { known };
        Self { rows, next }
    }
}

/// What one line has.
struct Walk {
    rows: Vec<ListedRow>,
    /// What is behind this place is not known; `None`: nothing is there.
    ended_at: Option<Place>,
}

impl Query for ListDeals {
    type Answer = RowPage;
    const NAME: &'static str = "list deals";

    async fn run(&self, conn: &mut Conn) -> Result<RowPage, Error> {
        if let Some(rows) = numbered(&self.listing, self.after.as_ref(), self.limit + 1, conn).await? {
            return Ok(RowPage::of(vec![Walk { rows, ended_at: None }], self.limit as usize));
        }
        let bounds = Bounds::of(&self.listing);
        let mut walks = Vec::new();
        for line in lines(&self.listing) {
            walks.push(self.walk(line, &bounds, conn).await?);
        }
        Ok(RowPage::of(walks, self.limit as usize))
    }
}

impl ListDeals {
    /// One row more than the page holds, if there is one.
    async fn walk(&self, line: Line, bounds: &Bounds, conn: &mut Conn) -> Result<Walk, Error> {
        let after = self.after.as_ref().filter(|after| after.time < bounds.until);
        let below = after.map_or(bounds.until.as_str(), |after| &after.time);
        let beside = after.filter(|after| after.time >= bounds.from).map(PartFrom::Place);
        let parts = beside.into_iter().chain([PartFrom::Time(below)]);
        let mut rows: Vec<ListedRow> = Vec::new();
        for from in parts {
            let texts = Texts::of(conn, line, from.part());
            let last: Vec<(String, i64)> = conn.rows(&texts.last, bounds.last(line, from, EXAMINED)).await?;
            let last = last.into_iter().next().map(|(time, id)| Place { time, id });
            let wanted = (self.limit + 1).saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            rows.extend(conn.rows::<ListedRow>(&texts.rows, bounds.rows(line, from, last.as_ref(), wanted)).await?);
            let ended_at = if rows.len() > self.limit as usize { rows.last().map(ListedRow::place) } else { last };
            if ended_at.is_some() {
                return Ok(Walk { rows, ended_at });
            }
        }
        Ok(Walk { rows, ended_at: None })
    }
}
