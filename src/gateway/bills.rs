//! Bills, for the merchant's back end: how the books stand to them, what differs, and the files as WeChat gave them. WeChat is not asked.
//!
//! A bill tells of all sellers of an account, so whoever is limited to some of them sees none.

use crate::deal::{AccountId, Bill, Day, Difference, Note, Reach};
use crate::store::BillFile;

use super::{Gateway, GatewayError};

impl Gateway {
    /// The bills of these days, both counted: the latest first.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn bills(&self, from: Day, to: Day, reach: &Reach) -> Result<Vec<Bill>, GatewayError> {
        let mut bills = self.store.bills_between(from, to).await?;
        bills.retain(|bill| reach.covers_all_of(&bill.account));
        Ok(bills)
    }

    /// What differs between the bills of a day and the books.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn differences(&self, day: Day, reach: &Reach) -> Result<Vec<Difference>, GatewayError> {
        let mut differences = self.store.differences_of_day(day).await?;
        differences.retain(|difference| reach.covers_all_of(&difference.account));
        Ok(differences)
    }

    /// The file of a bill, which is then read part by part.
    ///
    /// # Errors
    /// [`GatewayError::BillNotFound`], and when the store cannot tell.
    pub async fn bill_file(&self, account: &AccountId, day: Day, reach: &Reach) -> Result<BillFile, GatewayError> {
        if !reach.covers_all_of(account) {
            return Err(GatewayError::BillNotFound);
        }
        let kept = self.store.find_bill(account, day).await?.and_then(|bill| bill.file).ok_or(GatewayError::BillNotFound)?;
        self.store.bill_file(kept).await?.ok_or(GatewayError::BillNotFound)
    }

    /// A part of a file that [`Gateway::bill_file`] has given.
    ///
    /// # Errors
    /// [`GatewayError::BillNotFound`]: another file has taken its place meanwhile; and when the store cannot tell.
    pub async fn bill_part(&self, file: i64, part: u32) -> Result<Vec<u8>, GatewayError> {
        self.store.bill_part(file, part).await?.ok_or(GatewayError::BillNotFound)
    }

    /// Notes why a difference is none that matters, by the holder of this key. The same said again changes nothing.
    ///
    /// # Errors
    /// [`GatewayError::DifferenceNotFound`], [`GatewayError::DifferenceClosed`], and when the store cannot do it.
    pub async fn explain_difference(&self, id: i64, by: &str, note: &Note, reach: &Reach) -> Result<Difference, GatewayError> {
        self.difference(id, reach).await?;
        if self.store.explain_difference(id, by, note, self.clock.now_seconds()).await? {
            tracing::info!(difference = id, by, "a difference between a bill and the books was explained");
        }
        let difference = self.difference(id, reach).await?;
        let is_said = difference.explained_by.as_deref() == Some(by) && difference.note.as_deref() == Some(note.as_str());
        if is_said { Ok(difference) } else { Err(GatewayError::DifferenceClosed) }
    }

    async fn difference(&self, id: i64, reach: &Reach) -> Result<Difference, GatewayError> {
        let difference = self.store.find_difference(id).await?;
        difference.filter(|difference| reach.covers_all_of(&difference.account)).ok_or(GatewayError::DifferenceNotFound)
    }
}
