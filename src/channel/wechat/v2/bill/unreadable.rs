//! Lines of a bill that cannot be read.

/// A line of a bill that is no row. It says where and why, and shows nothing of the line: a payer's openid may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct UnreadableLine {
    /// Its number in the file; that of the header is 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: LineFault,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// With its end it is longer than 64 KiB.
    #[error("it is longer than 64 KiB")]
    TooLong,
    /// It does not begin with a back-tick, as all rows do.
    #[error("it does not begin with a back-tick")]
    NoRow,
    /// It has not as many cells as its header has names. More are taken where only free texts can have brought them.
    #[error("it has {found} cells where the header has {expected}")]
    Cells {
        /// The header's.
        expected: usize,
        /// The line's.
        found: usize,
    },
    /// The cell in the column of this name is not of its form.
    #[error("what stands in {0} is not of its form")]
    Cell(&'static str),
    /// A name of the summary's header comes twice.
    #[error("a name of the summary comes twice")]
    RepeatedName,
    /// It stands behind the summary, which is the last line of a file.
    #[error("it stands behind the summary")]
    BehindSummary,
}
