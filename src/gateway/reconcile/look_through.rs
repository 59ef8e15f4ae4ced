//! A file is read to its end before it takes the place of one that the books were held against: what is broken replaces nothing.

use crate::channel::{BillError, Fed, FundFlow, Layout, TradeBill};
use crate::deal::BillKind;

use super::super::Gateway;
use super::ReconcileError;
use super::pieces::Pieces;

impl Gateway {
    /// Whether a file that was received can be held against the books: it can be read, and has its summary.
    pub(super) async fn look_through(&self, kind: BillKind, file: i64) -> Result<(), ReconcileError> {
        let pieces = Pieces::kept(&self.store, file);
        let is_whole = match kind {
            BillKind::Trade => read::<TradeBill>(pieces).await?,
            BillKind::FundFlow => read::<FundFlow>(pieces).await?,
        };
        if is_whole { Ok(()) } else { Err(BillError::Cut.into()) }
    }
}

async fn read<L: Layout>(mut pieces: Pieces<'_>) -> Result<bool, ReconcileError> {
    let mut file = Fed::<L>::default();
    loop {
        while file.next_row()?.is_some() {}
        match pieces.next().await? {
            Some(piece) => file.feed(piece),
            None if file.is_closed() => break,
            None => file.close(),
        }
    }
    Ok(file.end()?.summary.is_some())
}
