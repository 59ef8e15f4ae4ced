//! Search: the deals that an operator means by what was typed, and how it was understood.
//!
//! Each reading is a question or two to an index. What no index knows, an amount or a part of a number, is looked for among so many
//! deals, the newest first, and the next page goes on from there.

use std::sync::Arc;

use crate::deal::{Day, DealPage, Listing, Place, Sought, readings};
use crate::gateway::{Gateway, GatewayError};

/// Questions for one page of deals, where hardly one fits.
const QUESTIONS: u32 = 2;

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// By which reading; `None`: nothing was typed, or it can mean nothing.
    pub reading: Option<Sought>,
    /// What else it may mean.
    pub others: Vec<Sought>,
    /// Which deals these are, to be asked for page by page.
    pub listing: Arc<Listing>,
    /// The deals.
    pub page: DealPage,
}

impl Gateway {
    /// The deals of a listing that are meant by what was typed: by the reading of this word, or by the first that finds any.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn search(
        &self,
        typed: &str,
        by: Option<&str>,
        listing: &Listing,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Found, GatewayError> {
        if typed.trim().is_empty() {
            return self.found(None, Vec::new(), listing.clone(), after, limit).await;
        }
        let readings = readings(typed, Day::of(self.clock.now()));
        let wanted: Vec<_> = match readings.iter().find(|reading| Some(reading.word()) == by) {
            Some(reading) => vec![reading.clone()],
            None => readings.clone(),
        };
        let (is_chosen, mut unfinished) = (wanted.len() == 1, None);
        for reading in wanted {
            let others = readings.iter().filter(|other| **other != reading).cloned().collect();
            let narrowed = reading.among(listing);
            let found = self.found(Some(reading), others, narrowed, after.clone(), limit).await?;
            if !found.page.deals.is_empty() || is_chosen {
                return Ok(found);
            }
            // One that has not looked through all may still find some; the first of these is the likeliest.
            if unfinished.is_none() && found.page.next.is_some() {
                unfinished = Some(found);
            }
        }
        let nothing = || Found {
            reading: None,
            others: readings,
            listing: Arc::new(listing.clone()),
            page: DealPage { deals: Vec::new(), next: None },
        };
        Ok(unfinished.unwrap_or_else(nothing))
    }

    async fn found(
        &self,
        reading: Option<Sought>,
        others: Vec<Sought>,
        listing: Listing,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Found, GatewayError> {
        let listing = Arc::new(listing);
        let mut page = DealPage { deals: Vec::new(), next: after };
        for _ in 0..QUESTIONS {
            let missing = limit.saturating_sub(u32::try_from(page.deals.len()).unwrap_or(u32::MAX));
            let more = self.list_deals(&listing, page.next, missing).await?;
            page.deals.extend(more.deals);
            page.next = more.next;
            if page.next.is_none() || page.deals.len() >= limit as usize {
                break;
            }
        }
        Ok(Found { reading, others, listing, page })
    }
}
