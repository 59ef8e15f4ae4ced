//! What each call costs, for one caller alone.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use wechat_pay::chance::Chance;
use wechat_pay::channel::Channel;
use wechat_pay::channel::wechat::v2::{Client, Endpoints, Http, SignType};
use wechat_pay::clock::Clock;
use wechat_pay::deal::{AccountId, Schedule, Sellers, TradeType};
use wechat_pay::gateway::{Account, AccountTerms, Accounts, BillTerms, Gateway, RefundTerms, Site, Terms};
use wechat_pay::store::{LARGEST_BATCH, Store};
use wechat_pay::trust::ExtraRoots;

use crate::support::calls::{notification, order_id, poll, wish};
use crate::support::driver::{Run, Until, drive};
use crate::support::mariadb::MariaDb;
use crate::support::median;
use crate::support::merchant::merchant;
use crate::support::messages::Writer;
use crate::support::meter::Counters;
use crate::support::service::Service;
use crate::support::upstream::Upstream;
use crate::support::wire::Wire;

pub const NAMES: [&str; 5] =
    ["toPay", "queryOrder of an undecided deal", "notification", "queryOrder of a paid deal", "a pass of the sweeper, 100 looks"];
/// Medians are taken over so many rounds.
const ROUNDS: usize = 5;
/// Of each call in a round.
const CALLS: usize = 400;
/// Deals that a pass of the sweeper looks at.
const LOOKS: u32 = 100;

/// The figures of one call.
pub struct Cost {
    /// Median, in milliseconds.
    pub latency: f64,
    /// Rows that the engine was asked for, read or passed over.
    pub rows: f64,
    /// Pages that it looked into for that, in the buffer pool or not.
    pub pages: f64,
}

/// All of [`NAMES`].
pub async fn measure(database: &MariaDb, url: &str, upstream: &Upstream) -> Vec<Cost> {
    let mut rounds: Vec<Vec<Cost>> = NAMES.iter().map(|_| Vec::new()).collect();
    // Nothing comes due by itself, and every poll is answered by WeChat.
    let settings = [("SWEEP__FIRST_LOOKS", "3600"), ("WECHAT__QUERY_BUDGET", "1000000")];
    let service = Service::start(database.directory.path(), "till", url, upstream, &settings).await;
    let mut wires = service.connections(1).await;
    // The first round is for the caches.
    for round in 0..=ROUNDS {
        let costs = round_of_calls(database, &mut wires).await;
        if round > 0 {
            rounds.iter_mut().zip(costs).for_each(|(all, cost)| all.push(cost));
        }
    }
    drop(service);
    let gateway = gateway(url, upstream).await;
    for round in 0..=ROUNDS {
        let cost = pass(database, &gateway).await;
        if round > 0 {
            rounds[NAMES.len() - 1].push(cost);
        }
    }
    rounds.iter().map(|costs| Cost::median(costs)).collect()
}

async fn round_of_calls(database: &MariaDb, wires: &mut [Wire]) -> Vec<Cost> {
    let order_ids = RefCell::new(Vec::new());
    let wishes = vec![wish(); CALLS];
    let opening = drive(wires, &wishes, Until::AllAreSent, |body| {
        order_ids.borrow_mut().push(order_id(body));
    });
    let to_pay = cost(database, opening).await;
    let (order_ids, writer) = (order_ids.into_inner(), Writer::new(SignType::Md5));
    let polls: Vec<_> = order_ids.iter().map(|id| poll(id)).collect();
    let notifications: Vec<_> = order_ids.iter().map(|id| notification(&writer.paid(id))).collect();
    let undecided = cost(database, drive(wires, &polls, Until::AllAreSent, |_| ())).await;
    let notified = cost(database, drive(wires, &notifications, Until::AllAreSent, |_| ())).await;
    let paid = cost(database, drive(wires, &polls, Until::AllAreSent, |_| ())).await;
    vec![to_pay, undecided, notified, paid]
}

async fn cost(database: &MariaDb, run: impl Future<Output = Run>) -> Cost {
    let meter = database.meter().await;
    let run = run.await;
    Cost::new(run.quantile(0.5), run.requests(), &meter.stop().await)
}

/// A pass of the sweeper over deals that have just come due, by the gateway itself: from outside it cannot be timed.
async fn pass(database: &MariaDb, gateway: &Gateway) -> Cost {
    // Unpaid ones, opened for this.
    let due = format!(
        "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, prepay_request, code_url, \
         create_at, update_at, expires_at, due_at) SELECT o, o, 1, 1, 19.9, 19.9, 1990, 0, 0, REPEAT('x', 560), \
         'weixin://wxpay/bizpayurl?pr=cdx1OaJ00', now, now, TIMESTAMPADD(HOUR, 2, now), TIMESTAMPADD(SECOND, -1, now) FROM \
         (SELECT CONCAT(DATE_FORMAT(now, '%Y%m%d%H%i%s'), LEFT(REPLACE(UUID(), '-', ''), 18)) AS o, now \
         FROM seq_1_to_{LOOKS}, (SELECT CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', '+08:00') AS now) clock) made"
    );
    database.run("till", &due).await;
    let (meter, started) = (database.meter().await, Instant::now());
    let swept = gateway.sweep_once(LOOKS).await.unwrap();
    let latency = started.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(swept.looked, LOOKS, "a pass looks at everything that is due");
    Cost::new(latency, 1, &meter.stop().await)
}

async fn gateway(url: &str, upstream: &Upstream) -> Gateway {
    let (clock, chance) = (Clock::System, Chance::System);
    let store = Store::open(&url.parse().unwrap(), "bench", LARGEST_BATCH, clock.now()).await.unwrap();
    let endpoints = Endpoints {
        primary: format!("http://{}", upstream.address).parse().unwrap(),
        backup: None,
        proxy: None,
        extra_roots: ExtraRoots::default(),
    };
    let http = Arc::new(Http::new(endpoints, chance.clone()).unwrap());
    let channel = Channel::WeChatV2(Client::new(merchant(SignType::Md5), http, chance.clone()));
    let pause = TimeDelta::seconds(600);
    let terms = Terms {
        expire_after: TimeDelta::seconds(7200),
        close_min_age: TimeDelta::seconds(300),
        schedule: Schedule { first: Vec::new(), pause, young: pause, longest_pause: pause },
        site: Site::default(),
        refund: RefundTerms::default(),
        bill: BillTerms::default(),
    };
    let account_terms = AccountTerms {
        sellers: Sellers::default(),
        body: "{merchant_id},{product_id}".to_owned(),
        trade_types: vec![TradeType::Native],
        checkout_types: Vec::new(),
        query_budget: 100,
    };
    let accounts = Accounts::new([Account::new(AccountId::default(), channel, account_terms)]);
    Gateway::new(store, accounts, Vec::new(), clock, chance, terms)
}

impl Cost {
    fn new(latency: f64, calls: usize, spent: &Counters) -> Self {
        const READS: [&str; 6] = ["first", "key", "next", "prev", "rnd", "rnd_next"];
        let rows: f64 = READS.iter().map(|name| spent.of(&format!("Handler_read_{name}")) as f64).sum();
        let pages = spent.of("Innodb_buffer_pool_read_requests") as f64;
        Self { latency, rows: rows / calls as f64, pages: pages / calls as f64 }
    }

    fn median(costs: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(costs.iter().map(figure).collect());
        Self { latency: of(|cost| cost.latency), rows: of(|cost| cost.rows), pages: of(|cost| cost.pages) }
    }
}
