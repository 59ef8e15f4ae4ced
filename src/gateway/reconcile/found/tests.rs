use super::*;
use crate::deal::{AccountId, Day, Timestamp};

fn found(kind: DifferenceKind, subject: &str, state: DifferenceState, finding: Option<Finding>) -> Found {
    Found { kind, state, finding, theirs_fee: Some(100), detail: None, ..of_file(Finding::Unreadable, subject.to_owned(), String::new()) }
}

fn unknown(subject: &str) -> Found {
    found(DifferenceKind::UnknownOrder, subject, DifferenceState::Open, None)
}

fn stored(subject: &str, state: DifferenceState, finding: Finding) -> Difference {
    let found = found(DifferenceKind::UnknownOrder, subject, state, Some(finding));
    Difference { id: 1, account: AccountId::default(), day: Day::of(Timestamp::UNIX_EPOCH), found, explained_by: None, note: None }
}

fn told(found: &[Found]) -> Vec<(&str, DifferenceState, Option<Finding>)> {
    let mut told: Vec<_> = found.iter().map(|found| (found.subject.as_str(), found.state, found.finding)).collect();
    told.sort_by_key(|(subject, ..)| *subject);
    told
}

#[test]
fn what_was_explained_stays_and_what_is_gone_is_healed() {
    use DifferenceState::{Explained, Healed, Open};
    let mut list = FoundList::beside(vec![
        stored("again", Open, Finding::NotKnown),
        stored("foreign before", Explained, Finding::Foreign),
        stored("gone", Open, Finding::NotKnown),
        stored("gone back", Explained, Finding::GoesBack),
        stored("healed before", Healed, Finding::AgreesNow),
        stored("noted", Explained, Finding::Noted),
        stored("noted of another amount", Explained, Finding::Noted),
        stored("settled", Healed, Finding::Settled),
    ]);
    for subject in ["again", "foreign before", "gone back", "healed before", "new", "noted"] {
        assert!(list.add(unknown(subject)));
    }
    assert!(list.add(Found { theirs_fee: Some(99_900), ..unknown("noted of another amount") }));
    list.heal_what_was_not_met(true);
    assert_eq!((list.count(), list.open()), (9, 6));
    let ToStore { found, reopened } = list.into_stored();
    assert_eq!(
        told(&found),
        [
            ("again", Open, None),
            ("foreign before", Open, None),
            ("gone", Healed, Some(Finding::AgreesNow)),
            ("gone back", Open, None),
            ("healed before", Open, None),
            ("new", Open, None),
        ],
        "what is as it was is not stored again"
    );
    assert_eq!(told(&reopened), [("noted of another amount", Open, None)]);
}

#[test]
fn without_the_whole_file_nothing_is_healed() {
    let list = FoundList::beside(vec![stored("gone", DifferenceState::Open, Finding::NotKnown)]);
    assert_eq!((list.count(), list.open(), list.into_stored().found.len()), (1, 1, 0));
}

#[test]
fn no_kind_takes_the_place_of_another_and_what_is_left_over_is_counted() {
    let mut list = FoundList::default();
    for number in 0..LISTED + 5 {
        list.add(unknown(&number.to_string()));
        list.add(found(DifferenceKind::UnknownOrder, &format!("f{number}"), DifferenceState::Explained, Some(Finding::Foreign)));
    }
    assert!(list.add(found(DifferenceKind::PaidThereOnly, "ours", DifferenceState::Open, None)));
    assert_eq!(list.askable().map(|found| found.subject.clone()).collect::<Vec<_>>(), ["ours"]);
    let listed = i64::try_from(LISTED).unwrap();
    assert_eq!((list.count(), list.open(), list.unlisted_open()), (2 * listed + 11, listed + 6, 5));
    assert!(list.lists_all_to_ask());
    for number in 0..LISTED {
        list.add(found(DifferenceKind::PaidHereOnly, &number.to_string(), DifferenceState::Open, None));
    }
    assert!(!list.lists_all_to_ask(), "one is left for the next look");
}

#[test]
fn what_is_beyond_the_list_and_known_is_met_all_the_same() {
    let known = (0..LISTED + 3).map(|number| stored(&number.to_string(), DifferenceState::Open, Finding::NotKnown));
    let mut list = FoundList::beside(known.collect());
    for number in (0..LISTED + 3).rev() {
        list.add(unknown(&number.to_string()));
    }
    list.heal_what_was_not_met(true);
    assert!(list.all().all(|found| found.state == DifferenceState::Open), "in whatever order they come");
}

#[test]
fn the_same_line_twice_is_told_of() {
    let mut list = FoundList::beside(vec![stored("known", DifferenceState::Open, Finding::NotKnown)]);
    for line in 2..4 {
        list.add_line(line, unknown("new"));
        list.add_line(line + 10, unknown("known"));
    }
    let repeated: Vec<_> = list.all().filter(|found| found.finding == Some(Finding::Repeated)).map(|found| found.subject.clone()).collect();
    assert_eq!(repeated, ["line 3", "line 13"]);
}

#[test]
fn what_the_fund_flow_told_is_healed_by_a_fund_flow_alone() {
    let mut closed = stored("closed", DifferenceState::Open, Finding::Confirmed);
    closed.found.detail = Some(CLOSED.to_owned());
    let mut list = FoundList::beside(vec![closed]);
    list.heal_what_was_not_met(false);
    assert_eq!(list.open(), 1);
    list.heal_what_was_not_met(true);
    assert_eq!(list.open(), 0);
}

#[test]
fn what_is_healed_leaves_its_place_to_others() {
    let healed = (0..KEPT).map(|number| stored(&number.to_string(), DifferenceState::Healed, Finding::Settled));
    let mut list = FoundList::beside(healed.collect());
    list.add(found(DifferenceKind::PaidThereOnly, "ours", DifferenceState::Open, None));
    assert_eq!((list.askable().count(), list.lists_all_to_ask()), (1, true));
}
