//! A bill, as it is told.

use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{Bill, BillState};

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
    /// Why it is missing, or what else there is to say: a text for whoever looks into it, in English.
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
            detail: detail(bill),
        }
    }
}

/// One that is planned is missing as well, and has nothing to say of itself yet.
fn detail(bill: &Bill) -> Option<String> {
    let is_planned = bill.state == BillState::Missing && bill.at.is_none();
    bill.detail.clone().or_else(|| is_planned.then(|| format!("not asked for yet: it is due on {}, at bill.at", bill.day.next())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::BillSums;

    #[test]
    fn what_is_missing_always_says_why() {
        let told = |state, detail: Option<&str>, at: Option<&str>| {
            let bill = Bill {
                id: 1,
                account: "shop2".parse().unwrap(),
                day: "2026-11-30".parse().unwrap(),
                state,
                sums: BillSums::default(),
                differences: 0,
                open: 0,
                detail: detail.map(str::to_owned),
                at: at.map(|at| at.parse().unwrap()),
            };
            ToldBill::from(&bill).detail
        };
        let asked = Some("2026-12-01T02:30:00Z");
        assert_eq!(told(BillState::Missing, None, None).unwrap(), "not asked for yet: it is due on 2026-12-01, at bill.at");
        assert_eq!(told(BillState::Missing, Some("cut"), asked).unwrap(), "cut");
        assert_eq!((told(BillState::Agreed, None, asked), told(BillState::NoTrades, None, None)), (None, None));
    }
}
