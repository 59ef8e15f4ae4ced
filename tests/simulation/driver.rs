//! What drives a history on: time passes, what waits is let through, answers are heard.

use chrono::TimeDelta;
use wechat_pay::channel::wechat::v2::{Fields, xml};
use wechat_pay::deal::{AccountId, Timestamp};
use wechat_pay::store::Fault;

use super::bill_calls::APIS;
use super::bill_rows::Acting;
use super::history::History;
use super::merchants::is_named;
use super::network::Call;
use super::requests::{RequestKind, acknowledged};
use super::scheduler::{Reply, Waiting, What};
use super::telling::POST;

/// A statement that is not through by then has taken too long for its worker.
const STATEMENT: TimeDelta = TimeDelta::seconds(2);
/// Between a lock that was met and the next try.
const PAUSE: TimeDelta = TimeDelta::milliseconds(150);
/// The longest that a call may take.
pub const CALL: TimeDelta = TimeDelta::seconds(6);

impl History<'_> {
    /// Time passes, with everything that happens meanwhile.
    pub async fn advance(&mut self, seconds: i64) {
        let until = self.now() + TimeDelta::seconds(seconds);
        self.note(&format!("{seconds} s pass"));
        while self.now() < until {
            let overdue =
                self.scheduler.waiting().iter().filter(|one| !self.is_frozen(one)).map(|one| one.since + patience(&one.what)).min();
            let pause_over = self.next_pause_over().map(|wait| self.now() + wait);
            let next = [overdue, pause_over, self.network.next_late_arrival()].into_iter().flatten().fold(until, Timestamp::min);
            self.tick((next - self.now()).max(TimeDelta::zero()));
            let arrived = self.network.late_arrivals(self.clock.now());
            self.step(&format!("{arrived} requests arrive late")).await;
            loop {
                let overdue = |one: &Waiting| !self.is_frozen(one) && one.since + patience(&one.what) <= self.now();
                let Some(place) = self.scheduler.waiting().iter().position(overdue) else { break };
                if self.random.happens(500) {
                    self.let_through(place).await;
                } else {
                    self.time_out(place).await;
                }
            }
        }
    }

    fn is_frozen(&self, one: &Waiting) -> bool {
        self.frozen == Some(one.instance)
    }

    async fn time_out(&mut self, place: usize) {
        let waiting = self.scheduler.take(place);
        self.acts(&waiting);
        let carried_out = self.random.happens(500);
        let line = match waiting.what {
            What::Statement { tried, go } => {
                self.faults += 1;
                let _ = go.send(Fault::TooSlow { carried_out });
                format!("i{}: {} takes too long, carried out: {carried_out}", waiting.instance, tried.name)
            }
            What::Call { api, request, go, .. } => {
                let call = if carried_out { Call::ReplyLost } else { Call::Late };
                let _ = go.send(self.carry(call, api, &request, waiting.since));
                format!("i{}: {api} takes too long: {call:?}", waiting.instance)
            }
            What::Post { request, go } => {
                let _ = go.send(self.lose_post(&request, carried_out));
                format!("i{}: {} takes too long, arrived: {carried_out}", waiting.instance, request.endpoint)
            }
        };
        self.step(&line).await;
    }

    /// One that waits goes on, or meets its fault.
    pub async fn let_through(&mut self, place: usize) {
        let waiting = self.scheduler.take(place);
        self.acts(&waiting);
        let line = match waiting.what {
            What::Statement { tried, go } => {
                self.count("batches", u64::from(tried.statements > 1));
                let fault = if self.locks.stop(&tried, self.now()) { self.meet_a_lock() } else { self.draw_fault() };
                let _ = go.send(fault);
                format!("i{}: {}: {fault:?}", waiting.instance, tried.name)
            }
            What::Call { api, request, go, .. } => {
                if api == "closeorder" {
                    self.check_close(&request, waiting.since);
                }
                let call = self.draw_call(api, &request);
                let _ = go.send(self.carry(call, api, &request, waiting.since));
                format!("i{}: {api}: {call:?}", waiting.instance)
            }
            What::Post { request, go } => {
                let answer = self.carry_post(waiting.instance, &request);
                let line = format!("i{}: {}: {answer:?}", waiting.instance, request.endpoint);
                let _ = go.send(answer);
                line
            }
        };
        self.step(&line).await;
    }

    /// Takes note of which instance's statement goes through next.
    pub fn acts(&mut self, waiting: &Waiting) {
        let statement = if let What::Statement { tried, .. } = &waiting.what { tried.name } else { "" };
        self.invariants.bills.acting = Some(Acting { instance: waiting.instance, statement });
    }

    /// A call reaches WeChat, or does not: whatever becomes of it, it must be in the name of the account of its deal or refund.
    pub fn carry(&mut self, call: Call, api: &'static str, request: &str, since: Timestamp) -> Reply {
        let fields = xml::parse(request.as_bytes()).unwrap();
        if api == "refund" {
            self.check_refund_request(&fields);
        }
        let account = if APIS.contains(&api) { self.network.bill_account(&fields) } else { self.account_of(&fields) };
        self.network.check_merchant(&account, &fields);
        *self.calls.entry(account).or_default() += 1;
        self.network.carry(call, api, request, since, self.clock.now(), &self.random)
    }

    /// Invariant 12: whatever was stored before the first request of a refund is what each of its requests says.
    fn check_refund_request(&self, request: &Fields) {
        let number = request.get("out_refund_no").unwrap_or_default();
        let row = self.invariants.refunds.get(number);
        let row = row.unwrap_or_else(|| panic!("invariant 12: a request under a number that no row has: {number}"));
        let stored = xml::parse(row.request.as_deref().unwrap_or_default().as_bytes()).expect("invariant 12: a request that is stored");
        let unsigned = |fields: &Fields| fields.iter().filter(|(name, _)| *name != "sign").collect::<Fields>();
        assert_eq!(unsigned(request), unsigned(&stored), "invariant 12: another request than the stored one: {row:?}");
    }

    /// The account that a call is about: its deal's, or its refund's. A notification may name a refund that is in no book; whose it is,
    /// only the numbers say then.
    fn account_of(&self, request: &Fields) -> AccountId {
        let refund = request.get("out_refund_no").and_then(|number| self.invariants.refunds.get(number));
        let deal = || request.get("out_trade_no").and_then(|number| self.invariants.rows.get(number));
        if let Some(account) = refund.map(|row| &row.account).or_else(|| deal().map(|row| &row.account)) {
            return account.clone();
        }
        assert!(request.contains("out_refund_no"), "invariant 1: a request about a deal of ours");
        let merchant = self.network.merchants.iter().find(|merchant| is_named(merchant, request));
        merchant.expect("invariant 11: a request in the name of an account of ours").account.clone()
    }

    /// To close cannot be taken back: a till has asked for it, nobody is to pay its checkout any more, or the deal's time was over by the
    /// clock that all share.
    fn check_close(&self, request: &str, asked_at: Timestamp) {
        let row = self.invariants.rows.values().find(|row| request.contains(&row.order_id)).expect("a request about a deal of ours");
        let is_over = asked_at >= row.expires_at;
        let is_unwanted = self.invariants.is_unwanted(row) || self.front_ends.given_up.contains(&row.order_id);
        assert!(is_over || is_unwanted, "invariant 5: closed at {asked_at}, before its end: {row:?}");
    }

    /// Time passes before it comes back.
    fn meet_a_lock(&mut self) -> Fault {
        self.count("lock met", 1);
        self.tick(PAUSE);
        Fault::Locked
    }

    fn draw_fault(&mut self) -> Fault {
        let (wrong, draw) = (60 * self.fault_rate, self.random.below(1000));
        if draw >= wrong {
            return Fault::None;
        }
        let carried_out = self.random.happens(500);
        self.faults += 1;
        self.count(if carried_out { "commit unheard" } else { "statement lost" }, 1);
        if self.random.happens(700) { Fault::Broken { carried_out } } else { Fault::TooSlow { carried_out } }
    }

    fn draw_call(&mut self, api: &str, request: &str) -> Call {
        const WRONG: [Call; 12] = [
            Call::Unreachable,
            Call::Limited,
            Call::Lost,
            Call::Lost,
            Call::ReplyLost,
            Call::ReplyLost,
            Call::ReplyLost,
            Call::Late,
            Call::Late,
            Call::SystemError,
            Call::SystemErrorYetDone,
            Call::Html,
        ];
        const OF_REFUNDS: [Call; 2] = [Call::CertificateRefused, Call::TooSoon];
        // Of a refund that it has accepted WeChat may say so whenever it is asked again; and that is seldom.
        if api == "refund" && self.network.has_refund_of(request) && self.random.happens(600) {
            self.count("refunds refused though accepted", 1);
            return Call::RefusedThoughDone;
        }
        if APIS.contains(&api) {
            return self.draw_bill_call(api, request);
        }
        if !self.random.happens(140 * self.fault_rate) {
            return Call::Answered;
        }
        let call = match api {
            "refund" if self.random.happens(400) => self.random.one_of(&OF_REFUNDS),
            "refundquery" if self.random.happens(400) => Call::Lagging,
            _ => self.random.one_of(&WRONG),
        };
        if call == Call::ReplyLost {
            self.count("reply lost", 1);
        }
        call
    }

    /// Lets everything go on until nothing is under way.
    pub async fn drain(&mut self) {
        loop {
            if !self.scheduler.waiting().is_empty() {
                self.let_through(0).await;
            } else if let Some(wait) = self.next_pause_over() {
                self.tick(wait);
                self.step("a pause is over").await;
            } else {
                break;
            }
        }
        assert!(self.requests.is_empty(), "a caller waits for nothing: {}", self.requests[0].kind.name());
    }

    /// Holds the answers that have arrived against the truth.
    pub async fn hear_answers(&mut self) {
        let (done, waiting): (Vec<_>, Vec<_>) = self.requests.drain(..).partition(|pending| pending.task.is_finished());
        self.requests = waiting;
        for mut pending in done {
            let (status, body) = (&mut pending.task).await.expect("a request without a panic");
            self.note(&format!("{} hears {status} {}", pending.number, body.replace('\n', " ")));
            let configured = pending.configuration.merchants(&self.network.merchants);
            match &pending.kind {
                RequestKind::Sweep => self.check_sweep(&body, pending.since),
                RequestKind::Books(_) => {}
                RequestKind::Telling(telling) => self.hear_teller(telling, (status, &body)),
                RequestKind::Forgery(forgery) => {
                    let expected = forgery.answer(&configured, self.invariants.rows.get(&forgery.out_trade_no));
                    let busy = expected.is_looked_up && status == 503;
                    assert!(status == expected.status || busy, "{forgery}: {status} {body}, and {} is right", expected.status);
                }
                RequestKind::Notify(posted) if posted.is_of_refund() => {
                    let posted = (**posted).clone();
                    let content = self.check_refund_notice(&posted, (status, &body), pending.since, &configured);
                    self.network.answered(posted, Some(status), content, self.clock.now());
                }
                RequestKind::OfCheckout(asked) => {
                    let asked = asked.clone();
                    self.hear_of_checkout(&asked, (status, &body));
                }
                RequestKind::Notify(posted) if posted.is_of_second || self.is_of_second_way(posted) => {
                    let posted = (**posted).clone();
                    let undisturbed = pending.faults == self.faults && posted.genuine;
                    self.check_second_payment(&posted, (status, &body), pending.since, undisturbed);
                    self.network.answered(posted, Some(status), false, self.clock.now());
                }
                RequestKind::Notify(posted) => {
                    let posted = (**posted).clone();
                    let content = acknowledged(&posted, status, &body, &self.invariants, &self.network);
                    let order = &posted.notification.delivery.order;
                    let is_lacking = !posted.can_be_verified(self.network.merchants.account_of(order), &configured);
                    assert!(!content || !is_lacking, "believed without its account's key: {status} {body}");
                    let order_id = &order.out_trade_no;
                    let undisturbed = pending.faults == self.faults && !self.locks.stood_in_the_way_of(order_id, pending.since);
                    assert!(content || !posted.genuine || !undisturbed || is_lacking, "held up by another program's lock: {status} {body}");
                    self.count(
                        if content {
                            "acknowledged"
                        } else if !posted.genuine {
                            "not believed"
                        } else if is_lacking {
                            "key lacking"
                        } else {
                            "busy"
                        },
                        1,
                    );
                    self.network.answered(posted, Some(status), content, self.clock.now());
                }
                _ => {
                    let (invariants, network, now) = (&self.invariants, &self.network, self.now());
                    let after_a_move = self.front_ends.hear(&pending, (status, &body), invariants, network, now);
                    self.count("repeats after a move", u64::from(after_a_move));
                }
            }
        }
    }
}

fn patience(what: &What) -> TimeDelta {
    match what {
        What::Statement { .. } => STATEMENT,
        What::Call { left, .. } => TimeDelta::from_std(*left).unwrap(),
        What::Post { .. } => POST,
    }
}
