//! Whatever was sold and given back, on whatever days and with whatever coupons: the books agree with WeChat's bills in every generation.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wechat_pay::deal::{Day, Fen};
use wechat_pay::gateway::Fetch;
use wechat_pay::simulator::{BillGeneration, Notify};

use super::shop::{DAY, Shop};
use crate::refunds::books::refund_directly;
use crate::support::database::Engine;
use crate::support::test_app::Order;

const GENERATIONS: [BillGeneration; 3] = [BillGeneration::A, BillGeneration::B, BillGeneration::C];

/// What happens, so many seconds after what was before.
#[derive(Debug, Clone)]
struct Act {
    after: i64,
    deed: Deed,
}

#[derive(Debug, Clone)]
enum Deed {
    /// An order of so many fen is paid, with a coupon perhaps; whether somebody hears of it.
    Paid { fen: i64, coupon: i64, is_heard: bool },
    /// So many hundredths of one of the orders go back, by the shop or by its staff.
    GivenBack { order: prop::sample::Index, share: i64, by_staff: bool },
    /// Nobody pays it.
    Unpaid,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let paid = (1..1_000_000i64, prop_oneof![Just(0), 1..500i64], any::<bool>());
    let given_back = (any::<prop::sample::Index>(), 1..=100i64, any::<bool>());
    let deed = prop_oneof![
        4 => paid.prop_map(|(fen, coupon, is_heard)| Deed::Paid { fen, coupon, is_heard }),
        3 => given_back.prop_map(|(order, share, by_staff)| Deed::GivenBack { order, share, by_staff }),
        1 => Just(Deed::Unpaid),
    ];
    let after = prop_oneof![60..600i64, 60..60_000i64];
    prop::collection::vec((after, deed).prop_map(|(after, deed)| Act { after, deed }), 1..14)
}

/// It all happens, from a moment that is so many seconds before midnight on.
async fn happens(shop: &Shop, before_midnight: i64, acts: &[Act]) {
    let app = &shop.app;
    app.time_passes(12 * 3600 - before_midnight);
    let mut orders: Vec<(Order, i64)> = Vec::new();
    for (number, act) in acts.iter().enumerate() {
        app.time_passes(act.after);
        let now = app.clock.now();
        match &act.deed {
            Deed::Paid { fen, coupon, is_heard } => {
                let order = app.to_pay(&format!("{}.{:02}", fen / 100, fen % 100)).await;
                app.wechat().pay(&order.id, Fen::new(*coupon), Some(Notify::Lost), now).unwrap();
                if *is_heard {
                    app.time_passes(3);
                    assert_eq!(app.trade_state(&order.id).await, "SUCCESS");
                }
                orders.push((order, if *is_heard { *fen } else { 0 }));
            }
            Deed::GivenBack { order, share, by_staff } if !orders.is_empty() => {
                let at = order.index(orders.len());
                let (order, left) = &mut orders[at];
                let fen = *left * share / 100;
                if fen > 0 {
                    *left -= fen;
                    if *by_staff {
                        app.wechat().refund_by_hand(&order.id, Fen::new(fen), now).unwrap();
                        // Heard of in the bill alone.
                    } else {
                        refund_directly(app, order, &number.to_string(), fen).await;
                    }
                }
            }
            Deed::GivenBack { .. } | Deed::Unpaid => drop(app.to_pay("1.00").await),
        }
    }
}

async fn agree(shop: &Shop) -> Result<(), TestCaseError> {
    let app = &shop.app;
    let last = Day::of(app.clock.now());
    shop.morning();
    let mut day: Day = DAY.parse().unwrap();
    let mut sums = (0, 0, 0, 0);
    while day <= last {
        let mut bills = Vec::new();
        for generation in GENERATIONS {
            app.wechat().habits.bill_generation = generation;
            let bill = shop.reconcile(&day.to_string(), Fetch::Again).await.unwrap();
            prop_assert_eq!(bill.open, 0, "{:?} {}: {:?}", generation, day, shop.differences_on(&day.to_string()).await);
            prop_assert!(["AGREED", "NO_TRADES"].contains(&bill.state.as_str()));
            bills.push((bill.sums, bill.differences));
        }
        prop_assert!(bills.iter().all(|bill| *bill == bills[0]), "whatever the columns: {:?}", bills);
        let bill = bills[0].0;
        sums = (sums.0 + bill.payments, sums.1 + bill.paid_fee, sums.2 + bill.refunds, sums.3 + bill.refunded_fee);
        day = day.next();
    }
    let look = app.look().await;
    let count = async |sql: &str| look.texts(sql).await.remove(0).unwrap().parse::<i64>().unwrap();
    let (payments, paid) = (
        count("SELECT CAST(COUNT(*) AS CHAR(20)) FROM deal WHERE status = 1").await,
        count("SELECT CAST(COALESCE(SUM(total_fee), 0) AS CHAR(20)) FROM deal WHERE status = 1").await,
    );
    let (refunds, back) = (
        count("SELECT CAST(COUNT(*) AS CHAR(20)) FROM refund").await,
        count("SELECT CAST(COALESCE(SUM(refund_fee), 0) AS CHAR(20)) FROM refund").await,
    );
    prop_assert_eq!(sums, (payments, paid, refunds, back), "each line of the bills is in the books, and the other way round");
    Ok(())
}

#[test]
fn whatever_was_sold_the_books_agree_with_every_generation_of_bills() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..Config::default() });
    let told = runner.run(&(prop_oneof![1..10i64, 0..30_000i64], acts()), |(before_midnight, acts)| {
        runtime.block_on(async {
            let shop = Shop::open(Engine::Sqlite).await;
            happens(&shop, before_midnight, &acts).await;
            agree(&shop).await
        })
    });
    told.unwrap_or_else(|error| panic!("{error}"));
}
