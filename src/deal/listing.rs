//! Lists of deals, and pagination by keyset: a page begins behind the place where another one ended, whatever was added meanwhile.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{NaiveDateTime, Timelike};

use super::{AccountId, CheckoutId, Deal, DealStatus, Fen, OrderId, Reach, Reference, Timestamp};

/// By which of its times a deal is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListedBy {
    /// When it was opened.
    #[default]
    Created,
    /// When it was paid; so only paid deals are.
    Paid,
}

/// Which deals are listed: those of which all of this is true, and `None` is true of all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// By which of their times; the newest come first.
    pub by: ListedBy,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Of this status.
    pub status: Option<DealStatus>,
    /// Of this seller.
    pub merchant_id: Option<i64>,
    /// Through this account.
    pub account: Option<AccountId>,
    /// Paid by the payment of this number of WeChat's.
    pub transaction_id: Option<String>,
    /// Of this number.
    pub order_id: Option<OrderId>,
    /// Whose number begins so: of many, the greatest numbers are looked through.
    pub beginning: Option<OrderId>,
    /// With so much of the number anywhere in it.
    pub part: Option<OrderId>,
    /// With this number of the merchant's: of many, the newest are looked through.
    pub reference: Option<Reference>,
    /// One way to pay this checkout.
    pub checkout_id: Option<CheckoutId>,
    /// For which this is charged.
    pub fee: Option<Fen>,
    /// Within the reach of the caller's key.
    pub reach: Reach,
}

/// What in a listing contradicts itself, so that something else was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// `from` is not before `until`.
    #[error("it is not before the end of the range")]
    Range,
    /// Of those that were paid, some that are not.
    #[error("by paid, there are PAID deals alone")]
    Status,
}

impl Listing {
    /// That no deal could ever be in it, if that is so.
    pub fn contradiction(&self) -> Option<Contradiction> {
        if self.from.zip(self.until).is_some_and(|(from, until)| from >= until) {
            Some(Contradiction::Range)
        } else if self.by == ListedBy::Paid && self.status.is_some_and(|status| status != DealStatus::Paid) {
            Some(Contradiction::Status)
        } else {
            None
        }
    }

    /// Through which accounts, by the wish and the reach; `None`: through any.
    pub fn accounts(&self) -> Option<Vec<&AccountId>> {
        let within = |account: &&AccountId| self.reach.accounts.as_ref().is_none_or(|accounts| accounts.contains(account));
        match &self.account {
            Some(account) => Some([account].into_iter().filter(within).collect()),
            None => self.reach.accounts.as_ref().map(|accounts| accounts.iter().collect()),
        }
    }

    /// Whether no deal can be one of these.
    pub fn is_empty(&self) -> bool {
        let is_beyond = self.merchant_id.is_some_and(|seller| self.reach.sellers.as_ref().is_some_and(|sellers| !sellers.contains(seller)));
        self.contradiction().is_some() || is_beyond || self.accounts().is_some_and(|accounts| accounts.is_empty())
    }
}

/// Some deals of a listing, the newest first.
#[derive(Debug, Clone)]
pub struct DealPage {
    /// The deals. There may be fewer than were asked for, or none, although more come behind: one page looks through so many rows only.
    pub deals: Vec<Deal>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<Place>,
}

/// A place in a listing, between two deals: a cursor, which callers hand back as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The time of the deal before it, as its column says.
    pub time: String,
    /// The number of its row.
    pub id: i64,
}

/// The text is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is the next of a former page, as it was")]
pub struct InvalidPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {}", self.time, self.id)))
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        const LONGEST: usize = 80;
        let bytes = if text.len() <= LONGEST { URL_SAFE_NO_PAD.decode(text).ok() } else { None };
        let place = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(InvalidPlace)?;
        let (time, id) = place.rsplit_once(' ').ok_or(InvalidPlace)?;
        let is_number = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        let id = id.parse().ok().filter(|_| is_time(time) && is_number).ok_or(InvalidPlace)?;
        Ok(Self { time: time.to_owned(), id })
    }
}

/// Whether a column can hold it: MySQL takes a statement with any other for a broken one.
fn is_time(text: &str) -> bool {
    // A table of the original may hold the first.
    let is_whole = |whole: &str| {
        let time = NaiveDateTime::parse_from_str(whole, "%Y-%m-%d %H:%M:%S").ok();
        // chrono reads what is longer and shorter too, and leap seconds.
        whole == "0000-00-00 00:00:00" || time.is_some_and(|time| time.nanosecond() == 0 && time.to_string() == whole)
    };
    let is_part = |part: &str| {
        let digits = part.strip_prefix('.').unwrap_or_default();
        part.is_empty() || ((1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split_at_checked(19).is_some_and(|(whole, part)| is_whole(whole) && is_part(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (time, id) in [("2026-11-26 12:00:00", 7), ("0000-00-00 00:00:00", i64::MAX), ("2026-11-26 12:00:00.500000", 0)] {
            let place = Place { time: time.to_owned(), id };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["2026-11-26 12:00:00", "2026-11-26 12:00:00 -7", "2026-11-26 12:00:00 +7", "yesterday at noon!! 7", ""] {
            assert_eq!(URL_SAFE_NO_PAD.encode(text).parse::<Place>(), Err(InvalidPlace), "{text}");
        }
        for time in [
            ":::::::::::::::::::",
            "2026-02-31 12:00:00",
            "2026-11-26 24:00:00",
            "2026-11-26 23:59:60",
            "2026-11-26 12:00:00.",
            "2026-11-26 12:00:00.1234567",
            "2026-11-26 12:00:00:5",
            "2026-11-26  2:00:00",
            "2026-11-26 12:00:0",
            "12026-11-26 12:00:0",
            "2026-00-00 00:00:00",
        ] {
            assert_eq!(URL_SAFE_NO_PAD.encode(format!("{time} 5")).parse::<Place>(), Err(InvalidPlace), "{time}");
        }
        assert_eq!("not one".parse::<Place>(), Err(InvalidPlace));
    }

    #[test]
    fn a_wish_beyond_the_reach_lists_nothing() {
        let shop2: AccountId = "shop2".parse().unwrap();
        let reach = Reach { accounts: Some(vec![shop2.clone()]), sellers: Some("12,20-29".parse().unwrap()) };
        let listing = |merchant_id, account| Listing { merchant_id, account, reach: reach.clone(), ..Listing::default() };
        for (listing, is_empty) in [
            (listing(None, None), false),
            (listing(Some(25), Some(shop2.clone())), false),
            (listing(Some(13), None), true),
            (listing(None, Some(AccountId::default())), true),
            (Listing { by: ListedBy::Paid, status: Some(DealStatus::Expired), ..Listing::default() }, true),
            (Listing { status: Some(DealStatus::Expired), ..Listing::default() }, false),
        ] {
            assert_eq!(listing.is_empty(), is_empty, "{listing:?}");
        }
        assert_eq!(listing(None, None).accounts(), Some(vec![&shop2]));
    }
}
