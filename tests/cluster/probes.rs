//! Callers with a watch: each instance is asked for an order again and again, and for its readiness; and each order that it gives is
//! asked of the next instance and paid at once, with two notifications, before another node can know of it by luck.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::load::clients::Till;
use crate::load::tills::Scene;
use crate::load::wish::Wish;
use crate::pulse::Moments;
use crate::support::random::Random;

/// How often an instance is asked for an order, and for its readiness.
const PAUSE: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_millis(100);

/// What is known of one instance.
#[derive(Debug, Clone, Default)]
pub struct Probed {
    /// When it has given an order.
    pub served: Moments,
    /// When an order was asked for that it did not give.
    pub unserved: Moments,
    /// When it was asked for its readiness, and what it said.
    readiness: Arc<Mutex<Vec<(Instant, bool)>>>,
}

impl Probed {
    /// For how long it went on saying that it is ready while it gave no order.
    pub fn longest_lie(&self, from: Instant, to: Instant) -> Duration {
        let served = self.served.within(from, to);
        let unserved = self.unserved.within(from, to);
        let mut longest = Duration::ZERO;
        let mut begun: Option<Instant> = None;
        for (at, is_ready) in self.readiness.lock().unwrap().iter().filter(|(at, _)| (from..=to).contains(at)) {
            // Since an order was asked for in vain, and none was given before or after for a second.
            let last_served = served.iter().rev().find(|moment| *moment <= at);
            let is_in_vain = unserved.iter().any(|asked| asked <= at && last_served.is_none_or(|served| served < asked));
            let is_served_soon = served.iter().any(|moment| moment > at && *moment < *at + Duration::from_secs(1));
            if *is_ready && is_in_vain && !is_served_soon {
                longest = longest.max(*at - *begun.get_or_insert(*at));
            } else {
                begun = None;
            }
        }
        longest
    }
}

/// Begins with each instance.
pub fn ask(scene: &Scene, random: &Random, tills: &[Till], everybody: &mut JoinSet<()>) -> Vec<Probed> {
    let probed = (0..tills.len()).map(|number| {
        let (till, next, probed) = (tills[number].clone(), tills[(number + 1) % tills.len()].clone(), Probed::default());
        everybody.spawn(look(scene.clone(), till.clone(), probed.clone()));
        everybody.spawn(probe(scene.clone(), Random::new(random.seed()), [till, next], probed.clone()));
        probed
    });
    probed.collect()
}

async fn look(scene: Scene, till: Till, probed: Probed) {
    while scene.pause(LOOK).await {
        let at = Instant::now();
        let is_ready = till.get("/readyz").await.is_ok_and(|answer| answer.status == 200);
        probed.readiness.lock().unwrap().push((at, is_ready));
    }
}

/// Asks whether or not the former one is answered.
async fn probe(scene: Scene, random: Random, tills: [Till; 2], probed: Probed) {
    while scene.pause(PAUSE).await {
        let (own, random, tills, probed) = (scene.clone(), Random::new(random.seed()), tills.clone(), probed.clone());
        scene.lives.spawn(async move { one(&own, &random, tills, &probed).await });
    }
}

async fn one(scene: &Scene, random: &Random, [till, next]: [Till; 2], probed: &Probed) {
    let (asked, wish) = (Instant::now(), Wish::draw(random));
    let Some((200, answer)) = scene.post_at(&till, "/wxPay/toPay", &wish.offer(), wish.key.as_deref()).await else {
        return probed.unserved.note(asked);
    };
    let Some(order_id) = answer["order_id"].as_str().filter(|_| answer["code"] == 0) else { return probed.unserved.note(asked) };
    probed.served.note(Instant::now());
    scene.observations.given(order_id, &wish);
    scene.observations.told().paying.insert(order_id.to_owned());
    let paying = async {
        if random.happens(500) && scene.phone.pay(order_id, "twice").await {
            scene.observations.paid(order_id);
        }
    };
    let asking = async {
        for _ in 0..3 {
            match scene.post_at(&next, "/wxPay/queryOrder", &json!({"order_id": order_id}), None).await {
                Some((200 | 502..=504, _)) | None => {}
                Some((status, answer)) => {
                    scene.observations.violation(format!("of {order_id}, just given, the next instance said {status}: {answer}"))
                }
            }
            sleep(random.millis(0, 300)).await;
        }
    };
    tokio::join!(paying, asking);
}
