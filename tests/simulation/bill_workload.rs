//! The workload of bills: days pass, instances' bookkeepers look, operators ask for a bill again or explain what differs, other systems
//! sell under the same merchant numbers. And the end of every history: its bills, honest and in time.

use chrono::TimeDelta;
use wechat_pay::deal::{AccountId, Day, Reach, Takings, TakingsWish};
use wechat_pay::gateway::{Fetch, Gateway, ReconcileError};

use super::bill_calls::Lie;
use super::bill_invariants::FOREIGN;
use super::history::History;
use super::network::Call;
use super::requests::RequestKind;
use super::support::random::Random;

/// Days that pass in the midst of one history.
const DAYS: usize = 3;
/// Other systems' orders of one history.
const STRANGERS: usize = 2;
/// What an instance does at one look, at most.
const AT_ONE_LOOK: usize = 100;
/// From midnight until a bookkeeper looks at the bills of the day before.
const MORNING: TimeDelta = TimeDelta::minutes(10 * 60 + 31);

/// What is done about bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bookkeeping {
    /// An instance looks whether a bill is due.
    Look,
    /// An operator wants the bill of a day.
    Reconcile(AccountId, Day, Fetch),
    /// An operator says why something differs.
    Explain(i64),
}

/// How bills are kept in one history. Chance is its own, so that the rest goes on as if there were none.
pub struct Bookkeepers {
    pub random: Random,
    /// Whether anybody keeps books before the end.
    pub are_at_work: bool,
    /// So many bills in a thousand lie.
    lying: usize,
    days: usize,
    strangers: usize,
}

impl Bookkeepers {
    pub fn of(seed: u64, is_flood: bool) -> Self {
        let random = Random::new(seed ^ 0xb111);
        let are_at_work = !is_flood && random.happens(400);
        let lying = if are_at_work { random.one_of(&[0, 250, 250, 500]) } else { 0 };
        Self { random, are_at_work, lying, days: 0, strangers: 0 }
    }
}

impl History<'_> {
    /// One action, drawn by chance.
    pub async fn keep_books(&mut self) {
        let draw = self.books.random.below(100);
        match draw {
            0..28 if self.books.days < DAYS => self.a_day_passes().await,
            0..55 => self.bookkeepers_look().await,
            55..75 => self.operator_reconciles().await,
            75..85 => self.operator_explains().await,
            85..92 => self.stranger_sells().await,
            _ => {
                // So that a lease is over, or what was missing is asked for again.
                let minutes = self.books.random.one_of(&[1, 6, 61]);
                self.advance(60 * minutes).await;
                self.bookkeepers_look().await;
            }
        }
    }

    async fn a_day_passes(&mut self) {
        let morning = Day::of(self.now()).next().begins() + MORNING;
        self.books.days += 1;
        self.count("days", 1);
        self.advance((morning - self.now()).num_seconds()).await;
        self.bookkeepers_look().await;
    }

    /// One, or two beside each other.
    async fn bookkeepers_look(&mut self) {
        for _ in 0..self.books.random.one_of(&[1, 1, 2]) {
            let Some(number) = self.bookkeeper() else { return };
            self.keep(number, Bookkeeping::Look).await;
        }
        // Some of it at once, before anything else happens.
        for _ in 0..self.books.random.below(40) {
            let waiting = self.scheduler.waiting().len();
            if waiting > 0 {
                let place = self.books.random.below(waiting);
                self.let_through(place).await;
            }
        }
    }

    fn bookkeeper(&self) -> Option<usize> {
        let numbers: Vec<_> = self.instances.iter().flatten().map(|instance| instance.number).collect();
        (!numbers.is_empty()).then(|| self.books.random.one_of(&numbers))
    }

    async fn operator_reconciles(&mut self) {
        let Some(number) = self.bookkeeper() else { return };
        let days = days_from(self.beginning(), Day::of(self.now()).before(1));
        if days.is_empty() {
            return;
        }
        let accounts: Vec<_> = self.network.merchants.iter().map(|merchant| merchant.account.clone()).collect();
        let (account, day) = (self.books.random.one_of(&accounts), self.books.random.one_of(&days));
        let fetch = if self.books.random.happens(700) { Fetch::Again } else { Fetch::IfMissing };
        self.keep(number, Bookkeeping::Reconcile(account, day, fetch)).await;
    }

    async fn operator_explains(&mut self) {
        let open: Vec<_> = self.invariants.bills.differences.values().filter(|row| row.state == "OPEN").map(|row| row.id).collect();
        if let Some(number) = self.bookkeeper().filter(|_| !open.is_empty()) {
            let id = self.books.random.one_of(&open);
            self.keep(number, Bookkeeping::Explain(id)).await;
        }
    }

    async fn stranger_sells(&mut self) {
        let requests: Vec<_> = self.invariants.rows.values().map(|row| row.request.clone()).collect();
        if requests.is_empty() || self.books.strangers >= STRANGERS {
            return;
        }
        self.books.strangers += 1;
        let (request, prefix) = (self.books.random.one_of(&requests), self.books.random.one_of(&[FOREIGN, "POS-"]));
        let (order_id, now) = (format!("{prefix}{}", self.books.strangers), self.now());
        let is_paid = self.network.stranger_sells(&request, &order_id, now);
        self.count("orders of strangers", u64::from(is_paid));
        self.step(&format!("another system sells {order_id}: {is_paid}")).await;
    }

    /// An instance does something about bills.
    pub async fn keep(&mut self, number: usize, what: Bookkeeping) {
        let Some(instance) = self.instances.iter().flatten().find(|instance| instance.number == number) else { return };
        let (gateway, configuration, wish) = (instance.gateway.clone(), instance.configuration.clone(), what.clone());
        let task = tokio::spawn(async move {
            let outcome = match wish {
                Bookkeeping::Look => look(&gateway).await,
                Bookkeeping::Reconcile(account, day, fetch) => {
                    gateway.reconcile(&account, day, fetch).await.map(|bill| format!("{} {} open", bill.state.as_str(), bill.open))
                }
                Bookkeeping::Explain(id) => {
                    let told = gateway.explain_difference(id, "staff", &"已核对".parse().unwrap(), &Reach::default()).await;
                    return told.map_or_else(|error| (409, error.to_string()), |told| (200, told.found.subject));
                }
            };
            outcome.map_or_else(|error| (503, error.to_string()), |told| (200, told))
        });
        self.sent += 1;
        let line = format!("{} i{number}: {what:?}", self.sent);
        self.requests.push(self.pending(number, configuration, RequestKind::Books(what), task));
        self.step(&line).await;
    }

    /// What becomes of a call for a bill.
    pub fn draw_bill_call(&mut self, api: &str, request: &str) -> Call {
        const WRONG: [Call; 7] =
            [Call::Unreachable, Call::Limited, Call::Lost, Call::ReplyLost, Call::Late, Call::Html, Call::SystemErrorYetDone];
        if self.books.random.happens(140 * self.fault_rate) {
            return self.books.random.one_of(&WRONG);
        }
        // Most days of a history are without trades, and about nothing there is little to lie.
        let has_trades = api == "downloadbill" && self.network.has_trades(request, self.now());
        let lying = if has_trades { (2 * self.books.lying).min(800) } else { self.books.lying / 2 };
        if !self.books.random.happens(lying) {
            return Call::Answered;
        }
        self.count("bills that lie", 1);
        Call::Lying(Lie::draw(api, &self.books.random))
    }

    fn beginning(&self) -> Day {
        Day::of(super::history::BEGINNING.parse().unwrap())
    }

    /// The faults are over: the bill of each day is there in the morning behind it, whatever was kept before is asked for again, and all
    /// of them are what WeChat's books say.
    pub async fn close_the_books(&mut self) {
        self.books.lying = 0;
        self.invariants.bills.is_kept = true;
        let days = days_from(self.beginning(), Day::of(self.now()));
        let morning = days.last().expect("the first day").next().begins() + MORNING;
        self.advance((morning - self.now()).num_seconds()).await;
        let number = self.bookkeeper().expect("an instance");
        self.keep_undisturbed(number, Bookkeeping::Look).await;
        let accounts: Vec<_> = self.network.merchants.iter().map(|merchant| merchant.account.clone()).collect();
        for account in accounts {
            for day in &days {
                let was_looked_at = self.invariants.bills.of_day(account.as_str(), &day.to_string()).is_some();
                if self.books.are_at_work || !was_looked_at {
                    self.keep_undisturbed(number, Bookkeeping::Reconcile(account.clone(), *day, Fetch::Again)).await;
                }
            }
        }
        self.check_closed_books(&days).await;
        self.count_bills();
    }

    /// The same, and nothing stops the instance on its way to the database: of what can go wrong there enough was seen.
    async fn keep_undisturbed(&mut self, number: usize, what: Bookkeeping) {
        self.scheduler.is_starting(number);
        self.invariants.bills.undisturbed = true;
        self.keep(number, what).await;
        self.drain().await;
        self.invariants.bills.undisturbed = false;
        self.scheduler.is_starting(0);
    }

    /// What the deals have brought in.
    pub async fn undisturbed_takings(&self, wish: &TakingsWish) -> Takings {
        let instance = self.instances.iter().flatten().next().expect("an instance");
        self.scheduler.is_starting(instance.number);
        let takings = instance.gateway.takings(wish).await;
        self.scheduler.is_starting(0);
        takings.expect("takings").expect("of few accounts")
    }

    fn count_bills(&mut self) {
        let bills = &self.invariants.bills;
        let of_outcome = |outcome: &str| bills.rows.values().filter(|row| row.outcome.as_deref() == Some(outcome)).count() as u64;
        let counts = [
            ("bills", of_outcome("compared")),
            ("bills of days without trades", of_outcome("no_trades")),
            ("differences explained by operators", bills.differences.values().filter(|row| row.is_noted()).count() as u64),
        ];
        let kinds: Vec<_> = bills.differences.values().map(|row| counted(&row.kind, &row.state)).collect();
        for (what, times) in counts.into_iter().chain(kinds.into_iter().map(|what| (what, 1))) {
            self.count(what, times);
        }
    }
}

fn counted(kind: &str, state: &str) -> &'static str {
    match (kind, state) {
        ("PAID_THERE_ONLY", "HEALED") => "PAID_THERE_ONLY healed",
        ("PAID_THERE_ONLY", _) => "PAID_THERE_ONLY",
        ("PAID_HERE_ONLY", _) => "PAID_HERE_ONLY",
        ("AMOUNT", _) => "AMOUNT",
        ("SECOND_TRANSACTION", "EXPLAINED") => "SECOND_TRANSACTION that goes back",
        ("SECOND_TRANSACTION", _) => "SECOND_TRANSACTION",
        ("UNKNOWN_ORDER", "OPEN") => "UNKNOWN_ORDER",
        ("UNKNOWN_ORDER", _) => "UNKNOWN_ORDER explained or gone",
        ("REFUND_THERE_ONLY", "HEALED") => "REFUND_THERE_ONLY healed",
        ("REFUND_THERE_ONLY", _) => "REFUND_THERE_ONLY",
        ("REFUND_HERE_ONLY", "HEALED") => "REFUND_HERE_ONLY healed",
        ("REFUND_HERE_ONLY", _) => "REFUND_HERE_ONLY",
        ("REFUND_AMOUNT", _) => "REFUND_AMOUNT",
        ("SUMMARY", _) => "SUMMARY",
        _ => panic!("an unknown kind of difference: {kind} {state}"),
    }
}

/// As the bookkeeper does it.
async fn look(gateway: &Gateway) -> Result<String, ReconcileError> {
    if let Err(error) = gateway.plan_bills().await {
        return Ok(format!("no plan: {error}"));
    }
    let mut reconciled = 0;
    for _ in 0..AT_ONE_LOOK {
        match gateway.reconcile_due().await {
            Ok(true) => reconciled += 1,
            Ok(false) => break,
            Err(ReconcileError::TakenOver) => {}
            Err(error) => return Err(error),
        }
    }
    gateway.prune_bill_files().await?;
    Ok(format!("{reconciled} reconciled"))
}

/// Both counted.
fn days_from(first: Day, last: Day) -> Vec<Day> {
    std::iter::successors(Some(first), |day| Some(day.next())).take_while(|day| *day <= last).collect()
}
