//! Years of deals, made in the server itself.

use wechat_pay::chance::Chance;
use wechat_pay::channel::wechat::v2::SignType;
use wechat_pay::channel::{Order, Way};
use wechat_pay::deal::{Fen, OrderId};

use crate::support::mariadb::MariaDb;
use crate::support::merchant::merchant;
use crate::support::messages::Writer;

/// Stands for a deal's number in the texts below; as long as one.
const PLACE: &str = "ORDER-ID------------------------";
/// Rows a statement.
const PORTION: u64 = 250_000;

/// The numbers of the rows of late begin here.
const LATE: u64 = 1_000_000_000;

/// Adds the rows number `from` to `to` - 1: old deals, one every twelve seconds since 2023.
pub async fn fill(database: &MariaDb, name: &str, from: u64, to: u64) {
    add(database, name, from, to, "TIMESTAMPADD(SECOND, 12 * seq, '2023-01-01')").await;
}

/// Adds so many for each of the days that the console looks at: until now, until now yesterday, and until now a week ago.
pub async fn fill_days(database: &MariaDb, name: &str, a_day: u64) {
    for (day, ago) in (0..).zip([0, 1, 7]) {
        let first = LATE + day * a_day;
        let now = format!("TIMESTAMPADD(DAY, -{ago}, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', '+08:00'))");
        let at = format!("TIMESTAMPADD(SECOND, -FLOOR((seq - {first}) * 86400 / {a_day}), {now})");
        add(database, name, first, first + a_day, &at).await;
    }
}

/// Adds rows that were opened then: seven of ten paid, the others expired, with texts as long as the real ones, and for each an event in
/// the journal.
async fn add(database: &MariaDb, name: &str, from: u64, to: u64, at: &str) {
    let order_id: OrderId = PLACE.parse().unwrap();
    let order = Order {
        order_id: &order_id,
        total_fee: Fen::new(1990).unwrap(),
        body: "1,2",
        way: Way::Native { product_id: 2 },
        payer: [127, 0, 0, 1].into(),
        time_expire: None,
    };
    let (writer, request) = (Writer::new(SignType::Md5), merchant(SignType::Md5).unified_order_request(&order, &Chance::System));
    let text = |template: &str| format!("REPLACE('{template}', '{PLACE}', o)");
    let (request, link, paid) = (text(&request), text(&writer.link()), text(&writer.paid(PLACE)));
    let (mut first, rows) = (from, rows(at));
    while first < to {
        let last = to.min(first + PORTION) - 1;
        let rows = rows.replace("SEQUENCE", &format!("seq_{first}_to_{last}"));
        let deals = format!(
            "INSERT INTO deal (order_id, order_key, product_id, merchant_id, transaction_id, transaction_key, price, price_last, total_fee, \
             status, mode, prepay_request, prepayBack, payBack, code_url, create_at, update_at, expires_at) \
             SELECT o, o, MOD(n, 997) + 1, MOD(n, 1009) + 1, IF(paid, t, NULL), IF(paid, t, NULL), 19.9, 19.9, 1990, IF(paid, 1, 2), 0, \
             {request}, {link}, IF(paid, {paid}, NULL), 'weixin://wxpay/bizpayurl?pr=cdx1OaJ00', at, at, TIMESTAMPADD(HOUR, 2, at) FROM {rows}"
        );
        let events = format!(
            "INSERT INTO deal_event (order_id, kind, source, instance, at) SELECT o, IF(paid, 'settled', 'expired'), \
             IF(paid, 'notification', 'sweeper'), '5f0c9a1e', at FROM {rows}"
        );
        database.run(name, &deals).await;
        database.run(name, &events).await;
        first = last + 1;
    }
}

/// Of each row its number, whether it is paid, its order id, WeChat's number of the payment.
fn rows(at: &str) -> String {
    let digits = "LPAD(MOD(CAST(CONV(LEFT(SHA1(seq), 15), 16, 10) AS UNSIGNED), 1000000000000000000), 18, '0')";
    // The factor has no divisor in common with ten, so that no number comes twice.
    let transaction = format!("CONCAT('4200000260', DATE_FORMAT({at}, '%Y%m%d'), LPAD(MOD(seq * 7368787, 10000000000), 10, '0'))");
    format!(
        "(SELECT seq AS n, {at} AS at, MOD(seq, 10) < 7 AS paid, CONCAT(DATE_FORMAT({at}, '%Y%m%d%H%i%s'), {digits}) AS o, \
         {transaction} AS t FROM SEQUENCE) made"
    )
}
