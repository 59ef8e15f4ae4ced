//! What five hundred accounts in one process cost: a payment through the last beside one through the first, in turn; the
//! memory, and the time until the service answers.
//!
//! ```sh
//! cargo bench --bench accounts
//! ```
//! It needs `mariadb-server`, starts its own and leaves nothing behind. A target that is missed ends it with an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot go on ends")]
#![allow(clippy::float_arithmetic, reason = "latencies are no money")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each bench uses its own part of it")]
mod support;

use std::process::ExitCode;
use std::time::Instant;

use support::calls::notification;
use support::driver::{Until, drive, must_hold};
use support::mariadb::MariaDb;
use support::median;
use support::service::Service;
use support::upstream::Upstream;
use support::wechat_message::WeChatMessage;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer};
use wechat_pay::simulator::published_key;

const ACCOUNTS: usize = 500;
/// The accounts take turns, in so many rounds of so many payments each.
const ROUNDS: usize = 15;
const PAYMENTS: usize = 400;
const FEN: i64 = 1990;

fn main() -> ExitCode {
    support::run(bench())
}

async fn bench() -> bool {
    let (database, upstream) = (MariaDb::start(&[]).await, Upstream::start());
    let (alone, _) = start(&database, &upstream, "alone", 1).await;
    let (service, seconds) = start(&database, &upstream, "many", ACCOUNTS).await;
    let mut wires = service.connections(1).await;
    let mut ratios = Vec::new();
    // The first round is for the caches.
    for round in 0..=ROUNDS {
        let mut latency = [0.0; 2];
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let account = if which == 0 { 0 } else { ACCOUNTS - 1 };
            let payments = open(&database, round * 2 + which, account).await;
            let run = drive(&mut wires, &payments, Until::AllAreSent, must_hold("SUCCESS"));
            latency[which] = run.await.quantile(0.5);
        }
        if round > 0 {
            println!("round {round}: {:.3} ms through the first account, {:.3} ms through the last", latency[0], latency[1]);
            ratios.push(latency[1] / latency[0]);
        }
    }
    let verdicts = [
        ("a payment through the last account, times that through the first", median(ratios), 1.1),
        ("resident for 499 more accounts, MiB", service.memory() - alone.memory(), 16.0),
        ("from the start to the first answer, s", seconds, 1.0),
    ];
    verdicts.into_iter().fold(true, |good, (what, is, at_most)| {
        println!("{} {what}: {is:.2} (at most {at_most})", if is <= at_most { "PASS " } else { "SHORT" });
        good && is <= at_most
    })
}

/// The service with so many accounts, and how long it took until it answered.
async fn start(database: &MariaDb, upstream: &Upstream, name: &str, accounts: usize) -> (Service, f64) {
    let url = database.create(name).await;
    wechat_pay::store::Store::migrate(&url.parse().unwrap(), wechat_pay::clock::Clock::System.now()).await.unwrap();
    let mut settings = vec![("SWEEP__FIRST_LOOKS", "3600".to_owned())];
    for number in 1..accounts {
        let (appid, mch_id) = numbers(number);
        for (key, value) in
            [("APPID", appid), ("API_KEY", published_key(&mch_id)), ("MCH_ID", mch_id), ("SELLERS", (1000 + number).to_string())]
        {
            settings.push((format!("ACCOUNTS__SHOP{number}__{key}").leak(), value));
        }
    }
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let started = Instant::now();
    let service = Service::start(database.directory.path(), name, &url, upstream, &settings).await;
    service.connect().await;
    (service, started.elapsed().as_secs_f64())
}

fn numbers(account: usize) -> (String, String) {
    let number = 1_900_000_001 + account;
    (format!("wx{number:016}"), number.to_string())
}

/// Opens deals of an account, and gives WeChat's notifications that they were paid.
async fn open(database: &MariaDb, batch: usize, account: usize) -> Vec<Vec<u8>> {
    let order_ids: Vec<_> = (0..PAYMENTS).map(|number| format!("20261124120000{batch:08}{number:010}")).collect();
    let name = if account == 0 { "NULL".to_owned() } else { format!("'shop{account}'") };
    let deals: Vec<_> =
        order_ids.iter().map(|id| format!("('{id}', '{id}', 1, 1, 19.9, 19.9, {FEN}, 0, 0, '<xml/>', {name}, @now, @now, @end)")).collect();
    let insert = format!(
        "SET @now = CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', '+08:00'), @end = TIMESTAMPADD(HOUR, 2, @now); INSERT INTO deal (order_id, order_key, \
         product_id, merchant_id, price, price_last, total_fee, status, mode, prepay_request, account, create_at, update_at, expires_at) VALUES {}",
        deals.join(", ")
    );
    database.run("many", &insert).await;
    let paid = |order_id: &String| {
        let message = WeChatMessage::notification(order_id, FEN);
        notification(&match account {
            0 => message.signed(),
            _ => {
                let (appid, mch_id) = numbers(account);
                let signer = Signer::new(ApiKey::new(&published_key(&mch_id)).unwrap(), SignType::Md5);
                message.with("appid", &appid).with("mch_id", &mch_id).signed_by(&signer)
            }
        })
    };
    order_ids.iter().map(paid).collect()
}
