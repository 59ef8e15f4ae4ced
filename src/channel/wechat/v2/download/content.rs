//! What an answer brings, within bounds: an error document, or a file.

use bytes::{Bytes, BytesMut};

use crate::channel::error::{CallError, Doubt, Malformed};
use crate::channel::wechat::v2::bill::{BillError, GZIP, begins_document, read_document};
use crate::channel::wechat::v2::refund::certificate_fault;
use crate::channel::wechat::v2::transport::Answer;
use crate::channel::wechat::v2::xml;

use super::digest::ContentDigest;

/// The most that is given on at once: what unpacks it for its digest, a thousand times as long at worst, keeps no thread for long.
const LONGEST_PIECE: usize = 16 * 1024;

/// A file that has begun.
pub(in crate::channel::wechat::v2) struct Begun {
    answer: Answer,
    /// Received, and not given on.
    ahead: Bytes,
    is_packed: bool,
    received: usize,
    most: usize,
    digest: Option<ContentDigest>,
}

impl Begun {
    /// Reads as much of an answer as tells what it is.
    pub async fn of(mut answer: Answer, most: usize) -> Result<Self, BillError> {
        let mut start = BytesMut::new();
        let is_document = loop {
            // A lone byte may be the first one of two.
            match begins_document(&start) {
                Some(is_document) if start.len() >= GZIP.len() => break is_document,
                None if start.len() > xml::MAX_BYTES => return Err(BillError::NotABill),
                _ => {}
            }
            match answer.piece().await? {
                Some(piece) => start.extend_from_slice(&piece),
                None => break begins_document(&start).ok_or(BillError::NotABill)?,
            }
        };
        if is_document || answer.is_complaint {
            return Err(document(answer, start).await);
        }
        let is_packed = start.starts_with(&GZIP);
        let digest = answer.digest.take().map(|expected| ContentDigest::of(expected, is_packed));
        let begun = Self { answer, is_packed, received: start.len(), most, digest, ahead: start.freeze() };
        begun.bounded()
    }

    /// The next bytes; `None`: the end was reached, and it is right.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, BillError> {
        if self.ahead.is_empty() {
            let Some(piece) = self.answer.piece().await? else {
                let is_right = self.digest.take().is_none_or(ContentDigest::agrees);
                return if is_right { Ok(None) } else { Err(BillError::Digest) };
            };
            self.received = self.received.saturating_add(piece.len());
            self.ahead = piece;
            self.is_bounded()?;
        }
        let piece = self.ahead.split_to(self.ahead.len().min(LONGEST_PIECE));
        if let Some(digest) = &mut self.digest {
            digest.take(&piece);
        }
        Ok(Some(piece))
    }

    pub fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// Whether WeChat has said of what file it is the beginning.
    pub fn has_digest(&self) -> bool {
        self.digest.is_some()
    }

    fn is_bounded(&self) -> Result<(), CallError> {
        if self.received > self.most { Err(Doubt::Malformed(Malformed::TooLarge).into()) } else { Ok(()) }
    }

    fn bounded(self) -> Result<Self, BillError> {
        self.is_bounded()?;
        Ok(self)
    }
}

/// What a document says that comes instead of a file, or a page of nginx's.
async fn document(mut answer: Answer, mut start: BytesMut) -> BillError {
    while start.len() <= xml::MAX_BYTES {
        match answer.piece().await {
            Ok(Some(piece)) => start.extend_from_slice(&piece),
            Ok(None) => break,
            Err(error) => return error.into(),
        }
    }
    match certificate_fault(&start) {
        Some(fault) => BillError::Certificate(fault),
        None if answer.is_complaint => CallError::from(Doubt::Status(400)).into(),
        None => read_document(&start),
    }
}
