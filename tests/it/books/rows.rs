//! Deals as they stand in the table, written behind the service's back.

use std::fmt::Write;
use std::sync::Arc;

use wechat_pay::deal::{DealPage, Listing, Place};
use wechat_pay::store::Store;

use crate::support::database::Look;

/// A deal for 19.90.
#[derive(Clone, Copy)]
pub struct Row {
    pub order_id: &'static str,
    pub seller: i64,
    pub account: &'static str,
    pub status: &'static str,
    /// Beijing time, as is the next.
    pub opened: &'static str,
    pub changed: &'static str,
}

impl Row {
    /// Opened at this time of the first of April, and not paid yet.
    pub const fn unpaid(order_id: &'static str, opened: &'static str) -> Self {
        Self { order_id, seller: 12, account: "default", status: "0", opened, changed: opened }
    }

    /// Paid at this time.
    pub const fn paid(self, at: &'static str) -> Self {
        Self { status: "1", changed: at, ..self }
    }

    pub const fn of(self, seller: i64, account: &'static str) -> Self {
        Self { seller, account, ..self }
    }
}

pub async fn insert(look: &Look, rows: &[Row]) {
    let mut values = String::new();
    for Row { order_id, seller, account, status, opened, changed } in rows {
        let account = if *account == "default" { "NULL".to_owned() } else { format!("'{account}'") };
        let transaction = if *status == "1" { format!("'t-{order_id}'") } else { "NULL".to_owned() };
        let comma = if values.is_empty() { "" } else { ", " };
        write!(
            values,
            "{comma}('{order_id}', '{order_id}', 34, {seller}, 19.9, 19.9, 1990, {status}, 0, {account}, {transaction}, '{opened}', '{changed}')"
        )
        .unwrap();
    }
    look.run(&format!(
        "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, account, \
         transaction_id, create_at, update_at) VALUES {values}"
    ))
    .await;
}

/// So many deals of seller 12 at once, one a second from midnight of the first of April on, numbered from `first` on.
pub async fn insert_many(look: &Look, first: u32, count: u32, status: u8) {
    let numbers = format!("WITH RECURSIVE made (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM made WHERE n < {})", first + count - 1);
    let (order_id, time, session) = match look {
        Look::MySql(_) => ("CONCAT('m', n)", "TIMESTAMPADD(SECOND, n, '2026-04-01')", "SET SESSION max_recursive_iterations = 1000000;"),
        Look::Sqlite(_) => ("'m' || n", "DATETIME('2026-04-01', n || ' seconds')", ""),
    };
    let columns = "order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, create_at, update_at";
    let rows = format!("SELECT {order_id}, {order_id}, 34, 12, 19.9, 19.9, 1990, {status}, 0, {time}, {time} FROM made");
    let insert = match look {
        Look::MySql(_) => format!("INSERT INTO deal ({columns}) {numbers} {rows}"),
        Look::Sqlite(_) => format!("{numbers} INSERT INTO deal ({columns}) {rows}"),
    };
    look.run(&format!("{session}{insert}")).await;
}

pub async fn page(store: &Store, listing: &Listing, after: Option<Place>, limit: u32) -> DealPage {
    store.books().deals(&Arc::new(listing.clone()), after, limit).await.unwrap()
}

pub fn numbers(page: &DealPage) -> Vec<String> {
    page.deals.iter().map(|deal| deal.order_id.to_string()).collect()
}
