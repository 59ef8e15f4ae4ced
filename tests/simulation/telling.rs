//! What is done about events: instances publish and deliver, endpoints fail and are mended, a reader follows the feed.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::Value;
use wechat_pay::gateway::Published;
use wechat_pay::webhook::{Answer, Request, Unanswered};

use super::endpoints::Mood;
use super::history::History;
use super::requests::RequestKind;

/// For so long an answer is waited for.
pub const POST: TimeDelta = TimeDelta::seconds(15);
/// Between two passes of a history's end, while something is overdue.
const A_PASS: TimeDelta = TimeDelta::seconds(20);
/// Events that a reader asks for at a time.
const PAGE: usize = 3;

/// What is done about events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Telling {
    Publish,
    /// To this endpoint.
    Deliver(&'static str),
    /// Of the feed, what is behind this cursor.
    Read(String),
    /// This endpoint, which is paused.
    Resume(&'static str),
}

/// A reader of the feed, by its cursor.
#[derive(Default)]
pub struct Reader {
    cursor: String,
    pub read: Vec<String>,
}

impl History<'_> {
    pub fn is_telling(&self) -> bool {
        !self.endpoints.0.is_empty()
    }

    /// One action, drawn by chance.
    pub async fn tell_something(&mut self) {
        let Some(number) = self.some_instance() else { return };
        let names: Vec<_> = self.endpoints.0.iter().map(|endpoint| endpoint.name).collect();
        let name = self.random.one_of(&names);
        match self.random.below(100) {
            0..15 => self.tell(number, Telling::Publish).await,
            15..35 => self.tell(number, Telling::Deliver(name)).await,
            // What it has published goes out at once; or another instance is at it, too.
            35..60 => {
                self.tell(number, Telling::Publish).await;
                for _ in 0..self.random.below(4) {
                    self.go_on().await;
                }
                for name in names {
                    self.tell(self.some_instance().unwrap_or(number), Telling::Deliver(name)).await;
                }
            }
            60..75 => self.advance_to_a_try().await,
            75..82 => self.tell(number, Telling::Read(self.reader.cursor.clone())).await,
            82..96 if self.fault_rate > 0 => self.change_mood(name).await,
            _ => self.resume_all().await,
        }
    }

    fn some_instance(&self) -> Option<usize> {
        let numbers: Vec<_> = self.instances.iter().flatten().map(|instance| instance.number).collect();
        (!numbers.is_empty()).then(|| self.random.one_of(&numbers))
    }

    /// One of those that wait is let through.
    async fn go_on(&mut self) {
        let waiting = self.scheduler.waiting().len();
        if waiting > 0 {
            self.let_through(self.random.below(waiting)).await;
        }
    }

    /// Until a delivery is due, or its lease over, and all endpoints are told.
    async fn advance_to_a_try(&mut self) {
        let later: Vec<_> = self.invariants.planned_deliveries().into_values().filter(|due| *due > self.now()).collect();
        if later.is_empty() {
            return;
        }
        let due = self.random.one_of(&later);
        self.advance((due - self.now()).num_seconds() + 1).await;
        let Some(number) = self.some_instance() else { return };
        for name in self.endpoints.0.iter().map(|endpoint| endpoint.name).collect::<Vec<_>>() {
            self.tell(number, Telling::Deliver(name)).await;
        }
    }

    async fn change_mood(&mut self, name: &'static str) {
        let mood = Mood::draw(&self.random);
        let endpoint = self.endpoints.named_mut(name);
        if !endpoint.is_dead {
            endpoint.mood = mood;
        }
        self.step(&format!("{name} is {mood:?}")).await;
    }

    /// Its operator lets endpoints that were paused be told again.
    pub async fn resume_all(&mut self) {
        let paused: Vec<_> = self.endpoints.0.iter().filter(|endpoint| endpoint.paused_after.is_some()).map(|one| one.name).collect();
        for name in paused {
            let Some(number) = self.some_instance() else { return };
            self.tell(number, Telling::Resume(name)).await;
        }
    }

    /// An instance does something about events.
    pub async fn tell(&mut self, number: usize, telling: Telling) {
        let Some(instance) = self.instances.iter().flatten().find(|instance| instance.number == number) else { return };
        let (gateway, configuration, what) = (instance.gateway.clone(), instance.configuration.clone(), telling.clone());
        let reading = instance.changes(if let Telling::Read(cursor) = &telling { cursor } else { "" }, PAGE);
        let task = tokio::spawn(async move {
            let outcome = match what {
                Telling::Publish => loop {
                    match gateway.publish_once().await {
                        Ok(Published::Batch | Published::Contended) => {}
                        other => break other.map(|_| "published".to_owned()),
                    }
                },
                Telling::Deliver(name) => {
                    let endpoint = gateway.endpoints().iter().find(|endpoint| endpoint.name.as_str() == name).unwrap().clone();
                    let taken = gateway.take_due_deliveries(&endpoint, 16).await;
                    match taken {
                        Ok(taken) => {
                            let told = join_all(taken.into_iter().map(|delivery| gateway.deliver(&endpoint, delivery))).await;
                            Ok(format!("{} tried", told.len()))
                        }
                        Err(error) => Err(error),
                    }
                }
                Telling::Read(_) => return reading.await,
                Telling::Resume(name) => {
                    gateway.resume_deliveries(&name.parse().unwrap()).await;
                    Ok("resumed".to_owned())
                }
            };
            outcome.map_or_else(|error| (503, error.to_string()), |told| (200, told))
        });
        self.sent += 1;
        let line = format!("{} i{number}: {telling:?}", self.sent);
        self.requests.push(self.pending(number, configuration, RequestKind::Telling(telling), task));
        self.step(&line).await;
    }

    /// What came of it.
    pub fn hear_teller(&mut self, telling: &Telling, (status, body): (u16, &str)) {
        let Telling::Read(cursor) = telling else { return };
        assert!([200, 503].contains(&status), "a reader behind {cursor} is refused: {status} {body}");
        if status != 200 || *cursor != self.reader.cursor {
            return;
        }
        let page: Value = serde_json::from_str(body).unwrap();
        self.reader.read.extend(page["changes"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        self.reader.cursor = page["next"].as_str().unwrap().to_owned();
        let outbox = self.invariants.outbox.as_ref().expect("a history in which somebody is told");
        let told = outbox.events.iter().map(|event| &event.event_id);
        assert!(self.reader.read.iter().eq(told.take(self.reader.read.len())), "a reader misses an event, or reads one twice: {body}");
    }

    /// A message gets to its endpoint, or does not; and the answer to its instance, or not.
    pub fn carry_post(&mut self, instance: usize, request: &Request) -> Answer {
        self.check_not_paused(instance, request);
        let wrong = 60 * self.fault_rate;
        if self.random.happens(wrong) {
            return self.lose_post(request, false);
        }
        if self.random.happens(wrong) {
            return self.lose_post(request, true);
        }
        let answer = self.post_arrives(request);
        self.is_heard(request, answer)
    }

    /// Nothing is heard of a message, which arrives or not.
    pub fn lose_post(&mut self, request: &Request, arrives: bool) -> Answer {
        if arrives {
            self.post_arrives(request);
            self.count("answers of endpoints lost", 1);
        } else {
            self.is_under_way(request);
        }
        self.is_heard(request, Answer::Unanswered(self.random.one_of(&[Unanswered::Broken, Unanswered::TooSlow])))
    }

    fn is_under_way(&mut self, request: &Request) {
        self.invariants.check_post(&self.endpoints, request);
        self.endpoints.named_mut(request.endpoint.as_str()).got.entry(id(request).to_owned()).or_default().posts += 1;
    }

    /// The endpoint has it.
    pub fn post_arrives(&mut self, request: &Request) -> Answer {
        self.is_under_way(request);
        let endpoint = self.endpoints.named_mut(request.endpoint.as_str());
        let answer = endpoint.hear(id(request), &request.body, &self.random);
        self.count(
            match &answer {
                Answer::Taken(_) => "events taken",
                Answer::Gone(_) => "endpoints gone",
                Answer::Refused { .. } => "events refused",
                Answer::Unanswered(_) => "events unanswered",
            },
            1,
        );
        answer
    }

    fn is_heard(&mut self, request: &Request, answer: Answer) -> Answer {
        let now = self.now();
        self.endpoints.named_mut(request.endpoint.as_str()).is_heard(id(request), &answer, now);
        answer
    }

    /// A paused endpoint gets nothing but what was under way.
    fn check_not_paused(&self, instance: usize, request: &Request) {
        let Some(paused_after) = self.endpoints.named(request.endpoint.as_str()).paused_after else { return };
        let is_of_it =
            |kind: &RequestKind| matches!(kind, RequestKind::Telling(Telling::Deliver(name)) if *name == request.endpoint.as_str());
        let is_before = self.requests.iter().any(|one| one.instance == instance && one.number <= paused_after && is_of_it(&one.kind));
        assert!(is_before, "a paused endpoint gets something: {request:?}");
    }

    /// Takes note of which endpoints are paused.
    pub fn note_pauses(&mut self) {
        let Some(outbox) = &self.invariants.outbox else { return };
        for endpoint in &mut self.endpoints.0 {
            let since = endpoint.paused_after.unwrap_or(self.sent);
            endpoint.paused_after = outbox.paused.contains(endpoint.name).then_some(since);
        }
    }

    /// The faults are over: all that there is to tell is told and delivered in time, or given up where the endpoint is dead.
    pub async fn tell_everything(&mut self) {
        if !self.is_telling() {
            return;
        }
        self.endpoints.heal();
        self.resume_all().await;
        self.drain().await;
        let (since, planned) = (self.now(), self.invariants.planned_deliveries());
        loop {
            self.each_tells().await;
            self.invariants.check_told_in_time(&self.endpoints, &planned, since, self.now());
            let due = self.invariants.planned_deliveries().into_values().min();
            if due.is_none() && !self.invariants.has_untold() {
                break;
            }
            let wait = due.filter(|due| *due > self.now()).map_or(A_PASS, |due| due - self.now());
            self.advance(wait.num_seconds().max(1)).await;
        }
        while self.invariants.outbox.as_ref().is_some_and(|outbox| outbox.events.len() > self.reader.read.len()) {
            let number = self.some_instance().expect("an instance");
            self.tell(number, Telling::Read(self.reader.cursor.clone())).await;
            self.drain().await;
        }
        self.check_end_of_telling();
    }

    async fn each_tells(&mut self) {
        let numbers: Vec<_> = self.instances.iter().flatten().map(|instance| instance.number).collect();
        let names: Vec<_> = self.endpoints.0.iter().map(|endpoint| endpoint.name).collect();
        for number in numbers {
            let deliveries = names.iter().map(|name| Telling::Deliver(name));
            for telling in std::iter::once(Telling::Publish).chain(deliveries) {
                self.tell(number, telling).await;
                self.drain().await;
            }
        }
    }

    /// While one instance stands still, another one goes on.
    pub async fn others_tell(&mut self, frozen: usize) {
        let others: Vec<_> = self.instances.iter().flatten().map(|other| other.number).filter(|number| *number != frozen).collect();
        if !self.is_telling() || others.is_empty() {
            return;
        }
        let other = self.random.one_of(&others);
        let names: Vec<_> = self.endpoints.0.iter().map(|endpoint| endpoint.name).collect();
        for telling in names.into_iter().map(Telling::Deliver).chain([Telling::Publish]) {
            self.tell(other, telling).await;
        }
        loop {
            let place = self.scheduler.waiting().iter().position(|one| one.instance == other);
            let Some(place) = place else { break };
            self.let_through(place).await;
        }
    }

    fn check_end_of_telling(&mut self) {
        self.invariants.check_end_of_telling(&self.endpoints);
        let Some(outbox) = &self.invariants.outbox else { return };
        let told: Vec<_> = outbox.events.iter().map(|event| event.event_id.clone()).collect();
        assert_eq!(self.reader.read, told, "a reader has read otherwise than it was told");
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len(), "two events under one id");
        let count = |is_one: &dyn Fn(&str) -> bool| outbox.events.iter().filter(|event| is_one(&event.announcement())).count() as u64;
        let late = count(&|announcement| announcement == "deal.paid late");
        let refunds = count(&|announcement| announcement.starts_with("refund."));
        let alarms = count(&|announcement| announcement.starts_with("alarm."));
        let given_up = outbox.deliveries.values().filter(|row| row.given_up_at.is_some()).count() as u64;
        let again = outbox.deliveries.values().filter(|row| row.delivered_at.is_some() && row.tries > 1).count() as u64;
        let counts = [
            ("events told", told.len() as u64),
            ("late payments told", late),
            ("refunds told", refunds),
            ("alarms told", alarms),
            ("events given up", given_up),
            ("events delivered again", again),
        ];
        for (what, times) in counts {
            self.count(what, times);
        }
    }
}

/// The event's.
fn id(request: &Request) -> &str {
    request.headers.iter().find(|(name, _)| *name == "webhook-id").map_or("", |(_, value)| value)
}
