//! One history: what belongs to it, and its course.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use wechat_pay::clock::Clock;
use wechat_pay::config::Settings;
use wechat_pay::deal::{AccountId, RefundState, Timestamp};
use wechat_pay::gateway::{AutomaticRefunds, BillTerms, RefundTerms};
use wechat_pay::simulator::Notify;

use super::bill_invariants::FOREIGN;
use super::bill_workload::Bookkeepers;
use super::checkout_rows::Checkouts;
use super::configuration::Configuration;
use super::endpoints::Endpoints;
use super::instance::{self, Instance, settings};
use super::invariants::Invariants;
use super::locks::Locks;
use super::merchants::Merchants;
use super::network::Network;
use super::outbox_rows::Outbox;
use super::requests::{FrontEnds, PendingRequest};
use super::scheduler::{Quiescence, Scheduler};
use super::support::random::Random;
use super::sweep_overload;
use super::telling::Reader;
use super::template::Template;

/// Noon in Beijing.
pub const BEGINNING: &str = "2026-04-01T04:00:00Z";

/// What a history is remembered by.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Of everything that happened, in its order.
    pub hash: u64,
    pub histories: u64,
    pub steps: u64,
    pub deals: u64,
    /// How often something happened.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Summary {
    pub fn add(&mut self, other: &Self) {
        self.histories += 1;
        self.steps += other.steps;
        self.deals += other.deals;
        for (what, count) in &other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }

    /// Whether everything happened that the invariants are about.
    pub fn shows_everything(&self) -> bool {
        let kinds = [
            "paid",
            "expired",
            "killed",
            "frozen",
            "hung up",
            "statement lost",
            "commit unheard",
            "reply lost",
            "lock met",
            "acknowledged",
            "not believed",
            "batches",
            "decided elsewhere",
            "clocks apart",
            "floods",
            "told of a refund",
            "evil",
            "same transaction in two accounts",
            "accounts gone",
            "accounts back",
            "decided without an account",
            "decided beside an instance without an account",
            "keys changed",
            "sellers moved",
            "repeats after a move",
            "refunds arrived",
            "refunds closed",
            "refunds refused by the bank",
            "refunds failed",
            "refunds by others",
            "refunds of second payments",
            "forged notifications of refunds",
            "events told",
            "refunds told",
            "alarms told",
            "events refused",
            "events unanswered",
            "answers of endpoints lost",
            "endpoints gone",
            "events delivered again",
            "events given up",
            "checkouts",
            "checkouts paid",
            "checkouts paid in two ways",
            "checkouts given up",
            "orders of paid checkouts closed",
            "pages of settled checkouts",
        ];
        kinds.iter().all(|what| self.counts.contains_key(what))
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} histories, {} steps, {} deals, {:?}", self.histories, self.steps, self.deals, self.counts)
    }
}

pub struct History<'a> {
    pub random: Random,
    pub clock: Clock,
    pub scheduler: Scheduler,
    pub network: Network,
    pub invariants: Invariants,
    pub settings: Settings,
    /// The merchant's, in a third of the histories.
    pub endpoints: Endpoints,
    pub reader: Reader,
    pub books: Bookkeepers,
    /// `None`: it was killed and has not been started again.
    pub instances: Vec<Option<Instance>>,
    pub started: usize,
    pub requests: Vec<PendingRequest>,
    pub sent: usize,
    pub front_ends: FrontEnds,
    /// A process that stands still: whatever it has under way takes no notice of time.
    pub frozen: Option<usize>,
    pub locks: Locks,
    /// How much goes wrong: a factor of the chances for it.
    pub fault_rate: usize,
    /// Whether more comes due than the budget bears.
    pub is_flood: bool,
    /// Whether a merchant of ours has turned evil.
    pub is_evil: bool,
    /// The account that may be taken out of the configuration.
    pub vanishing: Option<AccountId>,
    /// Whether a seller may move to another account.
    pub has_a_mover: bool,
    /// What instances are started with now.
    pub configuration: Configuration,
    /// Calls to WeChat through each account, in the present pass of a flood.
    pub calls: BTreeMap<AccountId, usize>,
    /// How often a statement was not carried out, or too late.
    pub faults: u64,
    pub summary: Summary,
    hasher: DefaultHasher,
    trace: &'a Mutex<Vec<String>>,
}

impl<'a> History<'a> {
    /// Lives through the history of a seed. Panics if something does not hold.
    pub fn live(template: &Template, seed: u64, trace: &'a Mutex<Vec<String>>) -> Summary {
        let quiescence = Arc::new(Quiescence::default());
        let watched = Arc::clone(&quiescence);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().on_thread_park(move || watched.nothing_to_do()).build().unwrap();
        let database = template.database(&format!("{seed}-{:?}.db", std::thread::current().id()));
        runtime.block_on(async {
            let mut history = Self::begin(seed, &database.url(), quiescence, trace).await;
            history.run().await;
            history.end().await;
            history.summary
        })
    }

    async fn begin(seed: u64, url: &str, quiescence: Arc<Quiescence>, trace: &'a Mutex<Vec<String>>) -> Self {
        let random = Random::new(seed);
        let clock = Clock::simulated(BEGINNING.parse().unwrap());
        let is_flood = random.happens(30);
        let mut settings =
            if is_flood { sweep_overload::settings(url) } else { settings(url, random.one_of(&[60, 300, 400, 900, 7200]), 600) };
        settings.terms.refund = refund_terms(&random);
        settings.terms.bill = BillTerms { foreign_prefixes: vec![FOREIGN.to_owned()], ..BillTerms::default() };
        // By a sequence of its own, so that histories without checkouts are what they would be if there were none.
        let has_checkouts = !is_flood && Random::new(!seed).happens(330);
        if has_checkouts {
            instance::offer_checkouts(&mut settings);
        }
        let merchants = Merchants::of(&settings);
        // Half of the time the change of a key is over, but for the previous one, which is believed for good.
        let has_new_key = is_flood || random.happens(500);
        let fault_rate = if is_flood { 0 } else { random.one_of(&[0, 1, 1, 3]) };
        let endpoints = if !is_flood && random.happens(330) { Endpoints::draw(&random, fault_rate) } else { Endpoints::default() };
        let mut history = Self {
            scheduler: Scheduler::new(clock.clone(), quiescence),
            invariants: Invariants::open(url, &merchants).await,
            network: Network::new(merchants, has_new_key, &random),
            instances: Vec::new(),
            started: 0,
            requests: Vec::new(),
            sent: 0,
            front_ends: FrontEnds::default(),
            frozen: None,
            fault_rate,
            endpoints,
            reader: Reader::default(),
            books: Bookkeepers::of(seed, is_flood),
            is_flood,
            is_evil: false,
            vanishing: random.happens(200).then(|| random.one_of(&["shop2", "sub"]).parse().unwrap()),
            has_a_mover: random.happens(600),
            configuration: Configuration { lacks: None, has_new_key, has_moved: false },
            calls: BTreeMap::new(),
            locks: Locks::default(),
            faults: 0,
            summary: Summary::default(),
            hasher: DefaultHasher::new(),
            clock,
            settings,
            random,
            trace,
        };
        history.network.write_bills(&history.books.random);
        history.invariants.bills.is_kept = history.books.are_at_work;
        if history.is_telling() {
            history.invariants.outbox = Some(Outbox::default());
        }
        if has_checkouts {
            history.invariants.checkouts = Some(Checkouts::default());
        }
        for _ in 0..=history.random.below(2) {
            let instance = history.start_instance(history.is_flood).await;
            history.instances.push(Some(instance));
        }
        history.step("it begins").await;
        history
    }

    /// One more process, on a machine whose clock may be another than the database's.
    pub async fn start_instance(&mut self, is_right: bool) -> Instance {
        self.started += 1;
        let skew = if is_right { 0 } else { self.random.one_of(&[0, 0, 0, 0, -3, 3, -45, 45, -7500, 7500]) };
        self.count("clocks apart", u64::from(skew != 0));
        let clock = Clock::simulated_beside(self.now() + TimeDelta::seconds(skew), &self.clock);
        let (configuration, seed) = (self.configuration.clone(), self.random.seed());
        Instance::start(self.started, &self.settings, configuration, clock, seed, &self.scheduler, &self.endpoints).await
    }

    async fn run(&mut self) {
        if self.is_flood {
            return self.flood().await;
        }
        if self.random.happens(if self.is_telling() { 700 } else { 400 }) {
            self.begin_paid().await;
        }
        if self.invariants.checkouts.is_some() && self.random.happens(700) {
            self.begin_checkout().await;
        }
        let moves = if self.is_telling() { 35 } else { 20 } + self.random.below(32);
        let mut made = 0;
        // Some merchants turn evil on the way.
        let evil_from = if self.random.happens(400) { self.random.below(moves) } else { moves };
        while made < moves {
            self.is_evil = made >= evil_from;
            let waiting = self.scheduler.waiting().len();
            // The more are under way, the likelier one of them goes on.
            if waiting > 0 && self.random.below(1000) > 250 / waiting.min(4) {
                let place = self.random.below(waiting);
                self.let_through(place).await;
            } else {
                self.act().await;
                made += 1;
            }
        }
    }

    /// The faults end, and from then on everything happens in time.
    async fn end(&mut self) {
        self.fault_rate = 0;
        self.locks.end(self.now());
        self.network.refuse_refunds(None);
        self.note("the faults end");
        self.drain().await;
        while let Some(late) = self.network.next_late_arrival() {
            self.advance((late - self.now()).num_seconds().max(0) + 1).await;
        }
        self.drain().await;
        // Half of the time the notifications help, otherwise the sweeper is alone.
        let notifications_arrive = self.random.happens(500);
        self.configuration.has_new_key = true;
        if self.configuration.lacks.is_some() {
            let here = self.random.below(self.instances.len() + 1).max(1);
            let beside = here < self.instances.len();
            self.count(if beside { "decided beside an instance without an account" } else { "decided without an account" }, 1);
            self.decide_all(here, notifications_arrive).await;
            self.configuration.lacks = None;
        }
        self.decide_all(0, notifications_arrive).await;
        self.decide_refunds(notifications_arrive).await;
        self.close_the_books().await;
        // What a bill has made known of others' refunds.
        self.decide_refunds(notifications_arrive).await;
        self.tell_everything().await;
        // One pass more takes what another program has decided off the line.
        self.advance(7200).await;
        self.each_sweeps().await;
        self.invariants.check_end(&self.network);
        self.invariants.check_end_of_refunds(&self.network);
        self.invariants.check_end_of_checkouts(&self.network).await;
        self.count_checkouts();
        self.count_refunds();
        let refunded = self.invariants.rows.values().filter(|row| row.refunded_at.is_some()).count();
        self.count("told of a refund", refunded as u64);
        let (mut paid, mut expired) = (0, 0);
        for row in self.invariants.rows.values() {
            if row.status == 1 { paid += 1 } else { expired += 1 }
        }
        self.count("paid", paid);
        self.count("expired", expired);
        self.summary.deals = paid + expired;
        self.summary.hash = self.hasher.finish();
    }

    /// Every deal is decided in time whose account the configuration of any instance has; the first `lacking` instances have not
    /// the one that is lacking now.
    async fn decide_all(&mut self, lacking: usize, notifications_arrive: bool) {
        self.start_what_is_unfit(lacking).await;
        let absent = if lacking < self.instances.len() { None } else { self.configuration.lacks.clone() };
        let since = self.now();
        for _ in 0..400 {
            self.invariants.check_in_time(&self.network, absent.as_ref(), since, self.now());
            self.hear_notifications(notifications_arrive).await;
            let undecided = self.invariants.undecided_but(absent.as_ref());
            let Some(due) = undecided.map(|row| row.due_at.unwrap_or(Timestamp::MAX_UTC)).min() else { break };
            let step = due.min(self.now() + TimeDelta::minutes(5)) - self.now();
            // An overdue look is leased to an instance, until the lease is over.
            self.advance(step.num_seconds().max(20)).await;
            let begun = self.now();
            self.each_sweeps().await;
            self.invariants.check_looked_at(absent.as_ref(), begun);
        }
    }

    /// Every refund is decided in time, and what WeChat has told of others' is booked.
    async fn decide_refunds(&mut self, notifications_arrive: bool) {
        let (since, planned) = (self.now(), self.invariants.planned_refunds());
        for _ in 0..400 {
            self.invariants.check_refunds_in_time(&self.network, &planned, since, self.now());
            let Some(due) = self.invariants.next_refund_step() else { break };
            self.advance((due - self.now()).num_seconds().max(20)).await;
            self.hear_notifications(notifications_arrive).await;
            self.each_sweeps().await;
        }
    }

    /// WeChat posts what is due, and is heard or not.
    pub async fn hear_notifications(&mut self, notifications_arrive: bool) {
        self.network.post(self.now(), Notify::Normal);
        while let Some(posted) = self.network.notifications.pop() {
            if notifications_arrive {
                self.deliver(posted).await;
            } else {
                self.network.answered(posted, None, false, self.clock.now());
            }
        }
        self.drain().await;
    }

    fn count_refunds(&mut self) {
        let rows: Vec<_> = self.invariants.refunds.values().cloned().collect();
        for row in rows {
            self.count("refunds", 1);
            self.count(
                match row.state {
                    RefundState::Processing => "refunds undecided",
                    RefundState::Success => "refunds arrived",
                    RefundState::Closed => "refunds closed",
                    RefundState::Abnormal => "refunds refused by the bank",
                    RefundState::Failed => "refunds failed",
                },
                1,
            );
            self.count("refunds of second payments", u64::from(row.is_of_second_payment));
            self.count("refunds by others", u64::from(row.is_by_others()));
        }
    }

    /// One pass of each instance, one after the other.
    async fn each_sweeps(&mut self) {
        let numbers: Vec<_> = self.instances.iter().flatten().map(|instance| instance.number).collect();
        for number in numbers {
            self.sweep_by(number, 100).await;
            self.drain().await;
        }
    }

    /// What was killed is started again, clocks are put right, and each instance has the accounts that its configuration has now.
    async fn start_what_is_unfit(&mut self, lacking: usize) {
        let present = self.configuration.clone();
        for place in 0..self.instances.len() {
            let lacks = present.lacks.clone().filter(|_| place < lacking);
            self.configuration = Configuration { lacks, ..present.clone() };
            let is_fit = |instance: &Instance| instance.is_ready(self.now()) && instance.configuration == self.configuration;
            if !self.instances[place].as_ref().is_some_and(is_fit) {
                let instance = self.start_instance(true).await;
                self.instances[place] = Some(instance);
            }
        }
        self.configuration = present;
    }

    /// All clocks go on together.
    pub fn tick(&mut self, by: TimeDelta) {
        self.clock.advance(by);
        for instance in self.instances.iter().flatten() {
            instance.clock.advance(by);
        }
    }

    /// How long until the next pause of an instance is over.
    pub fn next_pause_over(&self) -> Option<TimeDelta> {
        self.instances.iter().flatten().filter_map(|instance| Some(instance.clock.next_pause_over()? - instance.clock.now())).min()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn count(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            *self.summary.counts.entry(what).or_default() += times;
        }
    }

    /// Writes a line of the history.
    pub fn note(&mut self, line: &str) {
        let line = format!("{} {line}", self.now().format("%d %H:%M:%S%.3f"));
        line.hash(&mut self.hasher);
        self.trace.lock().unwrap().push(line);
    }

    /// What was done has its consequences; then everything is looked at.
    pub async fn step(&mut self, line: &str) {
        self.note(line);
        self.summary.steps += 1;
        self.scheduler.quiescent().await;
        let now = self.now();
        self.invariants.read(now).await;
        for row in self.invariants.rows.values() {
            row.hash(&mut self.hasher);
        }
        for row in self.invariants.refunds.values() {
            row.hash(&mut self.hasher);
        }
        for row in self.invariants.checkouts.iter().flat_map(|checkouts| checkouts.rows.values()) {
            row.hash(&mut self.hasher);
        }
        self.invariants.bills.rows.hash(&mut self.hasher);
        self.invariants.bills.differences.hash(&mut self.hasher);
        if let Some(outbox) = &self.invariants.outbox {
            outbox.events.hash(&mut self.hasher);
            outbox.deliveries.hash(&mut self.hasher);
        }
        self.note_pauses();
        self.invariants.check_outbox(&self.endpoints);
        self.hear_answers().await;
        self.invariants.check(&self.network);
        self.invariants.check_bills(&self.network);
        if self.requests.is_empty() && self.scheduler.waiting().is_empty() && self.next_pause_over().is_none() {
            let dead = self.invariants.dead_links(&self.network);
            self.count("steps with a dead link", dead);
        }
    }
}

/// What this history's operator has chosen about refunds.
fn refund_terms(random: &Random) -> RefundTerms {
    let (second, late) = random.one_of(&[(false, false), (true, false), (true, true)]);
    RefundTerms { automatic: AutomaticRefunds { second, late }, min_interval: TimeDelta::seconds(random.one_of(&[0, 60])) }
}
