//! A bill, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::Bill;

/// A day's bill of one account, and how the books stand to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldBill {
    /// The day, in Beijing.
    #[schema(format = Date)]
    date: String,
    /// Whose.
    account: String,
    state: &'static str,
    /// Payments, other systems' under the same merchant number included.
    payments: i64,
    /// In fen.
    paid_fee: i64,
    /// Refunds that were asked for on that day.
    refunds: i64,
    /// In fen.
    refunded_fee: i64,
    /// WeChat's fees, in 1/100000 yuan; negative where more went back than was taken.
    fee: i64,
    /// All differences that were found, whatever became of them.
    differences: i64,
    /// Those of them that nobody has explained.
    open: i64,
    /// Why it is missing, or what else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
}

impl From<&Bill> for ToldBill {
    fn from(bill: &Bill) -> Self {
        Self {
            date: bill.day.to_string(),
            account: bill.account.to_string(),
            state: bill.state.as_str(),
            payments: bill.sums.payments,
            paid_fee: bill.sums.paid_fee,
            refunds: bill.sums.refunds,
            refunded_fee: bill.sums.refunded_fee,
            fee: bill.sums.fee,
            differences: bill.differences,
            open: bill.open,
            detail: bill.detail.clone(),
        }
    }
}
