//! `wechat-pay refund` as an operator meets it, beside a service that runs and without one.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::support::configured::run;
use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::ports::free_address;
use crate::support::program::{Program, environment};

/// A service whose simulator can be found, and which operators' commands find.
struct Shop {
    variables: Vec<(&'static str, String)>,
    home: TempDir,
    till: Caller,
    phone: Caller,
    service: Program,
    database: Database,
}

impl Shop {
    async fn open(engine: Engine) -> Self {
        let (database, home, simulator) = (Database::fresh(engine).await, TempDir::new().unwrap(), free_address());
        let mut variables = environment(&database.url, "127.0.0.1:0");
        variables.retain(|(name, _)| *name != "SIMULATOR__LISTEN");
        variables.push(("SIMULATOR__LISTEN", simulator.to_string()));
        let service = Program::start("serve", home.path(), &variables);
        let till = Caller::new(service.address().await);
        Self { variables, home, till, phone: Caller::new(simulator), service, database }
    }

    async fn to_pay(&self) -> String {
        let answer = self.till.post_json("/wxPay/toPay", &json!({"merchant_id": 12, "product_id": 34, "price": "19.90"})).await;
        answer.json()["order_id"].as_str().unwrap().to_owned()
    }

    async fn paid(&self) -> String {
        let order_id = self.to_pay().await;
        assert_eq!(self.phone.post(&format!("/_sim/orders/{order_id}/pay"), "text/plain", "").await.status, 200);
        for _ in 0..100 {
            if self.till.post_json("/wxPay/queryOrder", &json!({"order_id": order_id})).await.json()["trade_state"] == "SUCCESS" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        order_id
    }

    /// The exit code, and all that was said.
    async fn refund(&self, arguments: &[&str]) -> (i32, String) {
        self.refund_in("C", arguments).await
    }

    async fn refund_in(&self, language: &str, arguments: &[&str]) -> (i32, String) {
        let mut variables = self.variables.clone();
        variables.push(("LANG", language.to_owned()));
        let command = Program::start_with(&[&["refund"], arguments].concat(), self.home.path(), &variables);
        let (status, said) = command.end(Duration::from_secs(20)).await;
        (status.unwrap().code().unwrap(), said)
    }
}

on_both_engines! {
    async fn an_operator_gives_back_what_the_till_cannot(engine) {
        let shop = Shop::open(engine).await;
        let (unpaid, order_id) = (shop.to_pay().await, shop.paid().await);
        let (code, said) = shop.refund(&[&order_id, "--refund", "5"]).await;
        assert!(code == 2 && said.contains("add --yes"), "{said}");
        assert!(shop.database.look().await.texts("SELECT refund_id FROM refund").await.is_empty(), "without a word nothing is done");

        let (code, said) = shop.refund(&[&order_id, "--refund", "5", "--reason", "it's broken", "--yes"]).await;
        let plan = [
            &*format!("Order {order_id}: 19.90 yuan, paid 20"), "account default", "left: 19.90 yuan", "To give back: 5.00 yuan; the payer reads: it's broken.",
            "PROCESSING: WeChat has accepted it.", "Given back or on its way: 5.00 yuan; left: 14.90 yuan.",
        ];
        assert!(code == 0 && plan.iter().all(|sentence| said.contains(sentence)), "{said}");
        let look = shop.database.look().await;
        let told = look.texts("SELECT source FROM refund").await.into_iter().chain(look.texts("SELECT source FROM deal_event WHERE kind = 'refund_requested'").await);
        assert_eq!(told.flatten().collect::<Vec<_>>(), ["cli", "command_line"]);
        let key = look.texts("SELECT idempotency_key FROM refund").await.remove(0).unwrap();
        let again = format!("wechat-pay refund {order_id} --refund 5.00 --reason 'it'\\''s broken' --key {key}");
        assert!(said.contains(&again), "{again}: {said}");

        let (code, said) = shop.refund(&[&order_id, "--refund", "5.00", "--reason", "it's broken", "--key", &key]).await;
        assert!(code == 0 && said.contains("nothing is given back a second time"), "no question is asked: {said}");
        let (code, said) = shop.refund(&[&order_id, "--refund", "6", "--key", &key, "--yes"]).await;
        assert!(code == 1 && said.contains("the key was used with another refund"), "{said}");
        for (arguments, why) in [
            (&[&*order_id, "--refund", "15", "--yes"][..], "14.90 yuan are left of the payment"),
            (&[&order_id, "--yes"], "come again in"),
            (&[&unpaid, "--yes"], "the order is not paid"),
            (&["20260401120000123456789012345678", "--yes"], "there is no such order"),
        ] {
            let (code, said) = shop.refund(arguments).await;
            assert!(code == 1 && said.contains(why), "{arguments:?}: {said}");
        }
        let (code, said) = shop.refund_in("zh_CN.UTF-8", &[&unpaid, "--yes"]).await;
        assert!(code == 1 && said.contains("该订单未支付") && said.contains("将退款"), "{said}");
        let gone = shop.paid().await;
        look.run(&format!("UPDATE deal SET account = 'shop2' WHERE order_id = '{gone}'")).await;
        let (code, said) = shop.refund(&[&gone]).await;
        assert!(code == 1 && said.contains("accounts.shop2") && !said.contains("add --yes"), "before the question: {said}");
        assert_eq!(look.texts("SELECT refund_id FROM refund").await.len(), 1);
        shop.service.terminate();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_wechat_does_not_hear_of_is_stored_and_sent_by_the_service() {
    let mut shop = Shop::open(Engine::Sqlite).await;
    let order_id = shop.paid().await;
    shop.service.terminate();
    let simulator: SocketAddr = shop.phone.address;
    for _ in 0..200 {
        if !shop.service.lives() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (code, said) = shop.refund(&[&order_id, "--yes", "--key", "K-1"]).await;
    assert!(code == 0 && said.contains("it is stored, and WeChat has not accepted it yet"), "{said}");
    assert!(said.contains(&format!("wechat-pay refund {order_id} --refund 19.90 --key K-1")), "what is shown is what is sent: {said}");
    for arguments in [&[&*order_id, "--key", "K-1"][..], &[&order_id, "--refund", "19.90", "--key", "K-1"]] {
        let (code, said) = shop.refund(arguments).await;
        assert!(code == 0 && said.contains("nothing is given back a second time"), "{arguments:?}: {said}");
    }
    assert!(tokio::net::TcpStream::connect(simulator).await.is_err(), "no second simulator was started");
}

#[test]
fn a_key_and_an_amount_are_read_as_the_api_reads_them() {
    for (option, value) in
        [("--refund", "5.001"), ("--refund", "0"), ("--reason", ""), ("--key", ""), ("--key", " second 1"), ("--key", "微")]
    {
        let (code, _, stderr) = run(&["refund", "1", option, value], &[]);
        assert!(code == 2 && stderr.contains(option), "{option} {value:?}: {stderr}");
    }
}
