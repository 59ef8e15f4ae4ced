//! What the stories of the feed have in common: something happens, and a reader asks.

use wechat_pay::deal::{AlarmKind, Announcement, Audience, OrderId};
use wechat_pay::gateway::Published;
use wechat_pay::store::{Event, EventKind, LARGEST_BATCH, Origin, Store};

use crate::support::database::Engine;
use crate::support::http::Answer;
use crate::support::test_app::{TestApp, TestAppBuilder};

/// Another program of ours on the app's database, by which something happens.
pub async fn beside(app: &TestApp) -> Store {
    let url = app.database.url.parse().unwrap();
    Store::open(&url, "beside", LARGEST_BATCH, app.clock.now()).await.unwrap().telling(Audience::of_all())
}

/// Another instance on the same database.
pub async fn neighbour(app: &TestApp) -> TestApp {
    TestAppBuilder::new(Engine::Sqlite).await.set("DATABASE__URL", &app.database.url).open().await
}

/// An alarm about an order, which need not be known.
pub fn alarm(app: &TestApp, order_id: &str) -> Event {
    announced(app, order_id, vec![Announcement::AlarmRaised(AlarmKind::Money)])
}

/// Something happened to an order of which these are told.
pub fn announced(app: &TestApp, order_id: &str, announces: Vec<Announcement>) -> Event {
    Event {
        order_id: order_id.parse::<OrderId>().unwrap(),
        kind: EventKind::Mismatch,
        origin: Origin::Notification,
        detail: None,
        evidence: None,
        announces,
        at: app.clock.now(),
    }
}

/// There is an alarm about each of these, and it is in the outbox.
pub async fn tell(app: &TestApp, store: &Store, order_ids: &[&str]) {
    for order_id in order_ids {
        store.record(alarm(app, order_id)).await.unwrap();
    }
    publish(app).await;
}

/// What has happened comes into the outbox now.
pub async fn publish(app: &TestApp) {
    while app.gateway().publish_once().await.unwrap() != Published::All {}
}

/// `GET /wxPay/changes` with this query.
pub async fn read(app: &TestApp, query: &str) -> Answer {
    app.till.get(&format!("/wxPay/changes?{query}")).await
}

pub async fn read_with(app: &TestApp, key: &str, query: &str) -> Answer {
    let request = app.till.request("GET", &format!("/wxPay/changes?{query}"));
    app.till.send(request.header("authorization", format!("Bearer {key}"))).await
}

/// The orders that an answer tells of.
pub fn orders(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    let changes = answer["changes"].as_array().unwrap();
    changes.iter().map(|change| change["data"]["order_id"].as_str().unwrap().to_owned()).collect()
}

/// Its cursor.
pub fn next(answer: &Answer) -> String {
    answer.json()["next"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}
