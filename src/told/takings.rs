//! Takings, as they are told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{Sums, Takings, yuan};

/// What was paid and what went back.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldTakings {
    /// By days each day of the range; otherwise the sellers, products or accounts that have any, in ascending order.
    takings: Vec<ToldTaking>,
    /// All of them together.
    total: ToldSums,
}

/// The sums of one key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldTaking {
    /// The day, the seller, the product or the account.
    key: String,
    #[serde(flatten)]
    #[schema(ignore)]
    sums: ToldSums,
}

/// How much, and by how many.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldSums {
    /// Payments.
    paid_count: i64,
    /// In fen.
    paid_fee: i64,
    /// Refunds that have reached their payers.
    refunded_count: i64,
    /// In fen.
    refunded_fee: i64,
    /// What is left, in fen; negative where more went back than came in.
    net_fee: i64,
    /// The same three in yuan.
    paid: String,
    refunded: String,
    net: String,
}

impl From<&Takings> for ToldTakings {
    fn from(takings: &Takings) -> Self {
        let told = |(key, sums)| ToldTaking { key, sums: ToldSums::from(sums) };
        Self { takings: takings.iter().map(told).collect(), total: takings.total().into() }
    }
}

impl From<Sums> for ToldSums {
    fn from(sums: Sums) -> Self {
        Self {
            paid_count: sums.paid_count,
            paid_fee: sums.paid_fee,
            refunded_count: sums.refunded_count,
            refunded_fee: sums.refunded_fee,
            net_fee: sums.net_fee(),
            paid: yuan(sums.paid_fee),
            refunded: yuan(sums.refunded_fee),
            net: yuan(sums.net_fee()),
        }
    }
}
