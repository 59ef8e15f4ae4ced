//! An export: all of a list of deals, page by page, while it is taken. Each page is a question of its own, so that other reports are asked
//! in between, and none is asked for a client that has gone.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::time::sleep;

use crate::deal::{DealPage, Listing, Place};

use super::{Gateway, GatewayError};

/// Deals of one question.
pub const EXPORT_PAGE: u32 = 500;
/// While the database is busy or away, a page is asked for so often, with pauses between.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);

impl Gateway {
    /// A page of an export.
    ///
    /// # Errors
    /// When the store cannot tell, however often it is asked.
    pub async fn export_page(&self, listing: &Arc<Listing>, behind: Option<Place>) -> Result<DealPage, GatewayError> {
        let mut tries = 1;
        loop {
            match self.list_deals(listing, behind.clone(), EXPORT_PAGE).await {
                Err(GatewayError::Store(error)) if error.is_unavailability() && tries < TRIES => {
                    tries += 1;
                    sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// The pages behind a place; `None`: there are none.
    pub fn export(
        self: &Arc<Self>,
        listing: Arc<Listing>,
        behind: Option<Place>,
    ) -> impl Stream<Item = Result<DealPage, GatewayError>> + Send + use<> {
        let gateway = Arc::clone(self);
        stream::try_unfold((gateway, listing, behind), |(gateway, listing, behind)| async move {
            let Some(behind) = behind else { return Ok(None) };
            let page = gateway.export_page(&listing, Some(behind)).await?;
            let next = page.next.clone();
            Ok(Some((page, (gateway, listing, next))))
        })
    }
}
