//! The differences that were found, beside those of earlier looks. A bounded number is listed and all are counted.

use std::collections::{HashMap, HashSet};

use crate::deal::{Difference, DifferenceKind, DifferenceState, Finding, Found};

/// So many new ones are listed of what WeChat can be asked about, so many of what it cannot, and so many of other systems': none of these
/// takes another's place, and one transaction keeps them all. Those that are left over come at the next look.
const LISTED: usize = 1_000;
/// When so many that are not healed are known of one bill, no new ones are listed.
const KEPT: usize = 5_000;

/// What the fund flow tells of a refund that was closed.
pub const CLOSED: &str = "退款关闭";

/// By what one is known again.
type Name = (DifferenceKind, String);

/// What was found, in the order in which it was.
#[derive(Default)]
pub struct FoundList {
    known: HashMap<Name, Known>,
    /// How many of these are not healed.
    standing: usize,
    names: HashSet<Name>,
    to_ask: Vec<Found>,
    others: Vec<Found>,
    foreign: Vec<Found>,
    unlisted: Unlisted,
}

/// One that an earlier look has found, and how it stands now; `None`: it was not met again.
struct Known {
    before: Found,
    now: Option<Found>,
    is_reopened: bool,
}

/// How many are counted only.
#[derive(Default)]
struct Unlisted {
    all: i64,
    open: i64,
    to_ask: i64,
}

/// What is to be stored.
pub struct ToStore {
    /// The new ones, and those of which something has changed.
    pub found: Vec<Found>,
    /// Those that an operator has explained, and that differ otherwise now.
    pub reopened: Vec<Found>,
}

impl FoundList {
    /// Beside these, which an earlier look has found.
    pub fn beside(stored: Vec<Difference>) -> Self {
        let standing = stored.iter().filter(|difference| difference.found.state != DifferenceState::Healed).count();
        let known = stored.into_iter().map(|difference| {
            let before = difference.found;
            (name(&before), Known { before, now: None, is_reopened: false })
        });
        Self { known: known.collect(), standing, ..Self::default() }
    }

    /// Adds one. `false`: it was found before by this look.
    pub fn add(&mut self, found: Found) -> bool {
        let name = name(&found);
        if let Some(known) = self.known.get_mut(&name) {
            return known.is_met(found);
        }
        if self.names.contains(&name) {
            return false;
        }
        let room = LISTED.min(KEPT.saturating_sub(self.standing));
        let (is_open, can_be_asked) = (found.state == DifferenceState::Open, can_be_asked_about(&found));
        let list = match found.finding {
            Some(Finding::Foreign) => &mut self.foreign,
            _ if can_be_asked => &mut self.to_ask,
            _ => &mut self.others,
        };
        if list.len() < room {
            list.push(found);
            self.names.insert(name);
        } else {
            self.unlisted.all += 1;
            self.unlisted.open += i64::from(is_open);
            self.unlisted.to_ask += i64::from(can_be_asked);
        }
        true
    }

    /// Adds one of a line; a line that says the same as another does is told of.
    pub fn add_line(&mut self, line: u64, found: Found) {
        let (order_id, transaction_id, theirs_fee) = (found.order_id.clone(), found.transaction_id.clone(), found.theirs_fee);
        if !self.add(found) {
            let again = of_file(Finding::Repeated, format!("line {line}"), format!("line {line}"));
            self.add(Found { order_id, transaction_id, theirs_fee, ..again });
        }
    }

    /// Those that WeChat is to be asked about.
    pub fn askable(&mut self) -> impl Iterator<Item = &mut Found> {
        let known = self.known.values_mut().filter_map(|known| known.now.as_mut());
        self.to_ask.iter_mut().chain(known).filter(|found| can_be_asked_about(found))
    }

    /// Whether all that WeChat is to be asked about is listed.
    pub fn lists_all_to_ask(&self) -> bool {
        self.unlisted.to_ask == 0
    }

    /// What an earlier look has found and this one, which could read the whole file, has not: it is no difference any more. What the fund
    /// flow has told stays unless that was read, too.
    pub fn heal_what_was_not_met(&mut self, has_fund_flow: bool) {
        let can_tell = |found: &Found| has_fund_flow || found.detail.as_deref() != Some(CLOSED);
        let is_gone = |known: &&mut Known| known.now.is_none() && known.before.state == DifferenceState::Open && can_tell(&known.before);
        for known in self.known.values_mut().filter(is_gone) {
            known.now = Some(Found { state: DifferenceState::Healed, finding: Some(Finding::AgreesNow), ..known.before.clone() });
        }
    }

    /// How many there are.
    pub fn count(&self) -> i64 {
        i64::try_from(self.all().count()).unwrap_or(i64::MAX) + self.unlisted.all
    }

    /// How many nobody has explained.
    pub fn open(&self) -> i64 {
        let open = self.all().filter(|found| found.state == DifferenceState::Open).count();
        i64::try_from(open).unwrap_or(i64::MAX) + self.unlisted.open
    }

    /// How many open ones are counted only.
    pub fn unlisted_open(&self) -> i64 {
        self.unlisted.open
    }

    /// What of them is to be stored.
    pub fn into_stored(self) -> ToStore {
        let new = self.to_ask.into_iter().chain(self.others).chain(self.foreign);
        let (mut found, mut reopened) = (new.collect::<Vec<_>>(), Vec::new());
        for Known { before, now, is_reopened } in self.known.into_values() {
            match now {
                Some(now) if is_reopened => reopened.push(now),
                Some(now) if now != before => found.push(now),
                _ => {}
            }
        }
        ToStore { found, reopened }
    }

    /// All that are listed, or known.
    pub fn all(&self) -> impl Iterator<Item = &Found> {
        let known = self.known.values().map(|known| known.now.as_ref().unwrap_or(&known.before));
        self.to_ask.iter().chain(&self.others).chain(&self.foreign).chain(known)
    }
}

impl Known {
    /// Takes it as it stands now. What was said of it before holds for the same amounts only; what a rule or a refund has explained is
    /// looked at anew.
    fn is_met(&mut self, found: Found) -> bool {
        if self.now.is_some() {
            return false;
        }
        let is_same = |found: &Found| {
            (found.ours_fee, found.theirs_fee, &found.detail) == (self.before.ours_fee, self.before.theirs_fee, &self.before.detail)
        };
        let was_explained = self.before.state == DifferenceState::Explained;
        let holds = match self.before.finding {
            Some(Finding::Foreign | Finding::GoesBack) => false,
            _ => was_explained && is_same(&found),
        };
        self.is_reopened = !holds && self.before.finding == Some(Finding::Noted);
        self.now = Some(if holds { Found { state: self.before.state, finding: self.before.finding, ..found } } else { found });
        true
    }
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

/// Whether WeChat can say something of it: of an order that is not known here nothing is asked, and a file answers for itself.
fn can_be_asked_about(found: &Found) -> bool {
    let is_open = found.state == DifferenceState::Open && matches!(found.finding, None | Some(Finding::Unanswered));
    is_open && !matches!(found.kind, DifferenceKind::UnknownOrder | DifferenceKind::Summary)
}

fn name(found: &Found) -> Name {
    (found.kind, found.subject.clone())
}

#[cfg(test)]
mod tests;
