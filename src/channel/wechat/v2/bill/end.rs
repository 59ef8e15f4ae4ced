//! What a file says of itself at its end.

/// The end of a bill: whether it is whole and right in itself. (Whether it is true is another question: it is unsigned.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillEnd<S> {
    /// What the summary states, as far as this version knows its names. `None`: the file has no summary that can be read, so it may have
    /// been cut.
    pub summary: Option<Vec<StatedSum>>,
    /// Whether it has a summary at all, be it readable or not: if not, it was cut.
    pub is_whole: bool,
    /// The sums over all rows that could be read.
    pub sums: S,
    /// How many lines could not be read.
    pub unreadable: u64,
    /// Whether there is a summary, every line could be read, and each sum is what is stated.
    pub agrees: bool,
}

/// A sum that the summary states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedSum {
    /// WeChat's name for it, as the latest generation of bills has it.
    pub name: &'static str,
    /// What the summary says: a number of rows, fen, or 1/100000 yuan of a fee.
    pub stated: i64,
    /// What the rows come to, in the same unit.
    pub counted: i64,
}

impl StatedSum {
    /// Whether the rows come to what is stated.
    pub fn agrees(&self) -> bool {
        self.stated == self.counted
    }
}

impl<S> BillEnd<S> {
    pub(super) fn of(summary: Option<Vec<StatedSum>>, is_whole: bool, sums: S, unreadable: u64) -> Self {
        let agrees = unreadable == 0 && summary.as_ref().is_some_and(|stated| stated.iter().all(StatedSum::agrees));
        Self { summary, is_whole, sums, unreadable, agrees }
    }
}
