//! The load: tills that open orders on all instances, and what makes it worse: WeChat's bad days, and strangers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clients::{Phone, Till};
use super::endpoint;
use super::observations::Observations;
use super::payers;
use super::wish::{SIGNING_SECRETS, Wish, offer};
use crate::support::http::Answer;
use crate::support::random::Random;

/// How long a till goes on asking for an order of whose opening it knows nothing.
const PERSISTENCE: Duration = Duration::from_secs(20);

/// How long deals can be paid, and when they may be closed: as `of_short_lives` sets it.
pub(super) const EXPIRE_AFTER: Duration = Duration::from_secs(20);
pub(super) const CLOSE_MIN_AGE: Duration = Duration::from_secs(4);

/// Settings with which a deal opens, expires and is closed within seconds, and an endpoint hears of it.
pub fn of_short_lives(endpoint: &str) -> [(&'static str, &str); 9] {
    [
        ("WEBHOOKS__SHOP__URL", endpoint),
        ("WEBHOOKS__SHOP__SECRET", endpoint::SECRET),
        ("AUTH__MODE", "signed"),
        ("AUTH__SIGNING_SECRETS", SIGNING_SECRETS),
        ("DEAL__EXPIRE_AFTER", "20"),
        ("DEAL__CLOSE_MIN_AGE", "4"),
        ("SWEEP__FIRST_LOOKS", "3,8"),
        ("SWEEP__PAUSE", "5"),
        ("SWEEP__LONGEST_PAUSE", "5"),
    ]
}

/// What all parts of the load share.
#[derive(Debug, Clone)]
pub struct Scene {
    pub till: Till,
    pub phone: Phone,
    pub observations: Arc<Observations>,
    /// The life of each order is a task of its own.
    pub lives: TaskTracker,
    pub stop: CancellationToken,
}

impl Scene {
    /// For instances with the settings of [`of_short_lives`].
    pub fn new(till: Till, phone: Phone) -> Self {
        let (observations, lives, stop) = (Arc::default(), TaskTracker::new(), CancellationToken::new());
        Self { till, phone, observations, lives, stop }
    }

    /// Posts to an endpoint; the observations keep the answer.
    pub async fn post(&self, path: &'static str, body: &Value, key: Option<&str>) -> Option<(u16, Value)> {
        self.heard(path, self.till.post(path, body, key).await)
    }

    /// The same to one instance.
    #[allow(dead_code, reason = "the cluster's proof uses it")]
    pub async fn post_at(&self, till: &Till, path: &'static str, body: &Value, key: Option<&str>) -> Option<(u16, Value)> {
        self.heard(path, till.post(path, body, key).await)
    }

    /// The same to two instances at once.
    pub async fn post_twice(&self, path: &'static str, body: &Value, key: Option<&str>) -> [Option<(u16, Value)>; 2] {
        self.till.post_twice(path, body, key).await.map(|outcome| self.heard(path, outcome))
    }

    /// Once, or now and then to two instances at once.
    pub async fn post_once_or_twice(
        &self,
        random: &Random,
        path: &'static str,
        body: &Value,
        key: Option<&str>,
    ) -> Vec<Option<(u16, Value)>> {
        if random.happens(250) { self.post_twice(path, body, key).await.into() } else { vec![self.post(path, body, key).await] }
    }

    fn heard(&self, path: &'static str, outcome: reqwest::Result<Answer>) -> Option<(u16, Value)> {
        self.observations.heard(path, &outcome);
        outcome.ok().map(|answer| (answer.status, serde_json::from_str(&answer.body).unwrap_or_default()))
    }

    /// A pause that ends when the run does; `false` if it has.
    pub async fn pause(&self, length: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = sleep(length) => true,
        }
    }
}

/// Starts the front ends, the faults and the stranger.
pub fn begin(scene: &Scene, random: &Random, tills: usize) -> JoinSet<()> {
    let mut everybody = JoinSet::new();
    for _ in 0..tills {
        everybody.spawn(front_end(scene.clone(), Random::new(random.seed())));
    }
    everybody.spawn(weather(scene.clone(), Random::new(random.seed())));
    everybody.spawn(stranger(scene.clone(), Random::new(random.seed())));
    everybody
}

/// Opens one order after another.
async fn front_end(scene: Scene, random: Random) {
    while scene.pause(random.millis(50, 450)).await {
        let wish = Wish::draw(&random);
        if let Some(order_id) = open(&scene, &random, &wish).await {
            scene.lives.spawn(payers::life(scene.clone(), Random::new(random.seed()), order_id, wish));
        }
    }
}

/// Opens an order. With a key the same wish is asked again until its outcome is known, of any instance; without one a
/// till that heard nothing gives up.
pub async fn open(scene: &Scene, random: &Random, wish: &Wish) -> Option<String> {
    let begun = Instant::now();
    loop {
        let answers = scene.post_once_or_twice(random, "/wxPay/toPay", &wish.offer(), wish.key.as_deref()).await;
        let is_twice = answers.len() == 2;
        let (mut opened, mut refused) = (None, 0);
        for (status, answer) in answers.into_iter().flatten() {
            let order_id = answer["order_id"].as_str();
            // Answers that bring no link may name the order as well.
            if let Some(order_id) = order_id {
                scene.observations.given(order_id, wish);
            }
            match (status, answer["code"].as_i64(), order_id) {
                (200, Some(0), Some(order_id)) if answer["code_url"][0].is_string() => opened = Some(order_id.to_owned()),
                (200, _, _) if answer["reason"] == "ORDER_CLOSED" => return None,
                // Without a key an offer opens one order: its other use is refused.
                (401, _, _) if is_twice && wish.key.is_none() && refused == 0 => refused += 1,
                (502..=504, _, _) => {}
                _ => {
                    scene.observations.violation(format!("toPay answered {status}: {answer}"));
                    return None;
                }
            }
        }
        if let Some(order_id) = opened {
            if wish.key.is_some() && random.happens(200) {
                // Asked again although it was answered: the same order, whatever else happens.
                if let Some((200, again)) = scene.post("/wxPay/toPay", &wish.offer(), wish.key.as_deref()).await {
                    scene.observations.given(again["order_id"].as_str().unwrap_or("no order"), wish);
                }
            }
            return Some(order_id);
        }
        if wish.key.is_none() || begun.elapsed() > PERSISTENCE {
            return None;
        }
        sleep(random.millis(100, 800)).await;
    }
}

/// WeChat's days: some are good.
async fn weather(scene: Scene, random: Random) {
    loop {
        let (drop_reply, system_error, html, reset, latency_ms) = random.one_of(&[
            (0.0, 0.0, 0.0, 0.0, 0),
            (0.03, 0.03, 0.01, 0.03, 30),
            (0.05, 0.05, 0.02, 0.05, 100),
            (0.15, 0.2, 0.05, 0.15, 250),
        ]);
        let signed = random.happens(500);
        let faults = json!({"drop_reply": drop_reply, "system_error": system_error, "system_error_signed": signed, "html": html, "reset": reset, "latency_ms": latency_ms});
        scene.phone.set_faults(&faults).await;
        if !scene.pause(random.millis(2000, 6000)).await {
            break;
        }
    }
    // It never becomes faultless.
    scene.phone.set_faults(&json!({"drop_reply": 0.03, "system_error": 0.03, "html": 0.01, "reset": 0.03, "latency_ms": 30})).await;
}

/// A stranger. Nothing of what it posts is ever believed.
async fn stranger(scene: Scene, random: Random) {
    while scene.pause(random.millis(50, 200)).await {
        let order_id = scene.observations.told().given.keys().next().cloned().unwrap_or_default();
        let forged = format!(
            "<xml><appid>wx0000000000000001</appid><mch_id>1900000001</mch_id><out_trade_no>{order_id}</out_trade_no>\
             <return_code>SUCCESS</return_code><result_code>SUCCESS</result_code><total_fee>1</total_fee>\
             <transaction_id>4200000000</transaction_id><sign>{}</sign></xml>",
            random.word().to_uppercase()
        );
        if let Ok(answer) = scene.till.notify(forged).await
            && (answer.status != 401 || answer.body.contains("SUCCESS"))
        {
            scene.observations.violation(format!("a forged notification was answered {}: {}", answer.status, answer.body));
        }
        let absurd = offer(1, 1, random.one_of(&["0", "-1", "1e3", "0.001", "100000.01"]), &random.word());
        if let Some((status, answer)) = scene.post("/wxPay/toPay", &absurd, None).await
            && status != 400
        {
            scene.observations.violation(format!("an impossible price was answered {status}: {answer}"));
        }
        if let Some((status, answer)) = scene.post("/wxPay/queryOrder", &json!({"order_id": random.word()}), None).await
            && status != 404
            && status != 503
        {
            scene.observations.violation(format!("an unknown order was answered {status}: {answer}"));
        }
    }
}
