//! Failure detection: a server that has gone silent is told from a statement that takes its time. Where there is another server, one
//! that is awaited for half a second is asked for a new connection and a change of nothing: a live one answers in milliseconds, however
//! long its statements take.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::database_url::DatabaseUrl;
use super::host::Host;
use super::seek::answers;
use super::servers::Servers;

/// A statement that is answered sooner costs no question.
const PATIENCE: Duration = Duration::from_millis(500);
/// What is asked has so long to answer; with the patience before, a silent server is left after 1.5 s.
const ANSWER: Duration = Duration::from_secs(1);

/// Notices it, for all workers.
pub struct Silence {
    url: DatabaseUrl,
    /// What was last found out, by whichever worker asked.
    last: Mutex<Option<(Host, Instant, bool)>>,
}

impl Silence {
    /// Of the servers of a database.
    pub fn of(url: &DatabaseUrl) -> Self {
        Self { url: url.clone(), last: Mutex::default() }
    }

    /// Waits until this server is silent, and then leaves it. For ever if it never is, or is the only one (`None`).
    pub async fn falls_on(&self, host: Option<&Host>) {
        let Some((servers, host)) = self.url.servers().zip(host) else { return std::future::pending().await };
        loop {
            sleep(PATIENCE).await;
            if servers.hosts().is_left(host) || !self.is_well(servers, host).await {
                return;
            }
        }
    }

    /// Asks this server at once, if there are several, and leaves it if it is silent: where one change waits for a lock all may.
    pub async fn suspect(&self, host: Option<&Host>) {
        if let Some((servers, host)) = self.url.servers().zip(host) {
            self.is_well(servers, host).await;
        }
    }

    /// Whether it answers. If it does not, it is left.
    async fn is_well(&self, servers: &Servers, host: &Host) -> bool {
        let is_well = self.is_answered(servers, host).await;
        if !is_well {
            servers.hosts().leave(host, "silent");
        }
        is_well
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
        let answered = answers(&self.url, servers, host, ANSWER).await;
        *last = Some((host.clone(), Instant::now(), answered));
        answered
    }
}
