//! Failure detection: a server that has gone silent is told from a statement that takes its time. Where there is another server, one
//! that is awaited for half a second is asked for a new connection: a live one gives it in milliseconds, however long its statements take.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::host::Host;
use super::seek::answers;
use super::servers::Servers;

/// A statement that is answered sooner costs no question.
const PATIENCE: Duration = Duration::from_millis(500);
/// What is asked has so long to answer; with the patience before, a silent server is left after 1.5 s.
const ANSWER: Duration = Duration::from_secs(1);

/// Notices it, for all workers.
#[derive(Default)]
pub struct Silence {
    servers: Option<Servers>,
    /// What was last found out, by whichever worker asked.
    last: Mutex<Option<(Host, Instant, bool)>>,
}

impl Silence {
    /// Of these servers, if there are any.
    pub fn of(servers: Option<&Servers>) -> Self {
        Self { servers: servers.cloned(), last: Mutex::default() }
    }

    /// Waits until this server is silent, and then leaves it. For ever if it never is, or is the only one (`None`).
    pub async fn falls_on(&self, host: Option<&Host>) {
        let Some((servers, host)) = self.servers.as_ref().zip(host) else { return std::future::pending().await };
        loop {
            sleep(PATIENCE).await;
            if servers.hosts().is_left(host) {
                return;
            }
            if !self.is_answered(servers, host).await {
                servers.hosts().leave(host, "silent");
                return;
            }
        }
    }

    /// One question at a time, whose answer is everybody's.
    async fn is_answered(&self, servers: &Servers, host: &Host) -> bool {
        let mut last = self.last.lock().await;
        if let Some((asked, at, answered)) = &*last
            && asked == host
            && at.elapsed() < PATIENCE
        {
            return *answered;
        }
        let answered = answers(servers, host, ANSWER).await;
        *last = Some((host.clone(), Instant::now(), answered));
        answered
    }
}
