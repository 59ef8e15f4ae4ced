//! The form of a question for a bill, and whether that day's can be had.

use chrono::{Months, TimeDelta};

use crate::channel::wechat::v2::Fields;
use crate::deal::{BeijingTime, Day, Timestamp};

use super::errors::BillError;
use super::line::Line;

/// From when on a day's bill is there, since the midnight that ends it. It is made from nine o'clock on, and should be fetched after ten.
const MADE: TimeDelta = TimeDelta::hours(10);
/// How far back bills can be had.
const KEPT: Months = Months::new(3);

/// Which lines a trade bill has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillType {
    All,
    Success,
    Refund,
    /// Refunds of what merchants had topped up, which there are none of here.
    RechargeRefund,
}

impl BillType {
    fn of(fields: &Fields) -> Option<Self> {
        match fields.get("bill_type") {
            None | Some("ALL") => Some(Self::All),
            Some("SUCCESS") => Some(Self::Success),
            Some("REFUND") => Some(Self::Refund),
            Some("RECHARGE_REFUND") => Some(Self::RechargeRefund),
            Some(_) => None,
        }
    }

    /// Whether this line stands in it.
    pub fn has(self, line: &Line) -> bool {
        match self {
            Self::All => true,
            Self::Success => line.refund.is_none(),
            Self::Refund => line.refund.is_some(),
            Self::RechargeRefund => false,
        }
    }

    /// The word in the file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Success => "Success",
            Self::Refund => "Refund",
            Self::RechargeRefund => "RechargeRefund",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub day: Day,
    pub bill_type: BillType,
    pub is_packed: bool,
}

impl Wish {
    /// Reads a question; the error is what WeChat says of it, in English.
    ///
    /// # Errors
    /// A parameter is not of its form.
    pub fn of(fields: &Fields) -> Result<Self, &'static str> {
        let is_packed = match fields.get("tar_type") {
            None => false,
            Some("GZIP") => true,
            Some(_) => return Err("invalid tar_type, Only GZIP supported"),
        };
        let bill_type = BillType::of(fields).ok_or("invalid bill_type")?;
        let midnight = fields.get("bill_date").and_then(|date| BeijingTime::from_compact(&format!("{date}000000")));
        let day = Day::of(midnight.ok_or(INVALID_DATE)?.timestamp());
        Ok(Self { day, bill_type, is_packed })
    }

    /// Whether there can be a bill of that day yet, and still.
    ///
    /// # Errors
    /// There is none.
    pub fn is_due(&self, now: Timestamp) -> Result<(), BillError> {
        let today = BeijingTime::from(Day::of(now).begins());
        let oldest = today.naive().checked_sub_months(KEPT).map(|time| Day::of(BeijingTime::from(time).timestamp()));
        if self.day >= Day::of(now) || oldest.is_some_and(|oldest| self.day < oldest) {
            return Err(BillError::Invalid(INVALID_DATE));
        }
        if now < self.day.next().begins() + MADE { Err(BillError::Creating) } else { Ok(()) }
    }
}

const INVALID_DATE: &str = "invalid bill_date";

/// What `downloadbill` complains about before it looks at any signature.
///
/// # Errors
/// A parameter is not of its form.
pub fn check(fields: &Fields) -> Result<(), String> {
    Wish::of(fields).map(drop).map_err(str::to_owned)
}
