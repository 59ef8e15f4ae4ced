//! Why there is no bill to read.

use std::io;

use crate::channel::error::{CallError, Refusal};
use crate::channel::outcome::CertificateFault;

/// Why there is no bill in an answer. None of these is signed, so they prove nothing: where a caller knows of payments on a day, WeChat's
/// word that there is no bill of it is a reason to ask again.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// `No Bill Exist`: no trades on that day, or none that WeChat has a bill of yet.
    #[error("WeChat has no bill of that day")]
    NoBillExists,
    /// `Bill Creating`: it is not ready before some time between 9 and 10 o'clock, Beijing time, on the day after.
    #[error("WeChat is still making the bill of that day")]
    BillCreating,
    /// WeChat has some trouble of its own; the same question may be answered later.
    #[error("WeChat could not make the bill now")]
    SystemError,
    /// WeChat's no to the question as it was asked.
    #[error("WeChat refused: {0}")]
    Refused(Refusal),
    /// The client certificate is missing or not taken: nothing was looked at.
    #[error("{0}")]
    Certificate(CertificateFault),
    /// The call failed before the end of the answer, or the answer had none within bounds.
    #[error("{0}")]
    Call(#[from] CallError),
    /// The file is not the one whose digest stands in the answer's header.
    #[error("the bill is not what its Digest header says")]
    Digest,
    /// Neither a file nor an error document, or one with a header that is none.
    #[error("the answer is no bill")]
    NotABill,
    /// A file that lacks a column without which its rows say nothing.
    #[error("the file has no column {0}")]
    MissingColumn(&'static str),
    /// Most of its payments are of another day, or of another merchant number: it is another bill.
    #[error("the file is the bill of another day, or of another merchant number")]
    Elsewhere,
    /// It has no summary, so its end is missing.
    #[error("the file has no summary: it was cut")]
    Cut,
    /// It could not be read to the end of its header, or not unpacked.
    #[error("the bill cannot be read")]
    Read(#[from] io::Error),
}
