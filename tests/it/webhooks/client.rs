//! An endpoint as the service has it, with what its client is made of.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::LazyLock;

use wechat_pay::chance::Chance;
use wechat_pay::clock::Clock;
use wechat_pay::deal::{EventId, EventType, Reach, Timestamp};
use wechat_pay::resolver::Resolver;
use wechat_pay::trust::{ExtraRoots, Trust};
use wechat_pay::webhook::{Answer, Endpoint, Guard, Message, Secrets, Sender, Unanswered, Wanted};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The system's authorities, who vouch for none of the servers here.
static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::new(&ExtraRoots::default()).unwrap());

/// What a client is made of.
pub struct Client {
    pub guard: Guard,
    pub trust: Trust,
    pub resolver: Resolver,
}

impl Default for Client {
    fn default() -> Self {
        Self { guard: Guard::new(false, []), trust: TRUST.clone(), resolver: Resolver::new() }
    }
}

impl Client {
    pub fn guarding(allow_private: bool, listeners: &[&str]) -> Self {
        let listeners: Vec<SocketAddr> = listeners.iter().map(|listener| listener.parse().unwrap()).collect();
        Self { guard: Guard::new(allow_private, listeners), ..Self::default() }
    }

    pub fn trusting(roots: &[u8]) -> Self {
        Self { trust: Trust::new(&ExtraRoots::from_pem(roots).unwrap()).unwrap(), ..Self::default() }
    }

    pub fn asking(look_up: wechat_pay::resolver::LookUp) -> Self {
        Self { resolver: Resolver::with(look_up), ..Self::default() }
    }

    /// An endpoint that wants all.
    pub fn endpoint(self, url: impl AsRef<str>) -> Endpoint {
        Endpoint {
            name: "shop".parse().unwrap(),
            url: url.as_ref().parse().unwrap(),
            secrets: Secrets { present: SECRET.parse().unwrap(), previous: None },
            wanted: Wanted { types: BTreeSet::from(EventType::ALL), reach: Reach::default() },
            sender: Sender::http(self.guard, &self.trust, self.resolver).unwrap(),
        }
    }
}

pub fn message() -> Message {
    let at = Timestamp::from_timestamp(1_614_265_329, 0).unwrap();
    Message::of(&EventId::draw(7), "deal.paid", at, r#"{"deal":{"order_id":"o1","description":"茶"}}"#).unwrap()
}

pub fn clock() -> Clock {
    Clock::manual(Timestamp::from_timestamp(1_614_265_330, 0).unwrap())
}

/// What an endpoint says to a message.
pub async fn post(endpoint: &Endpoint) -> Answer {
    endpoint.post(&message(), &clock(), &Chance::seeded(1)).await
}

pub const FORBIDDEN: Answer = Answer::Unanswered(Unanswered::Forbidden);
pub const BROKEN: Answer = Answer::Unanswered(Unanswered::Broken);
pub const TLS: Answer = Answer::Unanswered(Unanswered::Tls);
