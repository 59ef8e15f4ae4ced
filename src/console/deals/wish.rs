//! What is looked for, as it stands in the address: so that a list can be kept, sent to somebody and gone back to.

use std::borrow::Cow;

use crate::console::parts;
use crate::deal::{ListedBy, Listing, Place, range_from, range_to};
use crate::told::status_of;

/// What is looked for.
#[derive(Debug, Default)]
pub struct Wish {
    /// What was typed.
    pub typed: String,
    /// Which of its readings is wanted, by its word.
    pub reading: Option<String>,
    /// By the filters alone.
    pub listing: Listing,
    /// Where the page begins.
    pub after: Option<Place>,
    /// The filters as they were chosen, for the form and for links.
    chosen: Vec<(&'static str, String)>,
    /// A filter that cannot be read.
    pub wrong: Option<&'static str>,
}

/// What a list is chosen by, beside what was typed.
const FILTERS: [&str; 5] = ["status", "by", "from", "to", "account"];

impl Wish {
    /// What an address asks for. What it does not know it ignores.
    pub fn of(query: &str) -> Self {
        let mut wish = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            wish.read(&name, value);
        }
        if wish.listing.contradiction().is_some() {
            wish.wrong = Some(if wish.listing.by == ListedBy::Paid && wish.listing.status.is_some() { "status" } else { "from" });
        }
        wish
    }

    fn read(&mut self, name: &str, value: Cow<'_, str>) {
        let listing = &mut self.listing;
        let is_read = match name {
            "q" => {
                self.typed = value.chars().take(100).collect();
                return;
            }
            "as" => {
                self.reading = Some(value.into_owned());
                return;
            }
            "after" => {
                self.after = value.parse().ok();
                self.wrong = if self.after.is_none() { Some("after") } else { self.wrong };
                return;
            }
            "status" => set(&mut listing.status, status_of(&value)),
            "by" => by(&value).is_some_and(|by| {
                listing.by = by;
                true
            }),
            "from" => set(&mut listing.from, range_from(&value).ok()),
            "to" => set(&mut listing.until, range_to(&value).ok()),
            "account" => set(&mut listing.account, value.parse().ok()),
            _ => return,
        };
        let Some(filter) = FILTERS.iter().find(|filter| **filter == name) else { return };
        self.chosen.push((filter, value.into_owned()));
        if !is_read {
            self.wrong = Some(filter);
        }
    }

    /// A filter as it was chosen; nothing where it was not.
    pub fn filter(&self, name: &str) -> &str {
        self.chosen.iter().find(|(chosen, _)| *chosen == name).map_or("", |(_, value)| value)
    }

    /// Whether any was.
    pub fn is_filtered(&self) -> bool {
        !self.chosen.is_empty()
    }

    /// The address of the same list at this path, by this reading, from this place on.
    pub fn address(&self, path: &str, reading: Option<&str>, after: Option<&Place>) -> String {
        let typed = (!self.typed.is_empty()).then_some(("q", self.typed.as_str()));
        let filters = self.chosen.iter().map(|(name, value)| (*name, value.as_str()));
        let after = after.map(Place::to_string);
        let after = after.as_deref().map(|after| ("after", after));
        parts::address(path, typed.into_iter().chain(reading.map(|word| ("as", word))).chain(filters).chain(after))
    }
}

fn by(word: &str) -> Option<ListedBy> {
    match word {
        "created" => Some(ListedBy::Created),
        "paid" => Some(ListedBy::Paid),
        _ => None,
    }
}

/// Sets what was read; `false`: it was not.
fn set<T>(field: &mut Option<T>, read: Option<T>) -> bool {
    *field = read;
    field.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::DealStatus;

    #[test]
    fn a_list_is_found_again_by_its_address() {
        let wish = Wish::of("q=%C2%A512.34&status=PAID&by=paid&from=2026-11-01&to=&account=shop2&page=7");
        assert_eq!((wish.typed.as_str(), wish.listing.status, wish.wrong), ("¥12.34", Some(DealStatus::Paid), None));
        let place = Place { time: "2026-11-26 12:00:00".to_owned(), id: 7 };
        let again = Wish::of(wish.address("/deals", Some("amount"), Some(&place)).split_once('?').unwrap().1);
        assert_eq!((&again.typed, again.reading.as_deref(), &again.listing), (&wish.typed, Some("amount"), &wish.listing));
        assert_eq!((again.filter("from"), again.filter("to")), ("2026-11-01", ""));
        assert_eq!(again.after, Some(place));
        assert_eq!(Wish::of("").address("/deals", None, None), "/deals");
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_ignored() {
        for (query, wrong) in [
            ("status=paid", "status"),
            ("by=price", "by"),
            ("from=yesterday", "from"),
            ("to=2026-13-01", "to"),
            ("account=Shop%202", "account"),
            ("after=1", "after"),
            ("from=2026-11-02&to=2026-11-01", "from"),
            ("by=paid&status=EXPIRED", "status"),
        ] {
            assert_eq!(Wish::of(query).wrong, Some(wrong), "{query}");
        }
    }
}
