//! A task, the teller: it publishes what there is to tell, and delivers it to the merchant's endpoints.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::{Gateway, places};
use crate::webhook::Endpoint;

/// What another instance has stored, or has left behind, is seen within this time.
const LOOK: Duration = Duration::from_secs(1);
/// What happens within this time is told of in one transaction.
const GATHER: Duration = Duration::from_millis(20);

/// Tells until `stop`; tries that have begun are finished.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let deliveries = gateway.endpoints().iter().map(|endpoint| deliver(Arc::clone(&gateway), endpoint.clone(), stop.clone()));
    join(stop.run_until_cancelled(publish(&gateway)), join_all(deliveries.collect::<Vec<_>>())).await;
}

/// Where there is nobody to tell, nothing is asked of the database either.
async fn publish(gateway: &Gateway) {
    if gateway.store().audience().is_nobody() {
        return;
    }
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = gateway.store().news() => sleep(GATHER).await,
            _ = looks.tick() => {}
        }
        loop {
            match gateway.publish_once().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    warn!(%error, "what there is to tell is not published yet");
                    break;
                }
            }
        }
    }
}

/// Keeps the places of one endpoint busy as long as something is due.
async fn deliver(gateway: Arc<Gateway>, endpoint: Endpoint, stop: CancellationToken) {
    let places = places(gateway.endpoints().len());
    let (mut tries, mut published) = (JoinSet::new(), gateway.published());
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Ok(()) = published.changed() => {}
            _ = looks.tick() => {}
            Some(_) = tries.join_next() => {}
        }
        while tries.try_join_next().is_some() {}
        let room = places - tries.len();
        if room == 0 {
            continue;
        }
        match gateway.take_due_deliveries(&endpoint, room).await {
            Ok(taken) => {
                for delivery in taken {
                    let (gateway, endpoint) = (Arc::clone(&gateway), endpoint.clone());
                    tries.spawn(async move { gateway.deliver(&endpoint, delivery).await });
                }
            }
            Err(error) => warn!(endpoint = %endpoint.name, %error, "what is due to an endpoint is not known"),
        }
    }
    while tries.join_next().await.is_some() {}
}
