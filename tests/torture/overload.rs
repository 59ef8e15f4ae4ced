//! More than can be served: more callers than the database bears, a database that stands still, a flood of forgeries.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::MySqlConnection;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wechat_pay::channel::wechat::v2::{ApiKey, Fields, SignType, Signer, xml};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::ALONE;
use crate::environment::{Environment, run};
use crate::load::clients::Till;
use crate::load::database::until;
use crate::support::http::Answer;
use crate::support::merchant::signer;

/// A caller that cannot be served is sent away after 0.8 s in the queue; half a second more until that is noticed and said.
const SENT_AWAY: Duration = Duration::from_millis(1300);
/// WeChat waits for no longer.
const WECHAT_WAITS: Duration = Duration::from_millis(4500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_beyond_the_database_s_strength_are_sent_away_in_time() {
    let _alone = ALONE.lock().await;
    let environment = Environment::build(1, &[]).await;
    let (till, phone) = (environment.till(), environment.phone());
    let payable = open_some(&till, 30).await;
    let mut connection = environment.look().await;
    // Opening a deal takes the database a while now; everything else is as quick as ever.
    run(&mut connection, "CREATE TRIGGER slow BEFORE INSERT ON deal FOR EACH ROW DO SLEEP(0.3)").await;
    // After a rest deals go alone. (Batches as large as those of a moment ago would wait for the database, for two seconds.)
    sleep(Duration::from_millis(100)).await;

    let limit = SENT_AWAY + 2 * bare(&till, 400).await;
    let callers = call_all(&till, 400);
    sleep(Duration::from_millis(150)).await;
    for order_id in &payable {
        assert!(phone.pay(order_id, "normal").await);
    }
    let asked = till.post("/wxPay/queryOrder", &json!({"order_id": payable[0]}), None).await.unwrap();
    assert_eq!(asked.status, 200, "{asked:?}");
    let (served, refused) = sort_out(callers).await;
    let slowest = refused.iter().map(|answer| answer.took).max().unwrap_or_default();
    eprintln!("400 callers: {} served, {} sent away, the slowest of these after {slowest:.1?}", served.len(), refused.len());
    assert!(served.len() >= 8, "those in hand finish");
    assert!(refused.len() > 200, "most are sent away");
    assert!(slowest < limit, "sent away after {slowest:?}, later than {limit:?}");

    // WeChat's notifications overtake the queue: the first attempt of each was acknowledged.
    let truth = phone.orders().await;
    for order in truth.iter().filter(|order| order.is_paid()) {
        assert!(order.attempts.first().is_some_and(|attempt| attempt.acknowledged), "{order:?}");
    }
    run(&mut connection, "DROP TRIGGER slow").await;
    assert_eq!(call(till.clone()).await.status, 200, "the flood over, everything is as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stands_still_makes_nobody_wait_long() {
    let _alone = ALONE.lock().await;
    let environment = Environment::build(1, &[]).await;
    let (till, phone) = (environment.till(), environment.phone());
    let payable = open_some(&till, 10).await;
    let mut lock = environment.look().await;
    run(&mut lock, "FLUSH TABLES WITH READ LOCK").await;

    let limit = SENT_AWAY + 2 * bare(&till, 100).await;
    let callers = call_all(&till, 100);
    sleep(Duration::from_millis(200)).await;
    for order_id in &payable {
        assert!(phone.pay(order_id, "normal").await);
    }
    let paid = Instant::now();
    let answered = async || phone.orders().await.iter().filter(|order| order.is_paid()).all(|order| !order.attempts.is_empty());
    until(WECHAT_WAITS, answered).await.expect("each notification is answered, though with FAIL");
    eprintln!("notifications answered after {:.1?}", paid.elapsed());
    let (served, refused) = sort_out(callers).await;
    assert_eq!((served.len(), refused.len()), (0, 100));
    let in_time = refused.iter().filter(|answer| answer.took < limit).count();
    let slowest = refused.iter().map(|answer| answer.took).max().unwrap();
    eprintln!("100 callers: {in_time} sent away within {limit:.1?}, the slowest after {slowest:.1?}");
    // Those whose statement the database has in hand wait for it.
    assert!(in_time >= 80 && slowest < Duration::from_secs(6));

    run(&mut lock, "UNLOCK TABLES").await;
    let settled = async || {
        let paid: (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM deal WHERE status = 1").fetch_one(&mut environment.look().await).await.unwrap();
        paid.0 == i64::try_from(payable.len()).unwrap()
    };
    until(Duration::from_secs(60), settled).await.expect("every payment is stored once the database moves again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_forged_notifications_costs_no_database_work() {
    let _alone = ALONE.lock().await;
    let environment = Environment::build(1, &[("SWEEP__CALLS_PER_SECOND", "0"), ("BILL__ENABLED", "false")]).await;
    let till = environment.till();
    let order_id = open_some(&till, 1).await.remove(0);
    let mut connection = environment.look().await;
    let before = database_work(&mut connection).await;
    let begun = Instant::now();
    let mut flood = JoinSet::new();
    for part in 0..20 {
        let (till, order_id) = (till.clone(), order_id.clone());
        flood.spawn(async move {
            for _ in 0..100 {
                let answer = till.notify(forgery(part, &order_id)).await.unwrap();
                assert!((400..500).contains(&answer.status) && !answer.body.contains("SUCCESS"), "{answer:?}");
            }
        });
    }
    while let Some(part) = flood.join_next().await {
        part.unwrap();
    }
    let took = begun.elapsed();
    eprintln!("2000 forgeries refused in {took:.1?}");
    // Beside them the service looks each second whether there is something to tell, and something to deliver.
    for ((name, work), (_, before)) in database_work(&mut connection).await.iter().zip(&before) {
        let [work, before] = [work, before].map(|count| count.parse::<u64>().unwrap());
        let looks = if name == "Com_select" { 2 * (took.as_secs() + 2) } else { 0 };
        assert!(work <= before + looks, "{name}: {before}, and {work} behind the flood");
    }
    assert_eq!(call(till.clone()).await.status, 200);
    assert_ne!(database_work(&mut connection).await, before, "the counters count");
}

/// A notification that WeChat has not signed, in one of the ways of getting it wrong.
fn forgery(part: usize, order_id: &str) -> String {
    let fields: Fields = [
        ("appid", DEFAULT_MERCHANT.appid),
        ("mch_id", DEFAULT_MERCHANT.mch_id),
        ("out_trade_no", order_id),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("total_fee", "1990"),
        ("transaction_id", "4200000260202604011234567890"),
    ]
    .into_iter()
    .collect();
    let stranger = Signer::new(ApiKey::new("fedcba9876543210fedcba9876543210").unwrap(), SignType::Md5);
    match part % 5 {
        0 => xml::write(&stranger.signed(fields)),
        1 => xml::write(&fields),
        2 => xml::write(&fields.with("sign", "")),
        // Signed, and then changed.
        3 => xml::write(&signer(SignType::Md5).signed(fields)).replace("1990", "1"),
        _ => "<xml><out_trade_no>".repeat(500),
    }
}

/// What the server has done so far, command by command, without what this connection does.
async fn database_work(connection: &mut MySqlConnection) -> Vec<(String, String)> {
    let counters: Vec<(String, String)> = sqlx::query_as("SHOW GLOBAL STATUS LIKE 'Com\\_%'").fetch_all(connection).await.unwrap();
    let of_this = ["Com_show_status", "Com_stmt_prepare", "Com_stmt_execute", "Com_stmt_close"];
    counters.into_iter().filter(|(name, _)| !of_this.contains(&name.as_str())).collect()
}

fn wish() -> Value {
    json!({"merchant_id": 12, "product_id": 34, "price": "19.90"})
}

async fn call(till: Till) -> Answer {
    till.post("/wxPay/toPay", &wish(), None).await.unwrap()
}

/// What so many callers at once take on this machine at this moment when there is nothing to wait for: the slowest of them.
async fn bare(till: &Till, callers: usize) -> Duration {
    let mut asking: JoinSet<_> = (0..callers)
        .map(|_| {
            let till = till.clone();
            async move { till.get("/healthz").await.unwrap().took }
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while let Some(took) = asking.join_next().await {
        slowest = slowest.max(took.unwrap());
    }
    slowest
}

fn call_all(till: &Till, callers: usize) -> JoinSet<Answer> {
    (0..callers).map(|_| call(till.clone())).collect()
}

async fn open_some(till: &Till, number: usize) -> Vec<String> {
    let mut orders = Vec::new();
    for _ in 0..number {
        orders.push(call(till.clone()).await.json()["order_id"].as_str().unwrap().to_owned());
    }
    orders
}

/// Those that were served, and those that were told to come later; there is no third kind.
async fn sort_out(mut callers: JoinSet<Answer>) -> (Vec<Answer>, Vec<Answer>) {
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    while let Some(answer) = callers.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            200 if answer.json()["code"] == 0 => served.push(answer),
            503 if answer.header("retry-after").is_some() && answer.json()["reason"] == "UNAVAILABLE" => refused.push(answer),
            _ => panic!("{answer:?}"),
        }
    }
    (served, refused)
}
