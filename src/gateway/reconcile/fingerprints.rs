//! Which payments a bill has, sixteen bytes each, and one for how it stands. What our books have alike is met by reading them in their own
//! order, once where all of them are met; so only what is left over is looked up by its number. (A bill is in no order: each of its lines by
//! itself costs a page of the table, read from a disk.)

use sha2::{Digest, Sha256};

use crate::channel::PaymentRow;
use crate::deal::{AccountId, Fen, transaction_key};
use crate::store::BookedDeal;

/// What the memory has room for: 17 MiB. The lines of a longer bill that come behind these are looked up.
const MOST: usize = 1 << 20;

/// The payments of a bill.
pub struct Fingerprints {
    account: AccountId,
    /// In ascending order, each once.
    lines: Vec<Fingerprint>,
    /// How each of them stands.
    standing: Vec<Standing>,
}

/// All that has to be the same, digested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fingerprint(u128);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing is known that is alike.
    Alone,
    /// Our books have it.
    Met,
    /// They have, and its line was read.
    Read,
}

impl Fingerprints {
    /// None yet, of an account's bill.
    pub fn of(account: &AccountId) -> Self {
        Self { account: account.clone(), lines: Vec::new(), standing: Vec::new() }
    }

    /// Adds a line.
    pub fn add(&mut self, row: &PaymentRow) {
        if self.lines.len() < MOST {
            self.lines.extend(self.of_line(row));
        }
    }

    /// All lines were added.
    pub fn close(&mut self) {
        self.lines.sort_unstable();
        // Of a payment that stands there twice the second line is left over.
        self.lines.dedup();
        self.standing = vec![Standing::Alone; self.lines.len()];
    }

    /// Meets a deal of the account's that WeChat was paid by. `false`: no line says the same.
    pub fn meet(&mut self, deal: &BookedDeal) -> bool {
        let key = deal.transaction_key.as_deref().map(Into::into);
        // Another program has marked it: what that says counts where WeChat's word is not stored.
        let key = key.or_else(|| Some(transaction_key(&self.account, deal.transaction_id.as_deref()?)));
        let Some((key, fee)) = key.zip(deal.charged) else { return false };
        self.moves(fingerprint(deal.order_id.as_str(), &key, fee), Standing::Alone, Standing::Met)
    }

    /// Reads a line that was met, once.
    pub fn read(&mut self, row: &PaymentRow) -> bool {
        self.of_line(row).is_some_and(|line| self.moves(line, Standing::Met, Standing::Read))
    }

    fn of_line(&self, row: &PaymentRow) -> Option<Fingerprint> {
        row.is_cny.then(|| fingerprint(&row.order_id, &transaction_key(&self.account, &row.transaction_id), row.total_fee))
    }

    fn moves(&mut self, line: Fingerprint, from: Standing, to: Standing) -> bool {
        let at = self.lines.binary_search(&line).ok();
        match at.and_then(|at| self.standing.get_mut(at)).filter(|standing| **standing == from) {
            Some(standing) => {
                *standing = to;
                true
            }
            None => false,
        }
    }
}

/// No number has a line feed.
fn fingerprint(order_id: &str, transaction_key: &str, fee: Fen) -> Fingerprint {
    let digest = Sha256::digest(format!("{order_id}\n{transaction_key}\n{}", fee.get()));
    Fingerprint(digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
}

#[cfg(test)]
mod tests;
