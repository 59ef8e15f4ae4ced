//! What holds of the queue whatever happens in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::store::engine::job::Ticket;
use crate::store::engine::testing::{Test, job};

const LIMITS: Limits = Limits { largest_batch: 8, beginners: 3, quick: Duration::from_millis(250), rest: Duration::from_millis(20) };

/// What happens to a queue.
#[derive(Debug, Clone)]
enum Step {
    /// A caller brings a statement.
    Add { key: usize, purpose: Purpose, travels: bool },
    /// A caller waits no longer.
    GiveUp(usize),
    /// A worker asks for something to do.
    Take,
    /// A worker is done with what it has.
    Done(usize),
    /// A batch has to be taken apart.
    Apart(usize),
    /// A statement has met a lock.
    PutOff(usize),
    /// Some milliseconds pass.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let purpose = prop_oneof![Just(Purpose::Begins), Just(Purpose::Finishes)];
    prop_oneof![
        6 => (0..6_usize, purpose, any::<bool>()).prop_map(|(key, purpose, travels)| Step::Add { key, purpose, travels }),
        1 => any::<usize>().prop_map(Step::GiveUp),
        6 => Just(Step::Take),
        4 => any::<usize>().prop_map(Step::Done),
        1 => any::<usize>().prop_map(Step::Apart),
        1 => any::<usize>().prop_map(Step::PutOff),
        2 => (1..400_u64).prop_map(Step::Pass),
    ]
}

/// What a worker has in hand.
struct InHand {
    number: u64,
    jobs: Vec<Job>,
    began: bool,
    was_put_off: bool,
}

/// A queue, its callers and its workers. A job is known by its turn, which no other has.
struct Scene {
    now: Instant,
    waiting: Waiting,
    tickets: BTreeMap<Instant, Ticket>,
    in_hand: Vec<InHand>,
    answered: BTreeSet<Instant>,
    expected: BTreeSet<Instant>,
    added: u32,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            now,
            waiting: Waiting::new(LIMITS, now),
            tickets: BTreeMap::new(),
            in_hand: Vec::new(),
            answered: BTreeSet::new(),
            expected: BTreeSet::new(),
            added: 0,
        }
    }

    fn does(&mut self, step: Step) {
        match step {
            Step::Add { key, purpose, travels } => {
                let test = if travels { Test::travelling(key) } else { Test::alone(key) };
                self.added += 1;
                let turn = self.now + Duration::from_secs(1000) + Duration::from_nanos(1) * self.added;
                let (job, ticket) = Job::new(job(test, purpose, self.now).work, purpose, turn, turn);
                if self.waiting.add(job, self.now) {
                    self.tickets.insert(turn, ticket);
                    self.expected.insert(turn);
                }
            }
            Step::GiveUp(any) => {
                let Some(turn) = self.tickets.keys().nth(any % self.tickets.len().max(1)).copied() else { return };
                if self.tickets.remove(&turn).is_some_and(|ticket| ticket.give_up()) {
                    self.expected.remove(&turn);
                }
            }
            Step::Take => _ = self.take(),
            Step::Done(any) => {
                if let Some(InHand { number, jobs, .. }) = self.back(any) {
                    self.waiting.give_back(number, self.now);
                    for job in jobs {
                        assert!(self.answered.insert(job.turn), "a job was carried out twice");
                    }
                }
            }
            Step::Apart(any) => {
                if let Some(InHand { number, jobs, .. }) = self.back(any) {
                    jobs.into_iter().rev().for_each(|job| self.waiting.add_first(job.once_more()));
                    self.waiting.give_back(number, self.now);
                }
            }
            Step::PutOff(any) => {
                if let Some(InHand { number, jobs, .. }) = self.back(any) {
                    for mut job in jobs {
                        job.put_off += 1;
                        self.waiting.add_later(job.once_more(), self.now + Duration::from_millis(5), true);
                    }
                    self.waiting.give_back(number, self.now);
                }
            }
            Step::Pass(milliseconds) => self.now += Duration::from_millis(milliseconds),
        }
        assert!(self.in_hand.iter().filter(|one| one.began).count() <= LIMITS.beginners, "what begins something has all workers");
        assert!(self.in_hand.iter().filter(|one| one.was_put_off).count() <= AT_LOCKS, "too many workers are at locks");
        assert!(self.waiting.finishing.len().max(self.waiting.beginning.len()) <= LENGTH);
    }

    fn take(&mut self) -> bool {
        let finishing_waits = self.waiting.finishing.iter().any(|job| self.expected.contains(&job.turn));
        let finishing_has_room = self.waiting.has_room_for(self.waiting.finishing_batch, self.now);
        let Some((number, jobs)) = self.waiting.take(self.now) else { return false };
        let was_put_off = self.waiting.was_later;
        let began = !was_put_off && self.waiting.in_hand.iter().any(|one| one.number == number && one.came_from == Line::Beginning);
        assert!(!jobs.is_empty() && jobs.len() <= LIMITS.largest_batch, "{} in a batch", jobs.len());
        assert!(!began || !finishing_waits || !finishing_has_room, "what begins something went before what finishes it");
        let keys: BTreeSet<_> = jobs.iter().map(|job| job.key().map(str::to_owned)).collect();
        assert_eq!(keys.len(), jobs.len(), "two changes of one key share a batch");
        assert!(jobs.len() == 1 || jobs.iter().all(|job| job.kind().is_some() && job.kind() == jobs[0].kind()), "not of one kind");
        assert!(jobs.iter().all(|job| self.expected.contains(&job.turn)), "a job that its caller has given up");
        self.in_hand.push(InHand { number, jobs, began, was_put_off });
        true
    }

    fn back(&mut self, any: usize) -> Option<InHand> {
        (!self.in_hand.is_empty()).then(|| self.in_hand.swap_remove(any % self.in_hand.len()))
    }

    /// Workers carry out whatever is left.
    fn ends(mut self) {
        while !self.waiting.is_empty() || !self.in_hand.is_empty() {
            let took = self.take();
            if !took {
                let before = self.in_hand.len();
                self.does(Step::Done(0));
                self.now += Duration::from_millis(5);
                assert!(before > 0 || self.waiting.changes_by_itself(self.now).is_some() || self.only_given_up(), "nothing goes on");
            }
        }
        assert_eq!(self.answered, self.expected, "each was carried out once, except those that were given up");
    }

    fn only_given_up(&self) -> bool {
        let waiting = self.waiting.finishing.iter().chain(&self.waiting.beginning).chain(self.waiting.later.values());
        waiting.into_iter().all(|job| !self.expected.contains(&job.turn) || self.answered.contains(&job.turn))
            || self.waiting.later.keys().any(|(time, _)| *time <= self.now)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_job_is_lost_none_is_carried_out_twice_and_each_has_its_turn(steps in vec(step(), 0..200)) {
        let mut scene = Scene::new();
        for step in steps {
            scene.does(step);
        }
        scene.ends();
    }
}

#[test]
fn what_is_too_much_is_sent_away_and_what_finishes_something_has_a_line_of_its_own() {
    let mut scene = Scene::new();
    for key in 0..2 * LENGTH {
        scene.does(Step::Add { key, purpose: Purpose::Begins, travels: true });
    }
    assert_eq!(scene.expected.len(), LENGTH);
    scene.does(Step::Add { key: 0, purpose: Purpose::Finishes, travels: true });
    assert_eq!(scene.expected.len(), LENGTH + 1);
    scene.ends();
}
