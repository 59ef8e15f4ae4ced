//! The verdict: WeChat's books, the database and what the callers were told, held against each other.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use sqlx::MySqlConnection;
use wechat_pay::deal::BeijingTime;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::clients::Truth;
use crate::endpoint::Endpoint;
use crate::environment::{Environment, OTHER_ACCOUNT, OTHER_MCH_ID, OTHER_SELLERS, until};
use crate::kills::Victim;
use crate::load::Scene;
use crate::observations::Observed;
use crate::refunds;

/// Every order paid at WeChat is Paid here within this time of the last restart.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

/// The story of a run.
pub struct Run {
    pub seed: u64,
    pub begun: Instant,
    pub kills: BTreeMap<Victim, u64>,
    /// From a restart until everything was ready.
    pub slowest_return: Duration,
    pub last_restart: Instant,
}

/// A deal as the database holds it.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    order_id: String,
    status: i64,
    transaction_id: Option<String>,
    total_fee: i64,
    price_in_fen: i64,
    merchant_id: i64,
    product_id: i64,
    account: String,
    rows_of_id: i64,
}

/// When a deal was settled, and how often.
#[derive(Debug, sqlx::FromRow)]
struct Settlement {
    order_id: String,
    times: i64,
    /// Beijing time.
    at: NaiveDateTime,
}

async fn rows(connection: &mut MySqlConnection) -> HashMap<String, Row> {
    const ROWS: &str = "SELECT d.order_id, CAST(COALESCE(d.status, 0) AS SIGNED) AS status, d.transaction_id, d.total_fee, \
        CAST(ROUND(d.price * 100) AS SIGNED) AS price_in_fen, CAST(d.merchant_id AS SIGNED) AS merchant_id, \
        CAST(d.product_id AS SIGNED) AS product_id, COALESCE(d.account, 'default') AS account, c.n AS rows_of_id FROM deal d \
        JOIN (SELECT order_id, COUNT(*) AS n FROM deal GROUP BY order_id) c ON c.order_id = d.order_id";
    let rows: Vec<Row> = sqlx::query_as(ROWS).fetch_all(connection).await.unwrap();
    rows.into_iter().map(|row| (row.order_id.clone(), row)).collect()
}

async fn settlements(connection: &mut MySqlConnection) -> HashMap<String, Settlement> {
    const SETTLED: &str = "SELECT order_id, COUNT(*) AS times, MIN(at) AS at FROM deal_event \
        WHERE kind IN ('settled', 'settled_late') GROUP BY order_id";
    let settled: Vec<Settlement> = sqlx::query_as(SETTLED).fetch_all(connection).await.unwrap();
    settled.into_iter().map(|one| (one.order_id.clone(), one)).collect()
}

/// Waits for what must come by itself, judges, prints the table, and fails the test if anything is wrong.
pub async fn verify(environment: &mut Environment, scene: &Scene, endpoint: &Endpoint, run: &Run) {
    let left = SETTLED_WITHIN.saturating_sub(run.last_restart.elapsed());
    let settled = until(left, async || open_at(environment, scene, Truth::is_paid).await == 0).await;
    let settled_after = run.last_restart.elapsed();
    // Deals that WeChat knows end by themselves, too: their time, a lease, a look or two that fail.
    let ended = until(scene.expire_after + Duration::from_secs(60), async || open_at(environment, scene, |_| true).await == 0).await;

    let mut of_refunds = Vec::new();
    refunds::verify(environment, scene, &mut of_refunds).await;
    endpoint.verify(environment, scene, &mut of_refunds).await;
    let truth = scene.phone.orders().await;
    let mut connection = environment.look().await;
    let (rows, settlements) = (rows(&mut connection).await, settlements(&mut connection).await);
    let mut told = scene.observations.told();
    let mut wrong = std::mem::take(&mut told.violations);
    wrong.append(&mut of_refunds);
    if settled.is_none() {
        wrong.push(format!("not every paid order is Paid here {SETTLED_WITHIN:?} after the last restart"));
    }
    if ended.is_none() {
        wrong.push("a deal that WeChat knows is still undecided".to_owned());
    }
    for (number, instance) in environment.instances.iter_mut().enumerate() {
        if !instance.lives() {
            wrong.push(format!("instance {number} ended by itself"));
        }
    }
    against_wechat(&truth, &rows, &settlements, &mut wrong);
    against_each_account(&truth, &rows, &mut wrong);
    against_ourselves(&truth, &rows, &settlements, &mut wrong);
    against_the_callers(&told, &truth, &rows, &mut wrong);

    let lags = told.paid_at.iter().filter_map(|(order_id, paid)| {
        let at = BeijingTime::from(settlements.get(order_id)?.at).timestamp();
        Some((at - *paid).num_seconds().max(0))
    });
    let count = |status| rows.values().filter(|row| row.status == status).count();
    let acknowledged = truth.iter().filter(|order| order.first_acknowledged().is_some()).count();
    let kills: Vec<_> = run.kills.iter().map(|(victim, times)| format!("{times} × {}", victim.as_str())).collect();
    let answers: Vec<_> = told.answers.iter().map(|((path, status), n)| format!("{path} {}: {n}", words(*status))).collect();
    let unknown_here = rows.values().filter(|row| row.status == 0).count();
    eprintln!("seed                            {}", run.seed);
    eprintln!("duration                        {:.0?}", run.begun.elapsed());
    eprintln!("kills                           {} ({})", run.kills.values().sum::<u64>(), kills.join(", "));
    eprintln!("deals here / orders at WeChat   {} / {}", rows.len(), truth.len());
    eprintln!("given to tills                  {}", told.given.len());
    eprintln!("paid here / paid at WeChat      {} / {}", count(1), truth.iter().filter(|order| order.is_paid()).count());
    eprintln!("expired / never at WeChat, open {} / {unknown_here}", count(2));
    eprintln!("acknowledged notifications of   {acknowledged} orders");
    eprintln!("slowest return after a restart  {:.1?}", run.slowest_return);
    eprintln!("all paid settled after the last restart and the load by {settled_after:.1?}");
    eprintln!("slowest from paid to Paid       {} s", lags.max().unwrap_or(0));
    eprintln!("slowest answer                  {:.1?}", told.slowest);
    eprintln!("answers                         {}", answers.join(", "));
    for what in wrong.iter().take(50) {
        eprintln!("WRONG: {what}");
    }
    assert!(wrong.is_empty(), "{} things are wrong; TORTURE_SEED={}", wrong.len(), run.seed);
    assert!(truth.iter().any(Truth::is_paid) && acknowledged > 0, "nothing was tried");
}

fn words(status: Option<u16>) -> String {
    status.map_or("unanswered".to_owned(), |status| status.to_string())
}

/// How many of WeChat's orders of a kind are undecided here.
async fn open_at(environment: &Environment, scene: &Scene, kind: impl Fn(&Truth) -> bool) -> usize {
    let truth = scene.phone.orders().await;
    let rows = rows(&mut environment.look().await).await;
    let is_open = |order: &&Truth| rows.get(&order.out_trade_no).is_none_or(|row| row.status == 0 || (order.is_paid() && row.status != 1));
    truth.iter().filter(|order| kind(order)).filter(is_open).count()
}

/// What WeChat knows is so here.
fn against_wechat(truth: &[Truth], rows: &HashMap<String, Row>, settled: &HashMap<String, Settlement>, wrong: &mut Vec<String>) {
    for order in truth {
        let id = &order.out_trade_no;
        let Some(row) = rows.get(id) else {
            wrong.push(format!("{id} can be paid at WeChat and does not exist here"));
            continue;
        };
        if row.total_fee != order.total_fee {
            wrong.push(format!("{id} costs {} at WeChat and {} here", order.total_fee, row.total_fee));
        }
        if order.is_paid() && (row.status != 1 || row.transaction_id != order.transaction_id) {
            wrong.push(format!("{id} is paid at WeChat and here {row:?}"));
        }
        if let Some(acknowledged) = order.first_acknowledged() {
            // Answered SUCCESS only when it was stored: not later, by a sweeper that repaired it.
            let stored = settled.get(id).map(|one| one.at.to_string());
            if stored.as_ref().is_none_or(|at| at.as_str() > acknowledged.at[..19].replace('T', " ").as_str()) {
                wrong.push(format!("{id} was acknowledged at {} and stored at {stored:?}", acknowledged.at));
            }
        }
    }
}

/// Each seller's deals have gone through its account, and each account has what its merchant's books say.
fn against_each_account(truth: &[Truth], rows: &HashMap<String, Row>, wrong: &mut Vec<String>) {
    for (id, row) in rows {
        if (row.account == OTHER_ACCOUNT) != OTHER_SELLERS.contains(&row.merchant_id) {
            wrong.push(format!("{id} went through another account than its seller's: {row:?}"));
        }
    }
    for (account, mch_id) in [("default", DEFAULT_MERCHANT.mch_id), (OTHER_ACCOUNT, OTHER_MCH_ID)] {
        let there = truth.iter().filter(|order| order.mch_id == mch_id && order.is_paid()).map(|order| order.total_fee);
        let here = rows.values().filter(|row| row.account == account && row.status == 1).map(|row| row.total_fee);
        let (there, here) = (there.fold((0, 0), add), here.fold((0, 0), add));
        eprintln!("paid through {account:<19} {} deals, {} fen", here.0, here.1);
        if here != there {
            wrong.push(format!("through {account} {here:?} deals and fen were paid here, and {there:?} at its merchant"));
        }
        if there.0 == 0 {
            wrong.push(format!("nothing was paid through {account}"));
        }
    }
}

fn add((number, sum): (u64, i64), fen: i64) -> (u64, i64) {
    (number + 1, sum + fen)
}

/// What is so here is so at WeChat, and in the journal.
fn against_ourselves(truth: &[Truth], rows: &HashMap<String, Row>, settled: &HashMap<String, Settlement>, wrong: &mut Vec<String>) {
    let truth: HashMap<_, _> = truth.iter().map(|order| (order.out_trade_no.as_str(), order)).collect();
    for (id, row) in rows {
        let order = truth.get(id.as_str());
        if row.rows_of_id != 1 {
            wrong.push(format!("{id} exists {} times", row.rows_of_id));
        }
        if row.status == 1 && !order.is_some_and(|order| order.is_paid()) {
            wrong.push(format!("{id} is Paid here and {order:?} at WeChat"));
        }
        if row.status == 2 && order.is_some_and(|order| !order.is_closed()) {
            wrong.push(format!("{id} is Expired here and {order:?} at WeChat"));
        }
        let times = settled.get(id).map_or(0, |one| one.times);
        if times != i64::from(row.status == 1) {
            wrong.push(format!("{id} has status {} and the journal has {times} settlements", row.status));
        }
    }
    for id in settled.keys().filter(|id| !rows.contains_key(*id)) {
        wrong.push(format!("the journal has settled {id}, which does not exist"));
    }
}

/// What the callers were told was true, and stays so.
fn against_the_callers(told: &Observed, truth: &[Truth], rows: &HashMap<String, Row>, wrong: &mut Vec<String>) {
    let truth: HashMap<_, _> = truth.iter().map(|order| (order.out_trade_no.as_str(), order)).collect();
    for (id, wish) in &told.given {
        let wished = (wish.fen, wish.fen, wish.merchant_id, wish.product_id);
        let is = rows.get(id).map(|row| (row.total_fee, row.price_in_fen, row.merchant_id, row.product_id));
        if is != Some(wished) {
            wrong.push(format!("a till was given {id} for {wished:?}, and it is {is:?}"));
        }
    }
    for id in told.told_paid.iter().filter(|id| !truth.get(id.as_str()).is_some_and(|order| order.is_paid())) {
        wrong.push(format!("{id} was called SUCCESS and is not paid at WeChat"));
    }
    for id in told.told_closed.iter().filter(|id| truth.get(id.as_str()).is_some_and(|order| !order.is_closed())) {
        wrong.push(format!("{id} was called closed and is not at WeChat"));
    }
    for id in told.paid_at.keys().filter(|id| rows.get(*id).is_none_or(|row| row.status != 1)) {
        wrong.push(format!("a payer paid {id} and it is not Paid here"));
    }
}
