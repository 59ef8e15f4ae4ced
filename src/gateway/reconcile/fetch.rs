//! Fetching: a bill is kept as WeChat sent it, part by part while it comes, and becomes the day's when the last part is there.

use std::io::Write;

use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tracing::{debug, info};

use crate::channel::BillError;
use crate::deal::BillKind;
use crate::store::WholeFile;

use super::super::{Account, Gateway};
use super::lease::Lease;
use super::{Fetch, ReconcileError};

/// Bytes of a part: a statement that no server refuses.
const PART: usize = 256 * 1024;

impl Gateway {
    /// Fetches the day's bills and keeps them, but for those that are kept. A fund flow that is not to be had stops nothing; why it is not is
    /// given, and whether it may be had later.
    pub(super) async fn fetch(
        &self,
        account: &Account,
        lease: &mut Lease<'_>,
        fetch: Fetch,
    ) -> Result<Option<FundFlowNote>, ReconcileError> {
        let (is_kept, again) = (lease.has_bill(), fetch == Fetch::Again);
        if again || !is_kept {
            self.fetch_file(account, lease, BillKind::Trade).await?;
        }
        self.fetch_fund_flow(account, lease, again || !is_kept).await
    }

    /// The same of the fund flow, which a day without trades may have as well.
    pub(super) async fn fetch_fund_flow(
        &self,
        account: &Account,
        lease: &mut Lease<'_>,
        again: bool,
    ) -> Result<Option<FundFlowNote>, ReconcileError> {
        if !account.can_have_fund_flow() || (!again && lease.bill.fund_flow.is_some()) {
            return Ok(None);
        }
        match self.fetch_file(account, lease, BillKind::FundFlow).await {
            Ok(()) => Ok(None),
            Err(ReconcileError::Bill(error)) => {
                debug!(%error, "the fund flow is not to be had");
                let may_come = !matches!(error, BillError::Refused(_));
                Ok(Some(FundFlowNote { detail: format!("the fund flow is not to be had: {error}"), may_come }))
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch_file(&self, account: &Account, lease: &mut Lease<'_>, kind: BillKind) -> Result<(), ReconcileError> {
        let mut download = account.download(kind, lease.bill.day).await?;
        let packed_here = !download.is_packed();
        let id = self.store.begin_bill_file(lease.bill.id, kind, packed_here, self.clock.now_seconds()).await?;
        let (mut packer, mut sha256) = (Packer::of(packed_here), Sha256::new());
        let (mut received, mut parts) = (0_i64, 0);
        while let Some(piece) = download.next().await? {
            received += i64::try_from(piece.len()).unwrap_or(i64::MAX);
            sha256.update(&piece);
            packer.add(&piece)?;
            lease.keep().await?;
            while let Some(part) = packer.part() {
                self.store.add_bill_part(id, parts, part).await?;
                parts += 1;
            }
        }
        for part in packer.rest()?.chunks(PART) {
            self.store.add_bill_part(id, parts, part.to_vec()).await?;
            parts += 1;
        }
        // One that is broken replaces nothing that is known; and a fund flow that is broken is one that is not to be had.
        if lease.is_known() || kind == BillKind::FundFlow {
            self.look_through(account, lease, kind, id).await?;
            lease.keep().await?;
        }
        let sha256: String = sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        info!(kind = kind.as_str(), received, "a bill was received");
        if !self.store.end_bill_file(&lease.taken(), &WholeFile { id, kind, parts, received, sha256 }).await? {
            return Err(ReconcileError::TakenOver);
        }
        lease.has_file(kind, id);
        Ok(())
    }
}

/// What there is to say of a fund flow that is not there.
pub struct FundFlowNote {
    /// For people.
    pub detail: String,
    /// Whether it may be had later.
    pub may_come: bool,
}

/// Cuts what comes into parts, and packs what is not packed.
enum Packer {
    AsReceived(BytesMut),
    Packing(GzEncoder<Vec<u8>>),
}

impl Packer {
    fn of(packed_here: bool) -> Self {
        if packed_here { Self::Packing(GzEncoder::new(Vec::new(), Compression::default())) } else { Self::AsReceived(BytesMut::new()) }
    }

    fn add(&mut self, piece: &Bytes) -> Result<(), BillError> {
        match self {
            Self::AsReceived(bytes) => bytes.extend_from_slice(piece),
            Self::Packing(encoder) => encoder.write_all(piece)?,
        }
        Ok(())
    }

    fn part(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::AsReceived(bytes) => (bytes.len() >= PART).then(|| bytes.split_to(PART).to_vec()),
            Self::Packing(encoder) => (encoder.get_ref().len() >= PART).then(|| encoder.get_mut().drain(..PART).collect()),
        }
    }

    fn rest(self) -> Result<Vec<u8>, BillError> {
        match self {
            Self::AsReceived(bytes) => Ok(bytes.to_vec()),
            Self::Packing(encoder) => Ok(encoder.finish()?),
        }
    }
}
