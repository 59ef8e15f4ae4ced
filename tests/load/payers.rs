//! The life of an opened order: its payer pays at once or in the last moment, gives up by the button or walks away, while
//! a page polls.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::refunds;
use super::tills::{CLOSE_MIN_AGE, EXPIRE_AFTER, Scene};
use super::wish::Wish;
use crate::support::random::Random;

/// What the payer has in mind.
#[derive(Debug, Clone, Copy)]
enum Mind {
    Pays,
    /// Around the moment at which the order ends.
    PaysLate,
    GivesUp,
    /// Two people before one screen.
    GivesUpAndPays,
    WalksAway,
}

/// The whole story of one order.
pub async fn life(scene: Scene, random: Random, order_id: String, wish: Wish) {
    let mind = match random.between(1, 100) {
        1..=60 => Mind::Pays,
        61..=70 => Mind::PaysLate,
        71..=80 => Mind::GivesUp,
        81..=90 => Mind::GivesUpAndPays,
        _ => Mind::WalksAway,
    };
    let opened = Instant::now();
    let closable = opened + CLOSE_MIN_AGE + random.millis(0, 2000);
    let paying = match mind {
        Mind::Pays => Some(opened + random.millis(0, 6000)),
        Mind::PaysLate => Some(opened + EXPIRE_AFTER.saturating_sub(Duration::from_secs(1)) + random.millis(0, 3000)),
        Mind::GivesUpAndPays => Some(closable + random.millis(0, 300)),
        Mind::GivesUp | Mind::WalksAway => None,
    };
    let closing = matches!(mind, Mind::GivesUp | Mind::GivesUpAndPays).then_some(closable);
    let notify = match random.between(1, 100) {
        1..=55 => "normal",
        56..=78 => "lost",
        _ => "twice",
    };
    let (page, payer, closer) =
        (watch(&scene, &random, &order_id), pay(&scene, &order_id, paying, notify), close(&scene, &random, &order_id, closing));
    tokio::join!(page, payer, closer);
    if scene.observations.told().told_paid.contains(&order_id) && random.happens(300) {
        refunds::ask(&scene, &random, &order_id, wish.fen).await;
    }
    if wish.key.is_some() && random.happens(100) {
        ask_again(&scene, &order_id, &wish).await;
    }
}

async fn pay(scene: &Scene, order_id: &str, when: Option<Instant>, notify: &str) {
    let Some(when) = when else { return };
    if !scene.pause(when - Instant::now()).await {
        return;
    }
    scene.observations.told().paying.insert(order_id.to_owned());
    if scene.phone.pay(order_id, notify).await {
        scene.observations.paid(order_id);
    }
}

async fn close(scene: &Scene, random: &Random, order_id: &str, when: Option<Instant>) {
    let Some(when) = when else { return };
    if !scene.pause(when - Instant::now()).await {
        return;
    }
    for _ in 0..5 {
        let answers = scene.post_once_or_twice(random, "/wxPay/doCloseOrder", &json!({"order_id": order_id}), None).await;
        let mut is_over = false;
        for (status, answer) in answers.into_iter().flatten() {
            match status {
                200 if answer["code"] == 0 => {
                    scene.observations.told().told_closed.insert(order_id.to_owned());
                    is_over = true;
                }
                200 if answer["reason"] == "ORDER_PAID" => is_over = true,
                200 | 502..=504 => {}
                _ => scene.observations.violation(format!("doCloseOrder answered {status}: {answer}")),
            }
        }
        if is_over || !scene.pause(Duration::from_millis(700)).await {
            return;
        }
    }
}

/// A payer's page asks until the order is decided, or its reader loses patience.
async fn watch(scene: &Scene, random: &Random, order_id: &str) {
    let paths: [&'static str; 2] = ["/wxPay/queryOrder", "/wxPay/wxPay/queryOrder"];
    for _ in 0..random.between(2, 25) {
        if !scene.pause(random.millis(300, 1500)).await {
            return;
        }
        match scene.post(random.one_of(&paths), &json!({"order_id": order_id}), None).await {
            Some((200, answer)) => match answer["trade_state"].as_str() {
                Some("SUCCESS") => {
                    scene.observations.told_paid(order_id);
                    return;
                }
                Some("CLOSED") => return,
                Some("NOTPAY") => {}
                _ => scene.observations.violation(format!("queryOrder answered {answer}")),
            },
            Some((502..=504, _)) | None => {}
            Some((status, answer)) => scene.observations.violation(format!("queryOrder answered {status} of {order_id}: {answer}")),
        }
    }
}

/// The till asks for the same order after its end.
async fn ask_again(scene: &Scene, order_id: &str, wish: &Wish) {
    if let Some((200, answer)) = scene.post("/wxPay/toPay", &wish.offer(), wish.key.as_deref()).await
        && answer["order_id"].as_str().is_some_and(|again| again != order_id)
    {
        scene.observations.violation(format!("asked again for {order_id}, toPay answered {answer}"));
    }
}
