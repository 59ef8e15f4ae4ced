//! Money that goes back: the merchant's back end asks for it on any instance, until it is answered; and afterwards WeChat's books and
//! ours, held against each other to the fen.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use sqlx::MySqlConnection;
use tokio::time::{Instant, sleep};

use super::database::{connect, until};
use super::tills::Scene;
use crate::support::random::Random;

/// How long a back end goes on asking for a refund of which it has heard nothing.
const PERSISTENCE: Duration = Duration::from_secs(40);
/// Every refund is decided within this time of the end of the load: the longest pause before it is sent again, and some to spare.
const DECIDED_WITHIN: Duration = Duration::from_secs(700);

/// A refund as WeChat knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct TrueRefund {
    out_trade_no: String,
    out_refund_no: String,
    refund_id: String,
    refund_fee: i64,
    refund_status: String,
}

/// A refund as the database holds it.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    refund_id: String,
    order_id: String,
    refund_fee: i64,
    state: String,
    wechat_refund_id: Option<String>,
}

/// What a deal says of its refunds, against the sum of those that hold their amount.
#[derive(Debug, sqlx::FromRow)]
struct Sum {
    order_id: String,
    total_fee: i64,
    refunded_fee: i64,
    held: i64,
}

/// The merchant takes a purchase back, or a part of it: asked for under one key until an answer comes, and now and then once more.
pub async fn ask(scene: &Scene, random: &Random, order_id: &str, fen: i64) {
    let part = random.between(1, u64::try_from(fen).unwrap()).try_into().unwrap();
    let fee: i64 = random.one_of(&[part, part, fen, fen + 1]);
    let body = json!({"order_id": order_id, "refund": format!("{}.{:02}", fee / 100, fee % 100)});
    let (key, begun) = (random.word(), Instant::now());
    let mut once_more = random.happens(300);
    loop {
        let answers = scene.post_once_or_twice(random, "/wxPay/refund", &body, Some(&key)).await;
        let mut is_answered = false;
        for (status, answer) in answers.into_iter().flatten() {
            match (status, answer["code"].as_i64(), answer["refund_id"].as_str()) {
                (200, Some(0), Some(refund_id)) => scene.observations.refund(order_id, &key, refund_id),
                (200, Some(1), _) if answer["reason"] == "REFUND_TOO_MUCH" && fee > fen => return,
                (502..=504, ..) => continue,
                _ => return scene.observations.violation(format!("refund of {order_id} was answered {status}: {answer}")),
            }
            is_answered = true;
        }
        if is_answered && !std::mem::take(&mut once_more) {
            return;
        }
        if begun.elapsed() > PERSISTENCE {
            return;
        }
        sleep(random.millis(100, 800)).await;
    }
}

/// Waits until every refund is decided, and holds WeChat's books against what each of these databases holds.
pub async fn verify(databases: &[String], scene: &Scene, wrong: &mut Vec<String>) {
    let decided = until(DECIDED_WITHIN, async || undecided(&mut connect(&databases[0]).await).await == 0).await;
    let truth = scene.phone.refunds().await;
    for database in databases {
        let mut connection = connect(database).await;
        let (rows, sums) = (rows(&mut connection).await, sums(&mut connection).await);
        against_wechat(&truth, &rows, wrong);
        against_the_deals(&sums, wrong);
        against_the_callers(scene, &rows, wrong);
        let mut states: BTreeMap<&str, (u64, i64)> = BTreeMap::new();
        for row in rows.values() {
            let (number, fen) = states.entry(&row.state).or_default();
            (*number, *fen) = (*number + 1, *fen + row.refund_fee);
        }
        eprintln!("refunds here (number, fen)      {states:?}; decided after {decided:.1?}");
        if rows.is_empty() {
            wrong.push("nothing was given back".to_owned());
        }
    }
}

fn against_the_deals(sums: &[Sum], wrong: &mut Vec<String>) {
    for sum in sums.iter().filter(|sum| sum.refunded_fee != sum.held || sum.held > sum.total_fee) {
        wrong.push(format!("what went back of {} is not the sum of its refunds, or too much: {sum:?}", sum.order_id));
    }
}

fn against_the_callers(scene: &Scene, rows: &HashMap<String, Row>, wrong: &mut Vec<String>) {
    for (refund_id, order_id) in scene.observations.told().refunds.values() {
        if rows.get(refund_id).is_none_or(|row| row.order_id != *order_id) {
            wrong.push(format!("a back end was told of the refund {refund_id} of {order_id}, and there is none"));
        }
    }
}

fn against_wechat(truth: &[TrueRefund], rows: &HashMap<String, Row>, wrong: &mut Vec<String>) {
    let mut there = HashMap::new();
    for refund in truth {
        there.insert(refund.out_refund_no.as_str(), refund);
        let here = rows.get(&refund.out_refund_no);
        let is_so = here.is_some_and(|row| {
            row.order_id == refund.out_trade_no
                && row.refund_fee == refund.refund_fee
                && row.state == refund.refund_status
                && row.wechat_refund_id.as_ref() == Some(&refund.refund_id)
        });
        if !is_so {
            wrong.push(format!("WeChat has {refund:?}, and here it is {here:?}"));
        }
    }
    for row in rows.values().filter(|row| row.state != "FAILED" && !there.contains_key(row.refund_id.as_str())) {
        wrong.push(format!("{row:?} is not known at WeChat"));
    }
    let fen = |row: &&Row| row.state == "SUCCESS";
    let (ours, theirs): (i64, i64) =
        (rows.values().filter(fen).map(|row| row.refund_fee).sum(), truth.iter().map(|refund| refund.refund_fee).sum());
    if ours != theirs {
        wrong.push(format!("{ours} fen were given back here, and {theirs} at WeChat"));
    }
}

async fn undecided(connection: &mut MySqlConnection) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM refund WHERE state = 'PROCESSING'").fetch_one(connection).await.unwrap()
}

async fn rows(connection: &mut MySqlConnection) -> HashMap<String, Row> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT refund_id, order_id, refund_fee, state, wechat_refund_id FROM refund").fetch_all(connection).await.unwrap();
    rows.into_iter().map(|row| (row.refund_id.clone(), row)).collect()
}

async fn sums(connection: &mut MySqlConnection) -> Vec<Sum> {
    const SUMS: &str = "SELECT d.order_id, d.total_fee, COALESCE(d.refunded_fee, 0) AS refunded_fee, \
        CAST(COALESCE(SUM(CASE WHEN r.state IN ('PROCESSING', 'SUCCESS', 'ABNORMAL') THEN r.refund_fee ELSE 0 END), 0) AS SIGNED) AS held \
        FROM deal d LEFT JOIN refund r ON r.order_id = d.order_id GROUP BY d.order_id, d.total_fee, d.refunded_fee";
    sqlx::query_as(SUMS).fetch_all(connection).await.unwrap()
}
