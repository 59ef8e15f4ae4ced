//! Accounts that nothing is due of: however many there are, a pass of the sweeper costs the database the same.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use sqlx::{Connection, SqliteConnection};
use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::{Client, Merchant, Wire};
use wechat_pay::channel::{CallError, Channel};
use wechat_pay::clock::Clock;
use wechat_pay::deal::AccountId;
use wechat_pay::gateway::{Account, Accounts, Gateway};
use wechat_pay::store::{Decision, Fault, FaultHook, LARGEST_BATCH, Store};

use super::history::BEGINNING;
use super::instance::settings;
use super::template::Template;

/// A deal of the account `default` that is due.
const DUE: &str = "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, prepay_request, \
    create_at, update_at, expires_at, due_at) VALUES ('20260401120000123456789012345678', '20260401120000123456789012345678', 34, 12, 19.9, \
    19.9, 1990, 0, 0, '<xml/>', '2026-04-01 11:59:00', '2026-04-01 11:59:00', '2026-04-01 13:00:00', '2026-04-01 11:59:30')";

#[test]
fn five_hundred_idle_accounts_cost_no_statement_each() {
    let template = Template::prepare();
    let alone = statements_of_a_pass(&template, 1);
    assert!(alone.contains(&"due"), "{alone:?}");
    assert_eq!(statements_of_a_pass(&template, 500), alone);
}

#[tokio::main(flavor = "current_thread")]
async fn statements_of_a_pass(template: &Template, accounts: usize) -> Vec<&'static str> {
    let database = template.database("idle.db");
    let mut conn = SqliteConnection::connect(&database.url()).await.unwrap();
    sqlx::query(DUE).execute(&mut conn).await.unwrap();
    let (settings, clock, chance) = (settings(&database.url(), 3600, 600), Clock::manual(BEGINNING.parse().unwrap()), Chance::seeded(1));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let hook = FaultHook::new(move |tried| {
        noted.lock().unwrap().push(tried.name);
        async { Decision { fault: Fault::None, until_over: Box::new(()) } }.boxed()
    });
    let store = Store::open_with(&settings.database, "idle", LARGEST_BATCH, clock.now(), Some(&hook)).await.unwrap();
    let wire = Wire::new(clock.clone(), |_, _, _| async { Err(CallError::Unreachable) }.boxed());
    let default = &settings.wechat.merchant;
    let accounts = Accounts::new((0..accounts).map(|number| {
        let id = if number == 0 { AccountId::default() } else { format!("shop{number}").parse().unwrap() };
        let merchant = Merchant { account: id.clone(), mch_id: format!("{}", 1_900_000_001 + number), ..default.clone() };
        let channel = Channel::WeChatV2(Client::wired(merchant, wire.clone(), chance.clone()));
        Account::new(id, channel, settings.wechat.terms.clone())
    }));
    let gateway = Gateway::new(store, accounts, Vec::new(), clock.clone(), chance, settings.terms);
    let swept = gateway.sweep_once(100).await.unwrap();
    assert_eq!((swept.looked, swept.calls), (1, 1));
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort_unstable();
    seen
}
