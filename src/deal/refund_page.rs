//! Lists of refunds, by the same cursors as those of deals.

use super::{Place, Refund};

/// Some refunds of a list, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPage {
    /// The refunds.
    pub refunds: Vec<Refund>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<Place>,
}
