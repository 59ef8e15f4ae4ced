//! Whose turn it is, story by story. (What holds for every sequence is in `properties`.)

use super::super::testing::{Test, job};
use super::*;

const QUICK: Duration = Duration::from_millis(250);

/// For eight workers, of which all but two may begin something.
fn waiting(now: Instant) -> Waiting {
    Waiting::new(Limits { largest_batch: 64, beginners: 6, quick: QUICK, rest: Duration::from_millis(20) }, now)
}

fn begins(number: usize, now: Instant) -> Job {
    job(Test::alone(number), Purpose::Begins, now)
}

fn finishes(number: usize, now: Instant) -> Job {
    job(Test::alone(number), Purpose::Finishes, now)
}

#[test]
fn a_worker_that_is_held_up_takes_nobodys_place() {
    let now = Instant::now();
    let mut waiting = waiting(now);
    waiting.beginning_batch = 2;
    for number in 0..4 {
        assert!(waiting.add(begins(number, now), now));
    }
    let (held_up, _) = waiting.take(now).unwrap();
    assert!(waiting.take(now).is_some());
    assert!(waiting.take(now).is_none(), "two are busy");
    assert_eq!(waiting.changes_by_itself(now), Some(now + QUICK));
    assert!(waiting.take(now + QUICK).is_some() && waiting.take(now + QUICK).is_some(), "two others are");
    waiting.give_back(held_up, now + QUICK);
    assert_eq!(waiting.beginning_batch, 1, "what was slow is not to be hidden in a batch");
}

#[test]
fn batches_of_one_line_say_nothing_of_the_other() {
    let now = Instant::now();
    let mut waiting = waiting(now);
    for number in 0..20 {
        assert!(waiting.add(begins(number, now), now));
    }
    let (slow, _) = waiting.take(now).unwrap();
    waiting.finishing_batch = 8;
    assert_eq!(waiting.take(now).unwrap().1.len(), 1, "payments are quick; how slow deals are nobody knows yet");
    waiting.give_back(slow, now + QUICK);
    assert_eq!((waiting.finishing_batch, waiting.beginning_batch), (1, 1), "a database that is slow may be so for all");
}

#[test]
fn what_begins_something_leaves_workers_to_what_finishes_it() {
    let now = Instant::now();
    let mut waiting = waiting(now);
    for number in 0..10 {
        assert!(waiting.add(begins(number, now), now));
    }
    let taken: Vec<_> = std::iter::from_fn(|| waiting.take(now)).collect();
    assert_eq!(taken.len(), 6);
    assert!(waiting.add(finishes(10, now), now));
    assert!(waiting.take(now).is_some());
    waiting.give_back(taken[0].0, now);
    assert!(waiting.take(now).is_some(), "and takes the place of one that is done");
}

#[test]
fn what_has_met_a_lock_has_few_workers_and_its_turn() {
    let now = Instant::now();
    let mut waiting = waiting(now);
    let over = now + Duration::from_millis(5);
    for number in 0..4 {
        waiting.add_later(begins(number, now), over, true);
    }
    assert!(waiting.take(now).is_none(), "it pauses");
    assert_eq!(waiting.changes_by_itself(now), Some(over));
    for number in 4..10 {
        assert!(waiting.add(finishes(number, now), now));
    }
    let about = |taken: Option<(u64, Vec<Job>)>| taken.unwrap().1[0].key().unwrap().to_owned();
    let order: Vec<_> = (0..8).map(|_| about(waiting.take(over))).collect();
    assert_eq!(order, ["0", "4", "1", "5", "6", "7", "8", "9"]);
    assert!(waiting.take(over).is_none(), "two workers are at locks already");
}
