//! Callers that ask again as soon as they are answered, each on a connection of its own.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::wire::Wire;

/// How long to go on.
#[derive(Clone, Copy)]
pub enum Until {
    /// Each request is sent once.
    AllAreSent,
    /// They are sent over and over for so long.
    Over(Duration),
}

/// What came of it.
pub struct Run {
    latencies: Vec<Duration>,
    elapsed: Duration,
    sent_away: usize,
}

impl Run {
    pub fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// How often a caller was told to come again, because the machine did not keep up. It stays part of the wait.
    pub fn sent_away(&self) -> usize {
        self.sent_away
    }

    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the requests (0 … 1) did not exceed, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile(&self.latencies, share)
    }
}

/// The same of any latencies in order.
pub fn quantile(sorted: &[Duration], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
}

/// Sends these requests on these connections. `hear` gets the body of each answer that is HTTP 200; after a 503 the same is
/// asked again, as WeChat and front ends do, and anything else ends the bench.
pub async fn drive(wires: &mut [Wire], requests: &[Vec<u8>], until: Until, hear: impl Fn(&[u8])) -> Run {
    let (next, sent_away) = (Cell::new(0), Cell::new(0));
    let started = Instant::now();
    let callers = wires.iter_mut().map(async |wire| {
        let mut latencies = Vec::new();
        loop {
            let number = next.replace(next.get() + 1);
            let over = match until {
                Until::AllAreSent => number >= requests.len(),
                Until::Over(time) => started.elapsed() >= time,
            };
            if over {
                return latencies;
            }
            let asked = Instant::now();
            wire.ask(&requests[number % requests.len()]).await;
            while wire.first_line().starts_with(b"HTTP/1.1 503") {
                sent_away.set(sent_away.get() + 1);
                wire.ask(&requests[number % requests.len()]).await;
            }
            latencies.push(asked.elapsed());
            assert!(wire.first_line() == b"HTTP/1.1 200 OK", "{}: {}", text(wire.first_line()), text(wire.body()));
            hear(wire.body());
        }
    });
    let mut latencies = join_all(callers).await.concat();
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Run { latencies, elapsed, sent_away: sent_away.get() }
}

/// For `drive` to hear: a payment that is not acknowledged, or not seen, makes the figures worthless.
pub fn must_hold(word: &'static str) -> impl Fn(&[u8]) {
    move |body| assert!(body.windows(word.len()).any(|part| part == word.as_bytes()), "{}", text(body))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
