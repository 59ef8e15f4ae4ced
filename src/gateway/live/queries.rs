//! Request coalescing: many payers' pages poll; WeChat is asked at most once a second about an order, by all of them together.
//! When the budget bears fewer calls than there are orders, these stand in line.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Clock;
use crate::deal::{AccountId, OrderId, Route};

use super::Facts;
use super::line::{Line, Place};
use super::polled::{LEFT, Polled, Turn};
use super::question::{Question, Waiting};

const SECOND: Duration = Duration::from_secs(1);
/// Orders that are remembered. When they are so many, only accounts that have less than their share of them may add more: twice as
/// many at the most.
const REMEMBERED: usize = 20_000;

/// The orders that are polled.
#[derive(Debug)]
pub struct Queries<E> {
    accounts: HashMap<AccountId, OfAccount<E>>,
    /// When the orders whose pages poll no more were last forgotten.
    tidied: Duration,
}

/// Those of one account, which has a budget of its own, and so a line of its own.
#[derive(Debug)]
struct OfAccount<E> {
    orders: HashMap<OrderId, Polled<E>>,
    line: Line,
}

impl<E: Clone> Queries<E> {
    /// For these accounts, with so many calls a second each.
    pub fn new(calls_per_second: impl IntoIterator<Item = (AccountId, u32)>) -> Self {
        let of_account = |calls| OfAccount { orders: HashMap::new(), line: Line::new(calls) };
        let accounts = calls_per_second.into_iter().map(|(account, calls)| (account, of_account(calls))).collect();
        Self { accounts, tidied: Duration::ZERO }
    }

    /// Joins the call about this order that is under way, takes the answer of one that has just ended, or stands in line;
    /// and says what is to be asked, if it is first there and the budget allows a call.
    pub fn take_turn(&mut self, route: &Route, facts: Facts, clock: &Clock) -> (Turn<E>, Option<Question<E>>) {
        let now = clock.ticks();
        let place = match self.stand_in_line(route, facts, now) {
            Ok(place) => place,
            Err(present) => return (present, None),
        };
        let Some(account) = self.accounts.get_mut(route.account()) else { return (Turn::NotNow, None) };
        let order_id = route.order_id();
        let said = account.orders.get(order_id).map_or(Turn::NotNow, Polled::said);
        if !account.line.take(&place, now) {
            return (said, None);
        }
        match account.begin(order_id, clock) {
            Some((question, answer)) => (Turn::Shared(answer), Some(question)),
            None => (said, None),
        }
    }

    /// Takes a call of an account's for something else than an order, if no payer waits for it.
    pub fn spare_call(&mut self, account: &AccountId, now: Duration) -> bool {
        self.accounts.get_mut(account).is_some_and(|account| account.line.spare(now))
    }

    /// Lets an order wait for its turn, as if a page polled; unless there is nothing to wait for, and then says what there is.
    pub fn stand_in_line(&mut self, route: &Route, facts: Facts, now: Duration) -> Result<Place, Turn<E>> {
        let (account, order_id) = (self.note(route, facts, now).ok_or(Turn::NotNow)?, route.order_id());
        let polled = account.orders.get(order_id).ok_or(Turn::NotNow)?;
        if let Some(present) = polled.present(now) {
            return Err(present);
        }
        let place = (polled.since(), order_id.clone());
        account.line.join(place.clone());
        Ok(place)
    }

    /// The questions of those in line, as far as the budgets allow calls. An order whose pages poll no more, or about
    /// which nothing needs to be asked, loses its place.
    pub fn next(&mut self, clock: &Clock, is_known: impl Fn(&OrderId) -> bool) -> Vec<Question<E>> {
        let now = clock.ticks();
        let mut questions = Vec::new();
        for account in self.accounts.values_mut() {
            while let Some(place) = account.line.first().cloned() {
                let order_id = &place.1;
                if account.orders.get(order_id).is_none_or(|polled| polled.has_left(now)) {
                    account.line.leave(&place);
                } else if is_known(order_id) {
                    account.line.leave(&place);
                    account.orders.remove(order_id);
                } else if account.line.take(&place, now) {
                    questions.extend(account.begin(order_id, clock).map(|(question, _)| question));
                } else {
                    break;
                }
            }
        }
        questions
    }

    /// Takes note of a poll, unless more orders are polled than can be remembered, or of an account that there is not.
    fn note(&mut self, route: &Route, facts: Facts, now: Duration) -> Option<&mut OfAccount<E>> {
        self.tidy(now);
        let (is_full, share) = (self.is_full(), REMEMBERED / self.accounts.len().max(1));
        let account = self.accounts.get_mut(route.account())?;
        let order_id = route.order_id();
        if is_full && account.orders.len() >= share && !account.orders.contains_key(order_id) {
            return None;
        }
        account.orders.entry(order_id.clone()).or_insert_with(|| Polled::new(route.clone(), facts, now)).polled(now);
        Some(account)
    }

    /// Forgets those whose pages poll no more.
    fn tidy(&mut self, now: Duration) {
        if now.saturating_sub(self.tidied) < if self.is_full() { SECOND } else { LEFT } {
            return;
        }
        self.tidied = now;
        for OfAccount { orders, line } in self.accounts.values_mut() {
            orders.retain(|_, polled| !polled.has_left(now));
            line.retain(|order_id| orders.contains_key(order_id));
        }
    }

    fn is_full(&self) -> bool {
        self.accounts.values().map(|account| account.orders.len()).sum::<usize>() >= REMEMBERED
    }
}

impl<E: Clone> OfAccount<E> {
    fn begin(&mut self, order_id: &OrderId, clock: &Clock) -> Option<(Question<E>, Waiting<E>)> {
        let polled = self.orders.get_mut(order_id)?;
        let (question, answer) = Question::new(polled.route().clone(), polled.facts().clone());
        // It is not forgotten while its call is under way.
        polled.polled(clock.ticks());
        polled.begin(answer.clone(), clock);
        Some((question, answer))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::OrderView;
    use super::*;
    use crate::channel::TradeState;

    fn order(number: u64) -> OrderId {
        number.to_string().parse().unwrap()
    }

    fn route(number: u64) -> Route {
        Route::of_new_deal(order(number), AccountId::default())
    }

    /// Of one account.
    fn queries(calls_per_second: u32) -> Queries<()> {
        Queries::new([(AccountId::default(), calls_per_second)])
    }

    fn clock() -> Clock {
        Clock::simulated("2026-04-01T04:00:00Z".parse().unwrap())
    }

    fn answer(question: Question<()>) {
        question.answer(Ok(OrderView::undecided(TradeState::NotPay, Facts::default())));
    }

    /// Polls, and whether WeChat was asked for it. The call is over before the next poll.
    fn asks(queries: &mut Queries<()>, clock: &Clock, number: u64) -> bool {
        let (_, question) = queries.take_turn(&route(number), Facts::default(), clock);
        question.map(answer).is_some()
    }

    /// Asks about the first in line as long as the budget allows it.
    fn serve(queries: &mut Queries<()>, clock: &Clock) -> Vec<u64> {
        let mut served = Vec::new();
        for question in queries.next(clock, |_| false) {
            served.push(question.route.order_id().as_str().parse().unwrap());
            answer(question);
        }
        served
    }

    #[test]
    fn every_order_has_its_turn_when_the_budget_has_gone_round() {
        let (mut queries, clock) = (queries(10), clock());
        let (mut asked, mut longest) = (HashMap::<u64, u64>::new(), 0);
        // 200 payers poll every two seconds, ten calls a second: twenty seconds until each has had a turn.
        for tenth in 0..1000u64 {
            let mut now_asked = serve(&mut queries, &clock);
            for number in (0..200).filter(|number| number % 20 == tenth % 20) {
                if asks(&mut queries, &clock, number) {
                    now_asked.push(number);
                }
            }
            for number in now_asked {
                let before = asked.insert(number, tenth).unwrap_or(number % 20);
                longest = longest.max(tenth - before);
            }
            clock.advance(TimeDelta::milliseconds(100));
        }
        assert_eq!(asked.len(), 200);
        assert!(asked.values().all(|last| 1000 - last <= 201), "{asked:?}");
        assert!((190..=201).contains(&longest), "an order waited {longest} tenths of a second");
    }

    #[test]
    fn the_order_that_waits_longest_goes_before_the_one_that_is_polled_just_now() {
        let (mut queries, clock) = (queries(1), clock());
        assert!(asks(&mut queries, &clock, 1));
        clock.advance(TimeDelta::milliseconds(100));
        assert!(!asks(&mut queries, &clock, 2), "the budget is spent");
        clock.advance(TimeDelta::milliseconds(1000));
        assert!(!asks(&mut queries, &clock, 3), "the second has been waiting longer");
        assert_eq!(serve(&mut queries, &clock), [2]);
        clock.advance(TimeDelta::milliseconds(1000));
        assert!(asks(&mut queries, &clock, 1), "about the first WeChat was asked before the third came");
        clock.advance(TimeDelta::milliseconds(1000));
        assert!(queries.next(&clock, |order_id| *order_id == order(3)).is_empty(), "what is known is not asked");
        assert_eq!(serve(&mut queries, &clock), [0; 0], "no order is in line any more");
    }

    #[test]
    fn those_who_have_left_keep_nobody_waiting() {
        let (mut queries, clock) = (queries(10), clock());
        for number in 0..200 {
            asks(&mut queries, &clock, number);
        }
        clock.advance(TimeDelta::seconds(11));
        assert_eq!(serve(&mut queries, &clock), [0; 0]);
        assert!(asks(&mut queries, &clock, 0));
        clock.advance(TimeDelta::seconds(1));
        assert!(asks(&mut queries, &clock, 0), "alone it is asked about every second");
    }

    #[test]
    fn each_account_has_a_line_and_a_budget_of_its_own() {
        let accounts = ["busy", "quiet"].map(|name| name.parse::<AccountId>().unwrap());
        let [busy, quiet] = &accounts;
        let (mut queries, clock) = (Queries::<()>::new(accounts.iter().map(|account| (account.clone(), 1))), clock());
        let mut asks = |number, account: &AccountId| {
            queries.take_turn(&Route::of_new_deal(order(number), account.clone()), Facts::default(), &clock).1.map(answer).is_some()
        };
        assert!(asks(1, busy));
        for number in 2..10 {
            assert!(!asks(number, busy), "its budget is spent");
        }
        assert!(asks(200, quiet), "and only its own");
        assert!(!asks(201, &AccountId::default()), "an account that there is not has no budget");
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(serve(&mut queries, &clock), [2]);
    }

    #[test]
    fn a_call_that_ends_without_an_answer_is_a_failure_for_a_second() {
        let (mut queries, clock) = (queries(10), clock());
        drop(queries.take_turn(&route(1), Facts::default(), &clock).1);
        assert!(matches!(queries.take_turn(&route(1), Facts::default(), &clock), (Turn::Shared(_), None)));
        clock.advance(TimeDelta::seconds(1));
        assert!(asks(&mut queries, &clock, 1));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut queries, clock) = (queries(10), clock());
        let polled = REMEMBERED as u64 + 1000;
        for number in 0..polled {
            asks(&mut queries, &clock, number);
        }
        assert_eq!(queries.accounts[&AccountId::default()].orders.len(), REMEMBERED);
        clock.advance(TimeDelta::seconds(11));
        assert!(asks(&mut queries, &clock, polled), "others have left, so there is room");
        assert_eq!(queries.accounts[&AccountId::default()].line.len(), 0);
    }

    #[test]
    fn the_polls_of_one_account_shut_no_other_s_out() {
        let accounts = ["busy", "quiet"].map(|name| name.parse::<AccountId>().unwrap());
        let [busy, quiet] = &accounts;
        let (mut queries, clock) = (Queries::<()>::new(accounts.iter().map(|account| (account.clone(), 1000))), clock());
        let mut poll = |numbers: std::ops::Range<u64>, account: &AccountId| {
            for number in numbers {
                let _ = queries.take_turn(&Route::of_new_deal(order(number), account.clone()), Facts::default(), &clock);
            }
            [busy, quiet].map(|account| queries.accounts[account].orders.len())
        };
        let many = REMEMBERED as u64;
        assert_eq!(poll(0..2 * many, busy), [REMEMBERED, 0]);
        assert_eq!(poll(2 * many..4 * many, quiet), [REMEMBERED, REMEMBERED / 2], "its share, and no more");
        assert_eq!(poll(4 * many..5 * many, busy), [REMEMBERED, REMEMBERED / 2]);
    }
}
