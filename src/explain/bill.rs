//! What WeChat's bills say of an order: its rows in the files that are kept of the days on which money moved and of those beside them,
//! and what differed.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::channel::{BillError, BillRow, FedBill};
use crate::deal::{Day, Deal, OrderId, Refund, Timestamp};
use crate::language::Text;
use crate::store::{BillFile, KeptBills, StoreError};

use super::bill_words as words;

/// The bills' sentences about a deal.
///
/// # Errors
/// When the store cannot tell.
pub async fn tell_bills(bills: &mut KeptBills, deal: &Deal, refunds: &[Refund]) -> Result<Vec<Text>, StoreError> {
    let mut sentences = Vec::new();
    for day in days(deal, refunds) {
        let Some(bill) = bills.bill(&deal.account, day).await? else { continue };
        let file = match bill.file {
            Some(file) => bills.file(file).await?,
            None => None,
        };
        let is_of_payment = deal.paid_at.map(Day::of) == Some(day);
        match file {
            Some(file) => match rows(bills, &file, &deal.order_id).await? {
                Ok(rows) if rows.is_empty() && is_of_payment => sentences.push(words::not_there(day)),
                Ok(rows) => sentences.extend(rows.iter().map(|row| words::row(day, row))),
                Err(error) => sentences.push(words::unreadable(day, &error)),
            },
            None if is_of_payment => sentences.push(words::no_file(day, bill.outcome)),
            None => {}
        }
    }
    let differences = bills.differences_of(&deal.order_id).await?;
    sentences.extend(differences.iter().map(words::difference));
    Ok(sentences)
}

/// Those on which money moved, and those beside: what happens around midnight may be in either's bill.
fn days(deal: &Deal, refunds: &[Refund]) -> BTreeSet<Day> {
    let beside = |time: Timestamp| [-1, 0, 1].map(|days| Day::of(time + TimeDelta::days(days)));
    deal.paid_at.into_iter().chain(refunds.iter().filter_map(|refund| refund.accepted_at)).flat_map(beside).collect()
}

/// The rows of a file that name an order, or why it cannot be read. A line that is none names nobody.
async fn rows(bills: &mut KeptBills, file: &BillFile, order_id: &OrderId) -> Result<Result<Vec<BillRow>, BillError>, StoreError> {
    let (mut fed, mut found) = (FedBill::default(), Vec::new());
    for part in 0..=file.parts {
        match if part < file.parts { bills.part(file.id, part).await? } else { None } {
            Some(piece) => fed.feed(piece.into()),
            None => fed.close(),
        }
        loop {
            match fed.next_row() {
                Ok(Some(row)) => found.extend(row.ok().filter(|row| names(row, order_id))),
                Ok(None) => break,
                Err(error) => return Ok(Err(error)),
            }
        }
        if fed.is_closed() {
            break;
        }
    }
    Ok(Ok(found))
}

fn names(row: &BillRow, order_id: &OrderId) -> bool {
    let named = match row {
        BillRow::Payment(payment) => &payment.order_id,
        BillRow::Refund(refund) => &refund.order_id,
    };
    named == order_id.as_str()
}
