//! Delivery with repeats: WeChat posts the notifications that are due, judges the answer, and comes again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Url;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::channel::wechat::v2::xml;
use crate::clock::Clock;
use crate::deal::{BeijingTime, Timestamp};

use super::World;
use super::message_log::Message;
use super::notifications::NotificationMessage;

/// WeChat waits for an answer for five seconds.
const ANSWER: Duration = Duration::from_secs(5);
/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_millis(20);

/// Posts notifications.
#[derive(Debug)]
pub struct Notifier {
    world: Arc<Mutex<World>>,
    clock: Clock,
    http: reqwest::Client,
    may_post_anywhere: bool,
}

impl Notifier {
    pub(super) fn new(world: Arc<Mutex<World>>, clock: Clock, may_post_anywhere: bool) -> Result<Self, reqwest::Error> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).no_proxy().http1_only().build()?;
        Ok(Self { world, clock, http, may_post_anywhere })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let clock = self.clock.now();
        self.world().time(clock)
    }

    /// Posts everything that is due, and waits for the answers.
    pub async fn deliver_due(&self) {
        let now = self.now();
        let due = self.world().notifications_due(now);
        join_all(due.into_iter().map(|message| self.deliver(message))).await;
    }

    /// Posts what becomes due, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let now = self.now();
            if self.world().next_due().is_some_and(|due| due <= now) {
                let due = self.world().notifications_due(now);
                for message in due {
                    let notifier = Arc::clone(&self);
                    tokio::spawn(async move { notifier.deliver(message).await });
                }
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn deliver(&self, notification: NotificationMessage) {
        let answer = if self.may_post_to(&notification.url) { self.post(&notification).await } else { None };
        let status = answer.as_ref().map(|(status, _)| *status);
        let now = self.now();
        let mut world = self.world();
        let exact = world.habits.exact_acknowledgement;
        let acknowledged = answer.as_ref().is_some_and(|(status, body)| *status == 200 && is_acknowledgement(body, exact));
        let NotificationMessage { delivery, body, fault, .. } = notification;
        let key = delivery.order.clone();
        debug!(out_trade_no = key.out_trade_no, status, acknowledged, "notified");
        let name = delivery.name();
        let next = world.delivered(delivery, status, acknowledged, now);
        let message = Message {
            fault,
            request: Some(body),
            answer: answer.map(|(_, body)| String::from_utf8_lossy(&body).into_owned()),
            status,
            acknowledged: Some(acknowledged),
            next_at: next.map(|due| BeijingTime::from(due).to_string()),
            ..Message::new(name, now)
        };
        world.log.note(&key, message);
    }

    async fn post(&self, notification: &NotificationMessage) -> Option<(u16, Vec<u8>)> {
        let response =
            self.http.post(&notification.url).header("content-type", "text/xml").body(notification.body.clone()).send().await.ok()?;
        let status = response.status().as_u16();
        let body = response.bytes().await.ok()?;
        Some((status, body.to_vec()))
    }

    /// A caller names the address; only a simulator that no other machine can reach follows it anywhere.
    fn may_post_to(&self, url: &str) -> bool {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned()));
        self.may_post_anywhere
            || host.is_some_and(|host| {
                host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
            })
    }
}

/// SUCCESS in XML and nothing else around it; if `exact`, in one line.
fn is_acknowledgement(body: &[u8], exact: bool) -> bool {
    (!exact || !body.contains(&b'\n')) && xml::parse(body).is_ok_and(|fields| fields.get("return_code") == Some("SUCCESS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_answer_stops_the_repeats() {
        let compact = b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
        assert!(is_acknowledgement(compact, true));
        for other in ["", "success", "SUCCESS", "{}", "<xml><return_code>FAIL</return_code></xml>", "<html/>", "<xml></xml>\\n"] {
            assert!(!is_acknowledgement(other.as_bytes(), false), "{other}");
        }
        let indented = b"<xml>\n  <return_code>SUCCESS</return_code>\n</xml>";
        assert!(!is_acknowledgement(indented, true));
        assert!(is_acknowledgement(indented, false));
    }
}
