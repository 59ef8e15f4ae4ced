//! Where the pieces of a bill come from: the file that is kept, or one at the command line.

use std::fs::File;
use std::io::{Read, Seek};

use bytes::Bytes;
use tokio::task::yield_now;

use crate::channel::{BillError, Fed, Layout, UnreadableLine};
use crate::store::Store;

use super::ReconcileError;

/// The next row of a file that is fed with these pieces; `None`: all was read.
pub async fn next_row<L: Layout>(
    file: &mut Fed<L>,
    pieces: &mut Pieces<'_>,
) -> Result<Option<Result<L::Row, UnreadableLine>>, ReconcileError> {
    loop {
        if let Some(row) = file.next_row()? {
            return Ok(Some(row));
        }
        match pieces.next().await? {
            Some(piece) => file.feed(piece),
            None if file.is_closed() => return Ok(None),
            None => file.close(),
        }
    }
}

/// Bytes that are given at once: what is packed in them is read without a pause for others.
const PIECE: usize = 16 * 1024;

/// A bill's pieces, in their order.
pub enum Pieces<'s> {
    /// The parts of a kept file, of which this is the next.
    Kept { store: &'s Store, file: i64, next: u32, part: Bytes },
    /// A file of this machine.
    File(File),
}

impl<'s> Pieces<'s> {
    /// Those of a kept file.
    pub fn kept(store: &'s Store, file: i64) -> Self {
        Self::Kept { store, file, next: 0, part: Bytes::new() }
    }

    /// Begins at the first again.
    pub fn rewind(&mut self) -> Result<(), ReconcileError> {
        match self {
            Self::Kept { next, part, .. } => (*next, *part) = (0, Bytes::new()),
            Self::File(file) => file.rewind().map_err(BillError::from)?,
        }
        Ok(())
    }

    /// The next one; `None`: that was the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReconcileError> {
        match self {
            Self::Kept { store, file, next, part } => {
                if part.is_empty() {
                    let Some(bytes) = store.bill_part(*file, *next).await? else { return Ok(None) };
                    *part = bytes.into();
                    *next += 1;
                } else {
                    yield_now().await;
                }
                Ok(Some(part.split_to(part.len().min(PIECE))))
            }
            Self::File(file) => {
                let mut piece = Vec::with_capacity(PIECE);
                file.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(BillError::from)?;
                Ok((!piece.is_empty()).then(|| piece.into()))
            }
        }
    }
}
