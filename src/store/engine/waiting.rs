//! A priority queue with batches: what waits for a worker, and whose turn it is. (Why so is said in `queue`.)

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::job::Job;
use super::sizes::size_for;
use super::statement::Purpose;

/// For so long after a slow batch every statement goes alone: what was slow is perhaps of one kind only, and another must not hide it.
const ALONE: Duration = Duration::from_secs(1);
/// Workers that are busy at a time while there are batches: two, so that one can gather while the other commits.
const BUSY: usize = 2;
/// Workers that may be at what has met a lock before, and will perhaps meet it again.
const AT_LOCKS: usize = 2;
/// More waiting statements than this are more than can be served in time.
const LENGTH: usize = 1024;
/// A key at which a lock was met makes its next statements go alone for so long: a batch would stop with all its others.
const LOCKED: Duration = Duration::from_secs(60);
/// Keys that this is remembered of.
const LOCKED_KEYS: usize = 256;

/// How much goes on at a time, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Statements of the largest batch.
    pub largest_batch: usize,
    /// Workers that what begins something may have.
    pub beginners: usize,
    /// Batches grow while they take less than this, and are given up when one takes longer. A worker that is held up for
    /// longer does not count as busy.
    pub quick: Duration,
    /// When no worker has been busy for so long, nothing is known of how quick the database is.
    pub rest: Duration,
}

#[derive(Debug)]
pub struct Waiting {
    limits: Limits,
    /// What finishes something that was begun.
    finishing: VecDeque<Job>,
    beginning: VecDeque<Job>,
    /// What has met a lock, by when it is tried again.
    later: BTreeMap<(Instant, u64), Job>,
    /// Whether what was taken last came from there: others have their turn in between.
    was_later: bool,
    /// The keys at which a lock was met, and until when that is remembered.
    locked: HashMap<String, Instant>,
    /// How many may travel together now, of each line: what is quick of the one says nothing of the other.
    finishing_batch: usize,
    beginning_batch: usize,
    /// When these may become more.
    grows_from: Instant,
    in_hand: Vec<InHand>,
    /// When the last of what was in hand came back.
    idle_since: Instant,
    /// Counts what was ever given or put off.
    number: u64,
}

/// What a worker has been given and is not back from.
#[derive(Debug)]
struct InHand {
    number: u64,
    since: Instant,
    came_from: Line,
    /// Only what can travel makes batches grow: of questions, which never do, as many are under way as there are connections.
    could_travel: bool,
}

/// The three lines in which jobs wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Finishing,
    Beginning,
    Later,
}

impl Waiting {
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            finishing: VecDeque::new(),
            beginning: VecDeque::new(),
            later: BTreeMap::new(),
            was_later: false,
            locked: HashMap::new(),
            finishing_batch: 1,
            beginning_batch: 1,
            grows_from: now,
            in_hand: Vec::new(),
            idle_since: now,
            number: 0,
        }
    }

    /// Lets a job wait; not when too many do already.
    pub fn add(&mut self, mut job: Job, now: Instant) -> bool {
        let met_a_lock = |key: &str| self.locked.get(key).is_some_and(|until| now < *until);
        if !self.locked.is_empty() && job.key().is_some_and(met_a_lock) {
            job.goes_alone();
        }
        let line = match job.purpose {
            Purpose::Finishes => &mut self.finishing,
            Purpose::Begins => &mut self.beginning,
        };
        if line.len() >= LENGTH {
            return false;
        }
        line.push_back(job);
        true
    }

    /// Lets it go before all others.
    pub fn add_first(&mut self, job: Job) {
        self.finishing.push_front(job);
    }

    /// Lets what could not be done wait until `time`, perhaps because it has met a lock.
    pub fn add_later(&mut self, job: Job, time: Instant, met_a_lock: bool) {
        if met_a_lock && let Some(key) = job.key() {
            if self.locked.len() >= LOCKED_KEYS {
                self.locked.retain(|_, until| time < *until);
            }
            if self.locked.len() < LOCKED_KEYS {
                self.locked.insert(key.to_owned(), time + LOCKED);
            }
        }
        let number = self.next_number();
        self.later.insert((time, number), job);
    }

    /// Those whose turn it is, if a worker may begin with anything now, and the number under which they are in hand.
    pub fn take(&mut self, now: Instant) -> Option<(u64, Vec<Job>)> {
        if self.in_hand.is_empty() && self.idle_since + self.limits.rest <= now {
            self.go_alone();
        }
        let (came_from, jobs) = if std::mem::take(&mut self.was_later) {
            self.take_waiting(now).or_else(|| self.take_later(now))
        } else {
            self.take_later(now).or_else(|| self.take_waiting(now))
        }?;
        self.was_later = came_from == Line::Later;
        let number = self.next_number();
        let could_travel = jobs.iter().any(|job| job.kind().is_some());
        self.in_hand.push(InHand { number, since: now, came_from, could_travel });
        Some((number, jobs))
    }

    fn take_waiting(&mut self, now: Instant) -> Option<(Line, Vec<Job>)> {
        if self.has_room_for(self.finishing_batch, now)
            && let Some(jobs) = next(&mut self.finishing, self.finishing_batch)
        {
            return Some((Line::Finishing, jobs));
        }
        if self.at(Line::Beginning) >= self.limits.beginners || !self.has_room_for(self.beginning_batch, now) {
            return None;
        }
        next(&mut self.beginning, self.beginning_batch).map(|jobs| (Line::Beginning, jobs))
    }

    fn take_later(&mut self, now: Instant) -> Option<(Line, Vec<Job>)> {
        if self.at(Line::Later) >= AT_LOCKS {
            return None;
        }
        let first = self.later.first_entry().filter(|first| first.key().0 <= now)?;
        Some((Line::Later, vec![first.remove()]))
    }

    /// What was taken under this number is carried out.
    pub fn give_back(&mut self, number: u64, now: Instant) {
        self.idle_since = now;
        let Some(at) = self.in_hand.iter().position(|one| one.number == number) else { return };
        let InHand { since, came_from, could_travel, .. } = self.in_hand.swap_remove(at);
        let batch = match came_from {
            Line::Finishing => &mut self.finishing_batch,
            Line::Beginning => &mut self.beginning_batch,
            // A lock says nothing of how quick the database is.
            Line::Later => return,
        };
        if since + self.limits.quick <= now {
            self.go_alone();
            self.grows_from = now + ALONE;
        } else if could_travel && now >= self.grows_from {
            *batch = (*batch * 2).min(self.limits.largest_batch);
        }
    }

    fn go_alone(&mut self) {
        (self.finishing_batch, self.beginning_batch) = (1, 1);
    }

    /// Whether one more worker may be busy.
    pub fn has_room(&self, now: Instant) -> bool {
        self.has_room_for(self.finishing_batch.min(self.beginning_batch), now)
    }

    /// Whether another may be for what travels in batches of this size.
    fn has_room_for(&self, batch: usize, now: Instant) -> bool {
        batch == 1 || self.busy().filter(|since| now < *since + self.limits.quick).count() < BUSY
    }

    /// Since when the workers have been at it that take a place.
    fn busy(&self) -> impl Iterator<Item = Instant> {
        self.in_hand.iter().filter(|one| one.came_from != Line::Later).map(|one| one.since)
    }

    /// How many workers are at something from this line.
    fn at(&self, line: Line) -> usize {
        self.in_hand.iter().filter(|one| one.came_from == line).count()
    }

    /// When there may be something to do without a statement coming or going: a pause is over, or a busy worker has become one
    /// that is held up.
    pub fn changes_by_itself(&self, now: Instant) -> Option<Instant> {
        let pause_over = self.later.keys().next().map(|(time, _)| *time).filter(|_| self.at(Line::Later) < AT_LOCKS);
        let somebody_waits = !(self.finishing.is_empty() && self.beginning.is_empty());
        let held_up = self.busy().map(|since| since + self.limits.quick).filter(|time| somebody_waits && *time > now).min();
        pause_over.into_iter().chain(held_up).min()
    }

    pub fn is_empty(&self) -> bool {
        self.finishing.is_empty() && self.beginning.is_empty() && self.later.is_empty()
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

/// The first that its caller has not given up, and those behind it that may travel with it: as many as there are statements for.
/// Those that are too many go first next time.
fn next(line: &mut VecDeque<Job>, largest_batch: usize) -> Option<Vec<Job>> {
    let first = std::iter::from_fn(|| line.pop_front()).find(Job::is_wanted)?;
    let kind = first.kind();
    let mut batch = vec![first];
    if kind.is_some() && largest_batch > 1 {
        for job in std::mem::take(line) {
            // Two changes of one key come one after the other.
            let joins = batch.len() < largest_batch && job.kind() == kind && !batch.iter().any(|other| other.key() == job.key());
            if joins { batch.push(job) } else { line.push_back(job) }
        }
        for job in batch.drain(size_for(batch.len())..).rev() {
            line.push_front(job);
        }
        let mut place = 0;
        batch.retain(|job| std::mem::replace(&mut place, 1) == 0 || job.is_wanted());
    }
    Some(batch)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
