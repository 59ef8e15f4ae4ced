//! A ledger of merchants' balances: payments come in, refunds go out, and an operator tops up or withdraws.

use std::collections::HashMap;

use crate::deal::Fen;

use super::super::orders::OrderKey;

/// Whose money: the merchant's, or a provider's sub-merchant's.
pub type Payee = (String, Option<String>);

/// What each merchant has, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances(HashMap<Payee, i64>);

impl Balances {
    /// What a payee has, in fen.
    pub fn of(&self, payee: &Payee) -> i64 {
        self.0.get(payee).copied().unwrap_or_default()
    }

    /// The balance becomes this, in fen.
    pub fn set(&mut self, payee: Payee, fen: i64) {
        self.0.insert(payee, fen);
    }

    /// What everybody has, in fen.
    pub fn all(&self) -> impl Iterator<Item = (&Payee, i64)> {
        self.0.iter().map(|(payee, fen)| (payee, *fen))
    }

    /// Money comes in for an order.
    pub fn add(&mut self, order: &OrderKey, fee: Fen) {
        *self.0.entry(payee(order)).or_default() += fee.get();
    }

    /// Money goes out for an order.
    pub fn take(&mut self, order: &OrderKey, fee: Fen) {
        *self.0.entry(payee(order)).or_default() -= fee.get();
    }
}

/// Whose money an order's is.
pub fn payee(order: &OrderKey) -> Payee {
    (order.mch_id.clone(), order.sub_mch_id.clone())
}
