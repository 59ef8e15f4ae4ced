//! Accounts beside each other: one whose WeChat is slow, or whose payers are many, keeps no deal of another's waiting.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::sleep;
use wechat_pay::channel::wechat::v2::{ApiKey, Fields, SignType, Signer};

use crate::support::database::Engine;
use crate::support::scripted_wechat::{ScriptedWeChat, right};
use crate::support::stub::Reply;
use crate::support::test_app::{TestApp, TestAppBuilder};

const APPID: &str = "wx2421b1c4370ec43b";
const MCH_ID: &str = "10000200";
const KEY: &str = "8934e7d15453e97507ef794cf7b0519d";
/// More than the calls that may be under way for the callers of one account.
const MANY: usize = 80;

/// The right answer to shop2.
fn friendly(api: &str, request: &Fields) -> Reply {
    let signer = Signer::new(ApiKey::new(KEY).unwrap(), SignType::Md5);
    Reply::Body(right(api, request).with("appid", APPID).with("mch_id", MCH_ID).signed_by(&signer))
}

async fn to_pay(app: &TestApp, seller: i64) -> String {
    let answer = app.till.post_json("/wxPay/toPay", &json!({"merchant_id": seller, "product_id": 34, "price": "19.90"})).await;
    answer.json()["order_id"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_whose_wechat_is_silent_and_whose_payers_are_many_delays_no_other() {
    let (wechat, silent) = (ScriptedWeChat::new().await, ScriptedWeChat::new().await);
    silent.answers_by(friendly);
    let shop2 = [("APPID", APPID.to_owned()), ("MCH_ID", MCH_ID.to_owned()), ("API_KEY", KEY.to_owned()), ("SELLERS", "2".to_owned())];
    let base_url = ("BASE_URL", format!("http://{}", silent.stub.address));
    let builder = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address);
    let set = |builder: TestAppBuilder, (key, value)| builder.set(&format!("ACCOUNTS__SHOP2__{key}"), value);
    let app = shop2.into_iter().chain([base_url]).fold(builder, set).open().await;
    let mut many = Vec::new();
    for _ in 0..MANY {
        many.push(to_pay(&app, 2).await);
    }
    let order = to_pay(&app, 12).await;
    silent.answers_by(|_, _| Reply::Silence);
    app.time_passes(6);

    // One pass over the deals of both, while all payers of shop2 poll: these wait for WeChat.
    let of_shop2 = join(app.sweep(), join_all(many.iter().map(|order_id| app.query(order_id))));
    let of_the_other = async {
        while silent.asked("orderquery").len() <= MANY || wechat.asked("orderquery").is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(app.trade_state(&order).await, "NOTPAY");
        assert_eq!(wechat.asked("orderquery").len(), 2, "WeChat was asked by the sweeper and for the payer");
    };
    tokio::select! {
        _ = of_shop2 => panic!("shop2 got its answers first"),
        () = of_the_other => {}
    }
}
