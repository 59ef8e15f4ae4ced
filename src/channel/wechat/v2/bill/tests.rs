//! Bills as WeChat writes them, as it might, and as it must not.

use std::io::{BufReader, Cursor, Read};

use super::*;

mod of_answers;
mod of_generations;
mod of_samples;
mod of_summaries;
mod of_traps;
mod properties;
mod samples;
mod writer;

/// The rows of a bill, its lines that cannot be read, and its end.
type ReadThrough<T, S> = (Vec<T>, Vec<UnreadableLine>, BillEnd<S>);

fn read(file: &[u8]) -> ReadThrough<Row, TradeSums> {
    read_through(BillReader::new(file).unwrap())
}

fn read_through<R: std::io::BufRead, L: Layout>(mut bill: Reader<R, L>) -> ReadThrough<L::Row, L::Sums> {
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for row in &mut bill {
        match row {
            Ok(row) => rows.push(row),
            Err(line) => unreadable.push(line),
        }
    }
    (rows, unreadable, bill.end().unwrap())
}

/// Why a file is no bill.
fn refused(file: &[u8]) -> BillError {
    BillReader::new(file).map(drop).unwrap_err()
}

/// The faults of a file whose lines are these, by their numbers.
fn faults(text: &str) -> Vec<(u64, LineFault)> {
    read(text.as_bytes()).1.into_iter().map(|line| (line.line, line.fault)).collect()
}

/// A text in which this is another; it must be there.
fn replaced(text: &str, this: &str, other: &str) -> String {
    assert!(text.contains(this), "{this} is not there");
    text.replacen(this, other, 1)
}
