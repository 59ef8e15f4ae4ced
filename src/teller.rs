//! A task, the teller: it publishes what there is to tell, keeps the alarms, and delivers to the merchant's endpoints. Payments go first: while they
//! press, it takes a turn twice a second.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::gateway::{Gateway, Published};
use crate::webhook::Endpoint;

/// What another instance has stored, or has left behind, is seen within this time.
const LOOK: Duration = Duration::from_secs(1);
/// The same of alarms, where there is nobody else to tell: what this instance has stored it hears of at once.
const LOOK_FOR_ALARMS: Duration = Duration::from_secs(60);
/// What happens within this time is told of in one transaction.
const GATHER: Duration = Duration::from_millis(20);
/// So often in a row other instances are faster; then this one waits for the next look.
const CONTENDED: u32 = 20;
/// Tries that end within this time are followed by others that are taken together.
const TAKE_TOGETHER: Duration = Duration::from_millis(5);
/// So long payments are let go first, and looked at so often.
const PATIENCE: Duration = Duration::from_millis(500);
const GLANCE: Duration = Duration::from_millis(20);
/// Tries that are under way at once, to one endpoint and to all.
const TO_ONE: usize = 16;
const TO_ALL: usize = 64;
/// Tries that are under way at the stop have so long to end. Those that are abandoned come again when their leases are over.
const LAST_TRIES: Duration = Duration::from_secs(1);

/// Tells until `stop`.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    if stop.run_until_cancelled(learn_the_clock(&gateway)).await.is_none() {
        return;
    }
    let places = Arc::new(Semaphore::new(TO_ALL));
    let lines = gateway.endpoints().iter().map(|endpoint| {
        let (gateway, endpoint, places) = (Arc::clone(&gateway), endpoint.clone(), Arc::clone(&places));
        Line { gateway, endpoint, places, tries: JoinSet::new() }.keep_moving(&stop)
    });
    join(stop.run_until_cancelled(publish(&gateway)), join_all(lines.collect::<Vec<_>>())).await;
}

/// Waits until the database's clock is known: by another one, what an instance beside this has taken could look due.
async fn learn_the_clock(gateway: &Gateway) {
    let mut looks = looks(LOOK);
    while !gateway.knows_clock() {
        looks.tick().await;
        gateway.measure_clock().await;
    }
}

async fn publish(gateway: &Gateway) {
    let mut looks = looks(if gateway.store().has_audience() { LOOK } else { LOOK_FOR_ALARMS });
    loop {
        tokio::select! {
            () = gateway.store().news() => sleep(GATHER).await,
            _ = looks.tick() => {}
        }
        let mut contended = 0;
        loop {
            let_payments_go_first(gateway).await;
            match gateway.publish_once().await {
                Ok(Published::Batch) => contended = 0,
                Ok(Published::All) => break,
                Ok(Published::Contended) if contended < CONTENDED => {
                    contended += 1;
                    sleep(GATHER).await;
                }
                Ok(Published::Contended) => {
                    warn!(
                        "nothing can be published: other instances are at it without end, or the tables outbox and webhook_delivery do not fit"
                    );
                    break;
                }
                Err(error) => {
                    warn!(%error, "what there is to tell is not published yet");
                    break;
                }
            }
        }
    }
}

/// Waits while payments press, but not for ever.
async fn let_payments_go_first(gateway: &Gateway) {
    let calm = async {
        while gateway.store().is_pressed() {
            sleep(GLANCE).await;
        }
    };
    let _ = timeout(PATIENCE, calm).await;
}

fn looks(every: Duration) -> Interval {
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

/// How many tries to each endpoint may be under way at once, where there are so many endpoints: each has places that no other takes,
/// as long as there are enough for all.
fn places(endpoints: usize) -> usize {
    (TO_ALL / endpoints.max(1)).clamp(1, TO_ONE)
}

/// What goes to one endpoint.
struct Line {
    gateway: Arc<Gateway>,
    endpoint: Endpoint,
    places: Arc<Semaphore>,
    tries: JoinSet<()>,
}

impl Line {
    /// Keeps the endpoint's places busy as long as something is due.
    async fn keep_moving(mut self, stop: &CancellationToken) {
        let (gateway, name) = (Arc::clone(&self.gateway), self.endpoint.name.clone());
        let mut looks = looks(LOOK);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = gateway.planned(&name) => {}
                _ = looks.tick() => {}
                // One that panicked has ended too, and comes again when its lease is over.
                Some(_) = self.tries.join_next() => sleep(TAKE_TOGETHER).await,
            }
            if stop.run_until_cancelled(let_payments_go_first(&gateway)).await.is_none() {
                break;
            }
            while self.tries.try_join_next().is_some() {}
            let Some(places) = stop.run_until_cancelled(self.free_places()).await else { break };
            self.fill(places).await;
        }
        let ended = timeout(LAST_TRIES, async { while self.tries.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            info!(endpoint = %name, tries = self.tries.len(), "tries are abandoned; they come again when their leases are over");
        }
    }

    /// Those of the endpoint that are free; of more endpoints than there are places, each waits for one in turn.
    async fn free_places(&self) -> Vec<OwnedSemaphorePermit> {
        let mut free = Vec::new();
        while free.len() + self.tries.len() < places(self.gateway.endpoints().len()) {
            let place = match free.is_empty() {
                true => Arc::clone(&self.places).acquire_owned().await.ok(),
                false => Arc::clone(&self.places).try_acquire_owned().ok(),
            };
            match place {
                Some(place) => free.push(place),
                None => break,
            }
        }
        free
    }

    async fn fill(&mut self, places: Vec<OwnedSemaphorePermit>) {
        if places.is_empty() {
            return;
        }
        match self.gateway.take_due_deliveries(&self.endpoint, places.len()).await {
            Ok(taken) => {
                for (delivery, place) in taken.into_iter().zip(places) {
                    let (gateway, endpoint) = (Arc::clone(&self.gateway), self.endpoint.clone());
                    self.tries.spawn(async move {
                        let _place = place;
                        gateway.deliver(&endpoint, delivery).await;
                    });
                }
            }
            Err(error) => warn!(endpoint = %self.endpoint.name, %error, "what is due to an endpoint is not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_a_few_endpoints_has_places_of_its_own() {
        assert_eq!([0, 1, 4, 5, 8, 64, 65, 500].map(places), [16, 16, 16, 12, 8, 1, 1, 1]);
        assert!((1..=TO_ALL).all(|endpoints| places(endpoints) * endpoints <= TO_ALL));
    }
}
