//! What a database holds of deals, held against WeChat's books, against itself and against what the callers were told.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use sqlx::MySqlConnection;
use wechat_pay::deal::{BeijingTime, Timestamp};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use super::clients::Truth;
use super::observations::Observed;
use super::processes::{OTHER_ACCOUNT, OTHER_MCH_ID, OTHER_SELLERS};

/// What one database holds.
pub struct Books {
    rows: HashMap<String, Row>,
    settlements: HashMap<String, Settlement>,
}

impl Books {
    pub async fn read(connection: &mut MySqlConnection) -> Self {
        Self { rows: rows(connection).await, settlements: settlements(connection).await }
    }

    pub fn deals(&self) -> usize {
        self.rows.len()
    }

    /// How many have this status.
    pub fn count(&self, status: i64) -> usize {
        self.rows.values().filter(|row| row.status == status).count()
    }

    /// Whether an order of WeChat's is undecided here.
    pub fn is_open(&self, order: &Truth) -> bool {
        self.rows.get(&order.out_trade_no).is_none_or(|row| row.status == 0 || (order.is_paid() && row.status != 1))
    }

    /// When an order was settled.
    pub fn settled_at(&self, order_id: &str) -> Option<Timestamp> {
        Some(BeijingTime::from(self.settlements.get(order_id)?.at).timestamp())
    }

    /// Everything that is wrong, in words.
    pub fn judge(&self, truth: &[Truth], told: &Observed, wrong: &mut Vec<String>) {
        against_wechat(truth, &self.rows, &self.settlements, wrong);
        against_each_account(truth, &self.rows, wrong);
        against_ourselves(truth, &self.rows, &self.settlements, wrong);
        against_the_callers(told, truth, &self.rows, wrong);
    }
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
