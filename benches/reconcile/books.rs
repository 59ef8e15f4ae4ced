//! A day's deals, made in the database itself. What a row says follows from its number, so that the bill can say the same.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::clock::Clock;
use wechat_pay::deal::Day;
use wechat_pay::store::Store;

use crate::support::messages::Writer;

/// Hurry instead of safety while the rows are made.
pub const HASTE: [&str; 4] = [
    "--innodb-buffer-pool-size=1G",
    "--innodb-log-file-size=1G",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
];
/// Rows a statement.
const PORTION: u64 = 250_000;
/// Stands for a deal's number in the texts below; as long as one.
const PLACE: &str = "ORDER-ID------------------------";
/// Digits that differ from one row to the next as random ones do. Neither factor has a divisor in common with ten.
const FACTORS: [u64; 3] = [7_368_787, 15_485_863, 961_748_927];
const MODULI: [u64; 3] = [1_000_000_000, 1_000_000_000, 10_000_000_000];

/// Where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    MariaDb,
    Sqlite,
}

impl Engine {
    pub fn named(name: &str) -> Option<Self> {
        [Self::MariaDb, Self::Sqlite].into_iter().find(|engine| engine.name().eq_ignore_ascii_case(name))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::Sqlite => "SQLite",
        }
    }
}

/// So many deals, all paid on one day.
pub struct Books {
    pub day: Day,
    pub rows: u64,
}

/// What a bill's row has of one.
pub struct Deal {
    pub paid_at: NaiveDateTime,
    pub order_id: String,
    pub transaction_id: String,
}

impl Books {
    /// The deal of this number, from 1 on.
    pub fn deal(&self, number: u64) -> Deal {
        let second = i64::try_from(number * 86_399 / self.rows).unwrap();
        let day: chrono::NaiveDate = self.day.to_string().parse().unwrap();
        let paid_at = day.and_time(NaiveTime::MIN) + TimeDelta::seconds(second);
        let [a, b, t] = [0, 1, 2].map(|at| number * FACTORS[at] % MODULI[at]);
        Deal {
            paid_at,
            order_id: format!("{}{a:09}{b:09}", paid_at.format("%Y%m%d%H%M%S")),
            transaction_id: format!("4200002600{}{t:010}", paid_at.format("%Y%m%d")),
        }
    }

    /// Makes the tables and fills them: rows as long as the real ones.
    pub async fn fill(&self, url: &str) {
        Store::migrate(&url.parse().unwrap(), Clock::System.now()).await.unwrap();
        let (mut first, is_mysql) = (1, url.starts_with("mysql"));
        while first <= self.rows {
            let last = self.rows.min(first + PORTION - 1);
            let insert = self.insert(is_mysql, first, last);
            if is_mysql {
                let mut connection = url.parse::<MySqlConnectOptions>().unwrap().disable_statement_logging().connect().await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.unwrap();
            } else {
                let options = url.parse::<SqliteConnectOptions>().unwrap().disable_statement_logging();
                let mut connection = options.connect().await.unwrap();
                let insert = format!("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; {insert}");
                sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.unwrap();
            }
            first = last + 1;
        }
    }

    fn insert(&self, is_mysql: bool, first: u64, last: u64) -> String {
        let Self { day, rows } = self;
        let [a, b, t] = [0, 1, 2].map(|at| format!("n * {} % {}", FACTORS[at], MODULI[at]));
        let compact = day.to_string().replace('-', "");
        let (numbers, at, order_id, transaction_id, ending) = if is_mysql {
            (
                format!("SELECT seq AS n FROM seq_{first}_to_{last}"),
                format!("TIMESTAMPADD(SECOND, n * 86399 DIV {rows}, '{day}')"),
                format!("CONCAT(DATE_FORMAT(at, '%Y%m%d%H%i%s'), LPAD({a}, 9, '0'), LPAD({b}, 9, '0'))"),
                format!("CONCAT('4200002600{compact}', LPAD({t}, 10, '0'))"),
                "TIMESTAMPADD(HOUR, 2, at)",
            )
        } else {
            (
                format!("WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s"),
                format!("datetime('{day}', '+' || (n * 86399 / {rows}) || ' seconds')"),
                format!("strftime('%Y%m%d%H%M%S', at) || printf('%09d%09d', {a}, {b})"),
                format!("printf('4200002600{compact}%010d', {t})"),
                "datetime(at, '+2 hours')",
            )
        };
        let writer = Writer::new(SignType::Md5);
        let text = |template: &str| format!("REPLACE('{template}', '{PLACE}', o)");
        let (request, link, paid) =
            (text(&format!("<xml>{PLACE}{}</xml>", "x".repeat(520))), text(&writer.link()), text(&writer.paid(PLACE)));
        format!(
            "INSERT INTO deal (order_id, order_key, product_id, merchant_id, transaction_id, transaction_key, price, price_last, total_fee, \
             status, mode, prepay_request, prepayBack, payBack, code_url, create_at, update_at, expires_at) \
             SELECT o, o, n % 997 + 1, n % 1009 + 1, t, t, 19.9, 19.9, 1990, 1, 0, {request}, {link}, {paid}, \
             'weixin://wxpay/bizpayurl?pr=cdx1OaJ00', at, at, {ending} FROM \
             (SELECT n, at, {order_id} AS o, {transaction_id} AS t FROM (SELECT n, {at} AS at FROM ({numbers}) numbers) timed) made"
        )
    }
}
