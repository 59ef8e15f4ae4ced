//! Numbers as bills print them.

use crate::deal::yuan;

use super::traps::BillGeneration;

/// An amount, in fen.
pub fn amount(generation: BillGeneration, fen: i64) -> String {
    if generation == BillGeneration::A { shortened(&yuan(fen)) } else { yuan(fen) }
}

/// What only a refund has of it, in fen: nought is a bare `0` in the oldest generation.
pub fn of_refund(generation: BillGeneration, fen: i64) -> String {
    if generation == BillGeneration::A && fen == 0 { "0".to_owned() } else { amount(generation, fen) }
}

/// A fee, in fen: it is whole ones, and printed with five decimals all the same.
pub fn fee(generation: BillGeneration, fen: i64) -> String {
    if generation == BillGeneration::A { of_refund(generation, fen) } else { format!("{}000", yuan(fen)) }
}

/// Without noughts at the end, but for the first decimal.
fn shortened(yuan: &str) -> String {
    yuan.strip_suffix('0').unwrap_or(yuan).to_owned()
}
