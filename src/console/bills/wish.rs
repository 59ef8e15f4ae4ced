//! Which bills are shown, as the address says.

use crate::console::{Refusal, parts};
use crate::deal::{AccountId, Day, Timestamp};
use crate::gateway::BillWish;

use super::words;

/// Days on one page: of all accounts, or of one; and bills on it, which is to stay below 100 KiB.
const DAYS_OF_ALL: u32 = 14;
const DAYS_OF_ONE: u32 = 62;
pub const LIMIT: u32 = 150;

/// Which bills are shown.
#[derive(Debug)]
pub struct Wish {
    /// Of this account alone.
    pub account: Option<AccountId>,
    /// The last of the days.
    pub to: Day,
    /// Whether that was chosen.
    pub is_chosen: bool,
}

impl Wish {
    /// What stands in a query; `now`: until yesterday, unless another day is named.
    pub fn of(query: &str, now: Timestamp) -> Result<Self, Refusal> {
        let mut wish = Self { account: None, to: Day::of(now).before(1), is_chosen: false };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "account" if !value.trim().is_empty() => {
                    wish.account = Some(value.trim().parse().map_err(|_| Refusal::BadForm(words::no_account()))?);
                }
                "to" if !value.trim().is_empty() => {
                    wish.to = value.trim().parse().map_err(|_| Refusal::BadForm(words::no_day()))?;
                    wish.is_chosen = true;
                }
                _ => {}
            }
        }
        Ok(wish)
    }

    /// The first of the days.
    pub fn from(&self) -> Day {
        self.to.before(if self.account.is_some() { DAYS_OF_ONE } else { DAYS_OF_ALL } - 1)
    }

    /// The question.
    pub fn bills(&self) -> BillWish {
        BillWish { account: self.account.clone(), from: self.from(), to: self.to, limit: LIMIT }
    }

    /// The address of the days up to this one; `None`: the latest.
    pub fn address(&self, to: Option<Day>) -> String {
        let account = self.account.as_ref().map(|account| ("account", account.as_str()));
        let to = to.map(|to| to.to_string());
        parts::address("/bills", account.into_iter().chain(to.as_deref().map(|to| ("to", to))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(query: &str) -> Result<Wish, Refusal> {
        // Two in the morning of the 28th in Beijing.
        Wish::of(query, "2026-11-27T18:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_fortnight_until_yesterday_and_two_months_of_one_account() {
        let days = |query| wish(query).map(|wish| (wish.from().to_string(), wish.to.to_string())).unwrap();
        assert_eq!(days(""), ("2026-11-14".to_owned(), "2026-11-27".to_owned()));
        assert_eq!(days("account=shop2&to=2026-03-02"), ("2025-12-31".to_owned(), "2026-03-02".to_owned()));
        assert_eq!(days("account=+&to="), days(""));
        let latest = |query| wish(query).unwrap().address(None);
        assert_eq!((latest("to=2026-03-02").as_str(), latest("account=shop2").as_str()), ("/bills", "/bills?account=shop2"));
    }

    #[test]
    fn what_is_no_day_and_no_account_is_said_so() {
        assert!(matches!(wish("to=yesterday"), Err(Refusal::BadForm(_))));
        assert!(matches!(wish("account=%3Cb%3E"), Err(Refusal::BadForm(_))));
    }
}
