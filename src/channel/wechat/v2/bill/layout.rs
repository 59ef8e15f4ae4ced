//! What tells one kind of file from another.

use super::cells::{Cells, Header};
use super::error::BillError;
use super::unreadable::LineFault;

/// A kind of bill: which columns it has, what a row of it is, and which sums stand at its end.
pub trait Layout: Sized {
    /// A line of it.
    type Row;
    /// What is summed up while it is read.
    type Sums: Default + 'static;

    /// The name with which the header of its summary begins.
    const SUMMARY: &'static str;
    /// All sums that its summary may state.
    const TOTALS: &'static [Total<Self::Sums>];

    /// Finds its columns.
    ///
    /// # Errors
    /// One is missing without which a row says nothing.
    fn of_header(header: &Header) -> Result<Self, BillError>;

    /// Reads a row and adds it to the sums, or does neither.
    ///
    /// # Errors
    /// A cell is not of its form.
    fn read(&self, cells: &Cells<'_>, sums: &mut Self::Sums) -> Result<Self::Row, LineFault>;
}

/// A sum at the end of a file.
pub struct Total<S> {
    /// Its names, the present one first.
    pub(super) names: &'static [&'static str],
    /// How many decimals of it are counted: 0 of a number, 2 of an amount, 5 of a fee.
    pub(super) decimals: usize,
    /// The same sum over the rows.
    pub(super) counted: fn(&S) -> i64,
}

/// Finds a column that must be there.
pub(super) fn need(header: &Header, names: &[&'static str]) -> Result<super::cells::Column, BillError> {
    header.find(names).ok_or(BillError::MissingColumn(names.first().copied().unwrap_or_default()))
}
