//! The merchant's endpoints: which events each wants, how it fares, and what has come to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{SubsecRound, TimeDelta};
use futures_util::FutureExt;
use wechat_pay::deal::{AccountId, EventType, Reach, Timestamp};
use wechat_pay::webhook::{self, Answer, Secrets, Sender, Unanswered, Wanted};

use super::outbox_rows::EventRow;
use super::scheduler::Scheduler;
use super::support::random::Random;

/// Two of the sellers of every history.
const OF_SELLERS: &str = "12,205";
/// An account is no limit for those, and this one limits itself to two of three.
const OF_ACCOUNTS: [&str; 2] = ["default", "sub"];
const OF_TYPES: [EventType; 3] = [EventType::DealPaid, EventType::RefundSucceeded, EventType::RefundFailed];
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How an endpoint fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes everything.
    Well,
    /// Its program fails: 5xx.
    Fails,
    /// It says no: 4xx.
    Refuses,
    /// It says nothing, and does what it is asked to or not.
    Hangs,
    /// Nothing takes a connection.
    Unreachable,
    /// It wants to be left alone for so many seconds.
    Busy(i64),
    /// It wants nothing any more: 410.
    Gone,
}

impl Mood {
    pub fn draw(random: &Random) -> Self {
        let bad = [Self::Fails, Self::Refuses, Self::Hangs, Self::Unreachable, Self::Busy(random.one_of(&[3, 90, 100_000])), Self::Gone];
        if random.happens(350) { Self::Well } else { random.one_of(&bad) }
    }
}

/// What an instance heard of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// By the database's clock, in whole seconds.
    pub at: Timestamp,
    pub status: Option<u16>,
    /// `Retry-After`.
    pub wish: Option<TimeDelta>,
}

/// What has come to an endpoint about one event.
#[derive(Debug, Clone, Default)]
pub struct Got {
    /// Messages on their way to it, whether they arrived or not.
    pub posts: u32,
    /// The body of each that arrived.
    body: Option<String>,
    /// Whether it has processed one and said so.
    pub is_taken: bool,
    pub heard: Vec<Heard>,
}

#[derive(Clone)]
pub struct MerchantEndpoint {
    pub name: &'static str,
    pub mood: Mood,
    /// Whether it is never mended.
    pub is_dead: bool,
    /// While it is paused: the number of the last request before that was seen.
    pub paused_after: Option<usize>,
    /// By the events' ids.
    pub got: BTreeMap<String, Got>,
}

/// Those of one history; none in most.
#[derive(Clone, Default)]
pub struct Endpoints(pub Vec<MerchantEndpoint>);

impl Endpoints {
    /// One that wants everything, and one or two that want less.
    pub fn draw(random: &Random, fault_rate: usize) -> Self {
        let names = random.one_of(&[&["all", "sellers"][..], &["all", "books"], &["all", "sellers", "books"]]);
        let mut endpoints: Vec<_> = names.iter().map(|name| MerchantEndpoint::new(name)).collect();
        for endpoint in endpoints.iter_mut().filter(|_| fault_rate > 0) {
            endpoint.mood = Mood::draw(random);
        }
        if fault_rate > 0 && random.happens(120) {
            let dead = endpoints.last_mut().expect("two or three");
            (dead.is_dead, dead.mood) = (true, random.one_of(&[Mood::Fails, Mood::Refuses, Mood::Hangs, Mood::Unreachable]));
        }
        Self(endpoints)
    }

    /// As an instance is configured with them.
    pub fn wired(&self, instance: usize, scheduler: &Scheduler) -> Vec<webhook::Endpoint> {
        self.0.iter().map(|endpoint| endpoint.wired(instance, scheduler.clone())).collect()
    }

    pub fn named(&self, name: &str) -> &MerchantEndpoint {
        self.0.iter().find(|endpoint| endpoint.name == name).unwrap_or_else(|| panic!("{name} is no endpoint"))
    }

    pub fn named_mut(&mut self, name: &str) -> &mut MerchantEndpoint {
        self.0.iter_mut().find(|endpoint| endpoint.name == name).unwrap_or_else(|| panic!("{name} is no endpoint"))
    }

    /// All that can be mended is.
    pub fn heal(&mut self) {
        for endpoint in self.0.iter_mut().filter(|endpoint| !endpoint.is_dead) {
            endpoint.mood = Mood::Well;
        }
    }
}

impl MerchantEndpoint {
    fn new(name: &'static str) -> Self {
        Self { name, mood: Mood::Well, is_dead: false, paused_after: None, got: BTreeMap::new() }
    }

    fn wired(&self, instance: usize, scheduler: Scheduler) -> webhook::Endpoint {
        let (sellers, accounts, types) = match self.name {
            "sellers" => (Some(OF_SELLERS.parse().unwrap()), None, EventType::ALL.into()),
            "books" => (None, Some(OF_ACCOUNTS.map(|account| account.parse().unwrap()).into()), OF_TYPES.into()),
            _ => (None, None, EventType::ALL.into()),
        };
        let carry = move |request| scheduler.clone().pass_post(instance, request).boxed();
        webhook::Endpoint {
            name: self.name.parse().unwrap(),
            url: format!("https://{}.example.com/", self.name).parse().unwrap(),
            secrets: secrets(),
            wanted: Wanted { types, reach: Reach { accounts, sellers } },
            sender: Sender::Wired(Arc::new(carry)),
        }
    }

    /// Whether it wants an event about a deal of this seller's through this account; one about no deal has neither.
    pub fn wants(&self, event: &EventRow, deal: Option<(i64, &AccountId)>) -> bool {
        match self.name {
            "sellers" => deal.is_some_and(|(seller, _)| [12, 205].contains(&seller)),
            "books" => {
                let is_of_type = OF_TYPES.iter().any(|of_type| of_type.as_str() == event.event_type);
                is_of_type && deal.is_some_and(|(_, account)| OF_ACCOUNTS.contains(&account.as_str()))
            }
            _ => true,
        }
    }

    /// A message arrives.
    pub fn hear(&mut self, id: &str, body: &str, random: &Random) -> Answer {
        if self.mood == Mood::Unreachable {
            return Answer::Unanswered(Unanswered::Unreachable);
        }
        let got = self.got.entry(id.to_owned()).or_default();
        let first = got.body.get_or_insert_with(|| body.to_owned());
        assert_eq!(first, body, "another body in another try of {id}");
        let refused = |status| Answer::Refused { status, words: "no".to_owned(), retry_after: None };
        match self.mood {
            Mood::Well => {
                got.is_taken = true;
                Answer::Taken(random.one_of(&[200, 202, 204]))
            }
            Mood::Fails => refused(random.one_of(&[500, 502, 504])),
            Mood::Refuses => refused(random.one_of(&[301, 400, 404])),
            Mood::Busy(seconds) => {
                let retry_after = Some(TimeDelta::seconds(seconds));
                Answer::Refused { status: random.one_of(&[429, 503]), words: "later".to_owned(), retry_after }
            }
            Mood::Gone => Answer::Gone("never again".to_owned()),
            Mood::Hangs | Mood::Unreachable => {
                got.is_taken |= random.happens(500);
                Answer::Unanswered(Unanswered::TooSlow)
            }
        }
    }

    /// An instance has heard this of a try.
    pub fn is_heard(&mut self, id: &str, answer: &Answer, now: Timestamp) {
        let (status, wish) = match answer {
            Answer::Taken(status) => (Some(*status), None),
            Answer::Gone(_) => (Some(410), None),
            Answer::Refused { status, retry_after, .. } => (Some(*status), *retry_after),
            Answer::Unanswered(_) => (None, None),
        };
        self.got.entry(id.to_owned()).or_default().heard.push(Heard { at: now.trunc_subsecs(0), status, wish });
    }
}

/// Those that each endpoint shares with the service.
pub fn secrets() -> Secrets {
    Secrets { present: SECRET.parse().unwrap(), previous: None }
}
