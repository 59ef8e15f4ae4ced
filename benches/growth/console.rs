//! What the console's pages cost, for an admin that asks for one after the other; and how long the first board of the day takes, for which
//! no page waits.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use wechat_pay::auth::PasswordHash;
use wechat_pay::chance::Chance;

use crate::fill::fill_days;
use crate::support::mariadb::MariaDb;
use crate::support::ports::free_address;
use crate::support::service::Service;
use crate::support::upstream::Upstream;

const PATHS: [&str; 8] = ["/", "/deals", "/refunds", "/alarms", "/webhooks", "/bills", "/accounts", "/audit"];
/// What is searched for besides a deal's number and a part of one: what every deal cost, what none cost, a seller, an old day, numbers
/// that nobody has.
const SEARCHED: [&str; 6] = ["19.90", "12.34", "seller+7", "2023-06-01", "4200000260209901010000000000", "nothing-like-it"];
/// Each page is asked for so often, and the slowest answer counts.
const ROUNDS: usize = 20;
const SLOWEST: Duration = Duration::from_millis(100);
const LARGEST: usize = 100 * 1024;
/// What a page says while the board is being counted for the first time.
const COUNTED: &str = "counted at";

/// What a page costs.
pub struct Page {
    path: String,
    slowest: Duration,
    bytes: usize,
}

/// All pages, in a till that opens so many deals a day.
pub async fn measure(database: &MariaDb, url: &str, upstream: &Upstream, a_day: u64) -> Vec<Page> {
    fill_days(database, "till", a_day).await;
    let (listen, password) = (free_address(), Chance::System.nonce());
    let (address, hash) = (listen.to_string(), PasswordHash::of(&password, &Chance::System).unwrap().to_string());
    let settings = [("CONSOLE__LISTEN", &*address), ("CONSOLE__USERS__BENCH__PASSWORD", &*hash), ("CONSOLE__USERS__BENCH__ROLE", "admin")];
    let _service = Service::start(database.directory.path(), "console", url, upstream, &settings).await;
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let form = format!("name=bench&password={password}");
    let login = client.post(format!("http://{address}/login")).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let entered = login.send().await.unwrap();
    assert!(entered.headers().contains_key(LOCATION), "{entered:?}");
    let cookie = entered.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let ask = async |path: &str| {
        let begun = Instant::now();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let answer = client.get(format!("http://{address}{path}?lang=en&{query}")).header(COOKIE, &cookie).send().await.unwrap();
        // A search that finds one order leads to its page.
        let status = answer.status().as_u16();
        assert!(
            status == 200 || (status == 303 && answer.headers()[LOCATION].to_str().unwrap().starts_with("/deals/")),
            "{path}?{query}: {status}"
        );
        let page = answer.text().await.unwrap();
        (page, begun.elapsed())
    };
    let (mut slowest, begun) = (Duration::ZERO, Instant::now());
    loop {
        let (page, time) = ask("/").await;
        slowest = slowest.max(time);
        if page.contains(COUNTED) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "\nthe first board, of {a_day} deals a day, is counted after {} ms; meanwhile the slowest page took {} ms",
        begun.elapsed().as_millis(),
        slowest.as_millis()
    );
    let mut pages = Vec::new();
    let deals = ask("/deals").await.0;
    let order_id = deals.split("href=\"/deals/").find_map(|rest| rest.split('"').next().filter(|number| number.len() == 32)).unwrap();
    let searches = SEARCHED.into_iter().chain([order_id, &order_id[..20], &order_id[18..28]]).map(|typed| format!("/deals?q={typed}"));
    for path in PATHS.map(str::to_owned).into_iter().chain([format!("/deals/{order_id}")]).chain(searches) {
        let mut page = Page { path: path.clone(), slowest: Duration::ZERO, bytes: 0 };
        for _ in 0..ROUNDS {
            let (text, time) = ask(&path).await;
            (page.slowest, page.bytes) = (page.slowest.max(time), page.bytes.max(text.len()));
        }
        println!("{}: {:.1} ms at the slowest, {} bytes", page.path, page.slowest.as_secs_f64() * 1000.0, page.bytes);
        pages.push(page);
    }
    pages
}

/// Each page against what it may cost.
pub fn judge(pages: &[Page]) -> bool {
    let mut good = true;
    for Page { path, slowest, bytes } in pages {
        let is_good = *slowest <= SLOWEST && *bytes <= LARGEST;
        println!("{} {path}: at most {} ms and {LARGEST} bytes", if is_good { "PASS " } else { "SHORT" }, SLOWEST.as_millis());
        good &= is_good;
    }
    good
}
