//! The differences that were found, of which a bounded number is listed and all are counted.

use std::collections::{HashMap, HashSet};

use crate::deal::{Difference, DifferenceKind, DifferenceState, Finding, Found};

/// So many are listed of one bill, and so many more of other systems' orders: a bill of a wrong merchant number must fill neither the
/// memory nor the transaction that keeps them.
const LISTED: usize = 2_000;

/// What was found, in the order in which it was.
#[derive(Default)]
pub struct FoundList {
    listed: Vec<Found>,
    foreign: Vec<Found>,
    unlisted: i64,
    unlisted_open: i64,
}

impl FoundList {
    /// Adds one.
    pub fn add(&mut self, found: Found) {
        let is_foreign = found.finding == Some(Finding::Foreign);
        let list = if is_foreign { &mut self.foreign } else { &mut self.listed };
        if list.len() < LISTED {
            list.push(found);
        } else {
            self.unlisted += 1;
            self.unlisted_open += i64::from(!is_foreign);
        }
    }

    /// Those that are not foreign, to be asked about.
    pub fn listed_mut(&mut self) -> &mut [Found] {
        &mut self.listed
    }

    /// Takes over what an earlier look has found: what was explained then stays, and what is no difference any more is healed, unless the
    /// file cannot tell (`is_readable`). What was healed, and differs all the same, is asked about anew; so is what was to go back.
    pub fn carry(&mut self, stored: Vec<Difference>, is_readable: bool) {
        let foreign: HashSet<_> = self.foreign.iter().map(name).collect();
        let mut known: HashMap<_, _> = self.listed.iter_mut().map(|found| (name(found), found)).collect();
        let mut gone = Vec::new();
        for Difference { found: before, .. } in stored {
            let is_open = before.state == DifferenceState::Open;
            match known.get_mut(&name(&before)) {
                Some(found) if stays(&before) => (found.state, found.finding) = (before.state, before.finding),
                Some(_) => {}
                None if foreign.contains(&name(&before)) => {}
                None if is_open && is_readable => {
                    gone.push(Found { state: DifferenceState::Healed, finding: Some(Finding::AgreesNow), ..before });
                }
                None => gone.push(before),
            }
        }
        self.listed.extend(gone);
    }

    /// How many there are.
    pub fn count(&self) -> i64 {
        i64::try_from(self.listed.len() + self.foreign.len()).unwrap_or(i64::MAX) + self.unlisted
    }

    /// How many nobody has explained.
    pub fn open(&self) -> i64 {
        let open = self.listed.iter().filter(|found| found.state == DifferenceState::Open).count();
        i64::try_from(open).unwrap_or(i64::MAX) + self.unlisted_open
    }

    /// How many open ones are counted only.
    pub fn unlisted_open(&self) -> i64 {
        self.unlisted_open
    }

    /// Those that are listed.
    pub fn into_listed(self) -> Vec<Found> {
        self.listed.into_iter().chain(self.foreign).collect()
    }
}

/// Whether what was decided of it then holds now that it is found again.
fn stays(before: &Found) -> bool {
    before.state == DifferenceState::Explained && before.finding != Some(Finding::GoesBack)
}

/// A difference of the file with itself.
pub fn of_file(finding: Finding, subject: String, detail: String) -> Found {
    Found {
        kind: DifferenceKind::Summary,
        state: DifferenceState::Open,
        finding: Some(finding),
        subject,
        order_id: None,
        transaction_id: None,
        refund_id: None,
        ours_fee: None,
        theirs_fee: None,
        detail: Some(detail),
    }
}

/// By what one is known again.
fn name(found: &Found) -> (DifferenceKind, String) {
    (found.kind, found.subject.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::{AccountId, Day, Timestamp};

    fn found(subject: &str, state: DifferenceState, finding: Option<Finding>) -> Found {
        Found {
            kind: DifferenceKind::UnknownOrder,
            state,
            finding,
            subject: subject.to_owned(),
            order_id: None,
            transaction_id: None,
            refund_id: None,
            ours_fee: None,
            theirs_fee: None,
            detail: None,
        }
    }

    fn stored(found: Found) -> Difference {
        let day = Day::of(Timestamp::UNIX_EPOCH);
        Difference { id: 1, account: AccountId::default(), day, found, explained_by: None, note: None }
    }

    #[test]
    fn what_was_decided_stays_and_what_is_gone_is_healed() {
        use DifferenceState::{Explained, Healed, Open};
        let mut list = FoundList::default();
        for subject in ["again", "noted", "new", "healed before", "gone back"] {
            list.add(found(subject, Open, None));
        }
        list.add(found("foreign", Explained, Some(Finding::Foreign)));
        list.carry(
            vec![
                stored(found("again", Open, Some(Finding::NotKnown))),
                stored(found("noted", Explained, Some(Finding::Noted))),
                stored(found("healed before", Healed, Some(Finding::AgreesNow))),
                stored(found("gone back", Explained, Some(Finding::GoesBack))),
                stored(found("gone", Open, None)),
                stored(found("settled", Healed, Some(Finding::Settled))),
                stored(found("foreign", Open, None)),
            ],
            true,
        );
        assert_eq!((list.count(), list.open()), (8, 4));
        let told: Vec<_> = list.into_listed().into_iter().map(|found| (found.subject, found.state, found.finding)).collect();
        let expected = [
            ("again", Open, None),
            ("noted", Explained, Some(Finding::Noted)),
            ("new", Open, None),
            ("healed before", Open, None),
            ("gone back", Open, None),
            ("gone", Healed, Some(Finding::AgreesNow)),
            ("settled", Healed, Some(Finding::Settled)),
            ("foreign", Explained, Some(Finding::Foreign)),
        ];
        assert_eq!(told, expected.map(|(subject, state, finding)| (subject.to_owned(), state, finding)));
    }

    #[test]
    fn a_file_that_cannot_be_read_heals_nothing() {
        let mut list = FoundList::default();
        list.carry(vec![stored(found("gone", DifferenceState::Open, None))], false);
        assert_eq!((list.count(), list.open()), (1, 1));
    }

    #[test]
    fn what_is_beyond_the_list_is_counted_and_open() {
        let mut list = FoundList::default();
        for number in 0..LISTED + 5 {
            list.add(found(&number.to_string(), DifferenceState::Open, None));
            list.add(found(&format!("f{number}"), DifferenceState::Explained, Some(Finding::Foreign)));
        }
        let all = i64::try_from(LISTED).unwrap();
        assert_eq!((list.count(), list.open(), list.unlisted_open()), (2 * all + 10, all + 5, 5));
        assert_eq!(list.into_listed().len(), 2 * LISTED);
    }
}
