//! The engine without us: `sysbench` at the same MariaDB, with as many clients as we serve.

use std::process::Command;

use super::mariadb::MariaDb;
use super::output;

/// Rows in the table of the bare engine: ten to the power of five.
const ROWS: u32 = 100_000;
const DIGITS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A table shaped like `deal`, filled.
pub struct Bare(u16);

/// Numbers from 1 to [`ROWS`], in words that MySQL knows too.
fn numbers() -> String {
    let ten = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL \
               SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
    let digits = DIGITS.map(|digit| format!("{ten} AS {digit}")).join(", ");
    format!("SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS seq FROM {digits}")
}

/// What sysbench measured.
pub struct Figures {
    pub per_second: f64,
    /// Of the latencies, in milliseconds.
    pub p99: f64,
}

impl Bare {
    /// `like` is the database whose table it shall be like.
    pub async fn prepare(database: &MariaDb, like: &str) -> Self {
        database.create("bare").await;
        database.run("bare", &format!("CREATE TABLE deal LIKE {like}.deal")).await;
        let fill = format!(
            "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, prepay_request, \
             prepayBack, payBack, code_url, create_at, update_at, expires_at) \
             SELECT CONCAT('20261124120000', LPAD(seq, 18, '0')), CONCAT('20261124120000', LPAD(seq, 18, '0')), 1, 2, 19.9, 19.9, 1990, 0, 0, \
             REPEAT('x', 600), REPEAT('x', 500), REPEAT('x', 800), 'weixin://wxpay/bizpayurl?pr=cdx1OaJ00', NOW(), NOW(), NOW() \
             FROM ({}) AS numbers",
            numbers()
        );
        database.run("bare", &fill).await;
        Self(database.port)
    }

    /// Single-row durable updates for so many seconds.
    pub fn measure(&self, clients: usize, seconds: u32) -> Figures {
        let said = output(
            Command::new("sysbench")
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/support/update.lua"))
                .args(["--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-user=root", "--mysql-db=bare", "--percentile=99"])
                .arg(format!("--mysql-port={}", self.0))
                .arg(format!("--rows={ROWS}"))
                .arg(format!("--threads={clients}"))
                .arg(format!("--time={seconds}"))
                .arg("run"),
            "sysbench",
        );
        let figure = |name: &str| {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {said}"));
            line.trim().to_owned()
        };
        let transactions = figure("transactions:");
        let (_, rate) = transactions.split_once('(').unwrap();
        Figures { per_second: rate.split(' ').next().unwrap().parse().unwrap(), p99: figure("99th percentile:").parse().unwrap() }
    }
}
