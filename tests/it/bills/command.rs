//! `wechat-pay reconcile` as an operator meets it: a bill that is kept, one that is fetched again, a file, and what cannot be done.

use std::fs;
use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::json;
use tempfile::TempDir;

use crate::support::database::{Database, Engine};
use crate::support::http::Caller;
use crate::support::on_both_engines;
use crate::support::ports::free_address;
use crate::support::program::{Program, environment};

/// A service whose simulator operators' commands find.
struct Shop {
    variables: Vec<(&'static str, String)>,
    home: TempDir,
    till: Caller,
    phone: Caller,
    service: Program,
    _database: Database,
}

impl Shop {
    async fn open(engine: Engine) -> Self {
        let (database, home, simulator) = (Database::fresh(engine).await, TempDir::new().unwrap(), free_address());
        let mut variables = environment(&database.url, "127.0.0.1:0");
        variables.retain(|(name, _)| *name != "SIMULATOR__LISTEN");
        variables.push(("SIMULATOR__LISTEN", simulator.to_string()));
        let service = Program::start("serve", home.path(), &variables);
        let till = Caller::new(service.address().await);
        Self { variables, home, till, phone: Caller::new(simulator), service, _database: database }
    }

    /// An order of 19.90 yuan that is paid: its number, and the day.
    async fn paid(&self) -> (String, String) {
        let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        let order_id = self.till.post_json("/wxPay/toPay", &wish).await.json()["order_id"].as_str().unwrap().to_owned();
        let paid = self.phone.post(&format!("/_sim/orders/{order_id}/pay"), "text/plain", "").await.json();
        for _ in 0..100 {
            if self.till.post_json("/wxPay/queryOrder", &json!({"order_id": order_id})).await.json()["trade_state"] == "SUCCESS" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (order_id, paid["paid_at"].as_str().unwrap_or_else(|| panic!("{paid}"))[..10].to_owned())
    }

    async fn day_passes(&self) {
        assert_eq!(self.phone.post_json("/_sim/day/next", &json!({})).await.status, 200);
    }

    async fn bills_are(&self, traps: &[&str]) {
        let request = self.phone.request("PUT", "/_sim/habits").header("content-type", "application/json");
        let answer = self.phone.send(request.body(json!({"bill_traps": traps}).to_string())).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// The exit code, and all that was said.
    async fn says(&self, words: &[&str]) -> (i32, String) {
        self.says_in("C", words).await
    }

    async fn says_in(&self, language: &str, words: &[&str]) -> (i32, String) {
        let mut variables = self.variables.clone();
        variables.push(("LANG", language.to_owned()));
        let (status, said) = Program::start_with(words, self.home.path(), &variables).end(Duration::from_secs(30)).await;
        (status.unwrap().code().unwrap(), said)
    }

    async fn reconcile(&self, arguments: &[&str]) -> (i32, String) {
        self.says(&[&["reconcile"], arguments].concat()).await
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

on_both_engines! {
    async fn its_exit_says_whether_the_books_agree(engine) {
        let shop = Shop::open(engine).await;
        let (order_id, day) = shop.paid().await;
        let (code, said) = shop.reconcile(&["--date", &day]).await;
        assert!(said.contains(&format!("nothing asks for it again by itself: `wechat-pay reconcile --date {day}` does.")), "with the simulator no bookkeeper is about: {said}");
        assert!(code == 2 && said.contains("is not there, or not whole") && said.contains("could not be held against every bill"), "the day is not over: {code} {said}");
        shop.day_passes().await;
        let (code, said) = shop.reconcile(&[]).await;
        assert!(code == 0 && said.contains("no trades") && said.contains("The books agree."), "yesterday: {code} {said}");
        let lines: Vec<_> = said.lines().collect();
        let head = lines.iter().position(|line| line.starts_with("Day ")).unwrap();
        assert!(lines[head + 1].contains("no trades"), "no line of the log stands in the table: {said}");
        let (code, said) = shop.reconcile(&["--date", &day, "--account", "default"]).await;
        let row = said.lines().find(|line| line.starts_with(&day)).unwrap_or_else(|| panic!("{said}"));
        let cells: Vec<_> = row.split_whitespace().collect();
        assert_eq!((code, &cells[1..]), (0, &["default", "agree", "1", "19.90", "0", "0.00", "0.12000", "0", "0"][..]), "{said}");

        shop.bills_are(&["wrong_amount"]).await;
        assert_eq!(shop.reconcile(&["--date", &day]).await.0, 0, "the one that is kept");
        let (code, said) = shop.reconcile(&["--date", &day, "--fetch"]).await;
        let line = format!(" OPEN, order {order_id}, transaction 4200000");
        assert!(code == 1 && said.contains("DIFFER") && said.contains(&line) && said.contains("here 19.90 yuan, in the bill 19.91 yuan"), "{code} {said}");
        let (code, said) = shop.says_in("zh_CN.UTF-8", &["reconcile", "--date", &day]).await;
        assert!(code == 1 && said.contains("有差异") && said.contains("本地 19.90 元，账单 19.91 元"), "{code} {said}");
        let (_, story) = shop.says(&["explain", &order_id]).await;
        assert!(story.contains(&day) && story.to_lowercase().contains("bill"), "its bill's line: {story}");

        shop.bills_are(&["system_error"]).await;
        let (code, said) = shop.reconcile(&["--date", &day, "--fetch"]).await;
        assert!(code == 2 && said.contains("WeChat could not make the bill now"), "{code} {said}");
        assert_eq!(shop.reconcile(&["--date", &day]).await.0, 1, "what was known stays");
        for (arguments, code, why) in [
            (&["--account", "shop9"][..], 2, "the configuration has no account shop9"),
            (&["--date", "2999-01-01"], 2, "is not there, or not whole"),
            (&["--date", "2026-02-30"], 2, "--date"),
            (&["--fetch", "--file", "x"], 2, "--file"),
        ] {
            let (told, said) = shop.reconcile(arguments).await;
            assert!(told == code && said.contains(why), "{arguments:?}: {told} {said}");
        }
        shop.service.terminate();
    }

    async fn a_merchant_tries_it_on_a_file(engine) {
        let shop = Shop::open(engine).await;
        let (first, day) = shop.paid().await;
        shop.day_passes().await;
        let (second, next_day) = shop.paid().await;
        assert_ne!(day, next_day);
        assert_eq!(shop.reconcile(&["--date", &day]).await.0, 0);
        let packed = shop.till.request("GET", &format!("/wxPay/bills/{day}/file")).send().await.unwrap().bytes().await.unwrap();
        let mut text = String::new();
        GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
        for (name, content) in [("bill.csv.gz", &packed[..]), ("bill.csv", text.as_bytes())] {
            let (code, said) = shop.reconcile(&["--file", &shop.file(name, content)]).await;
            assert!(code == 0 && said.contains(&format!("The file has {day}, and was held against")) && said.contains("Payments: 1, 19.90 yuan."), "{name}: {code} {said}");
        }

        // Of two days, as 商户平台 exports them.
        let row = text.lines().find(|line| line.contains(&first)).unwrap().to_owned();
        let transaction = |order_id: &str| {
            let (order_id, phone) = (order_id.to_owned(), shop.phone.clone());
            async move {
                let orders = phone.get("/_sim/orders").await.json();
                let order = orders.as_array().unwrap().iter().find(|order| order["out_trade_no"] == order_id.as_str()).expect("an order");
                order["transaction_id"].as_str().unwrap().to_owned()
            }
        };
        let other = row.replace(&first, &second).replace(&day, &next_day).replace(&transaction(&first).await, &transaction(&second).await);
        let of_two = text.replace(&row, &format!("{row}\r\n{other}")).replace("`1,`19.90,`0.00,`0.00,`0.12000,`19.90", "`2,`39.80,`0.00,`0.00,`0.24000,`39.80");
        let of_two = shop.file("two.csv", of_two.as_bytes());
        let (code, said) = shop.reconcile(&["--file", &of_two]).await;
        assert!(code == 0 && said.contains(&format!("The file has {day} to {next_day}")) && said.contains("Payments: 2, 39.80 yuan."), "{code} {said}");

        let wrong = text.replace("`19.90,", "`19.91,");
        let (code, said) = shop.reconcile(&["--file", &shop.file("wrong.csv", wrong.as_bytes())]).await;
        assert!(code == 1 && said.contains("here 19.90 yuan, in the bill 19.91 yuan") && said.contains("Neither it nor what differs is kept."), "{code} {said}");
        let (_, said) = shop.reconcile(&["--date", &day]).await;
        assert!(said.contains("The books agree."), "{said}");
        let missing = shop.home.path().join("none.csv").display().to_string();
        for file in [&*missing, shop.home.path().to_str().unwrap(), &shop.file("text.csv", b"not a bill"), &shop.file("cut.gz", &packed[..packed.len() / 2]), &shop.file("empty", b"")] {
            let (code, said) = shop.reconcile(&["--file", file]).await;
            assert!(code == 2 && !said.contains("panicked"), "{file}: {code} {said}");
        }
        for (name, content, why) in [
            ("bill.zip", &b"PK\x03\x04"[..], "please unpack it first"),
            ("gbk.csv", b"\xbd\xbb\xd2\xd7\xca\xb1\xbc\xe4,a\r\n", "it is no text in UTF-8"),
            ("flow.csv", "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称\r\n`2026-11-25 10:00:00,`1,`2,`3\r\n".as_bytes(), "a fund flow (资金账单) is none"),
            ("none.csv", b"", "there is nothing in it"),
        ] {
            let (code, said) = shop.reconcile(&["--file", &shop.file(name, content)]).await;
            assert!(code == 2 && said.contains(why), "{name}: {code} {said}");
        }
        let wrong_sum = shop.file("sum.csv", text.replace("`1,`19.90,", "`1,`29.90,").as_bytes());
        let (code, said) = shop.reconcile(&["--file", &wrong_sum]).await;
        let sum = "应结订单总金额: 29.90 yuan is stated, and the lines come to 19.90 yuan";
        assert!(code == 1 && said.contains(sum) && said.contains("please download it again") && !said.contains("--fetch"), "{code} {said}");
        shop.service.terminate();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_makes_no_database() {
    let home = TempDir::new().unwrap();
    let (status, said) = Program::start_with(&["reconcile"], home.path(), &[]).end(Duration::from_secs(10)).await;
    assert!(status.unwrap().code() == Some(2) && said.contains("there is no SQLite database"), "{said}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
