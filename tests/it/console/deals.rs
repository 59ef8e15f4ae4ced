//! Orders, as an operator looks for them: by whatever is at hand, in pages, and as a file.

use serde_json::{Value, json};

use crate::support::console::{Browser, VIEWER};
use crate::support::database::Look;
use crate::support::on_both_engines;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

const SCRIPT: &str = "<script>alert(1)</script>\"'<img src=x>";

/// Opens a deal for 19.90 with this said of it.
async fn opened(app: &TestApp, said: Value) -> Order {
    let mut wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
    wish.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    let answer = app.till.post_json("/wxPay/toPay", &wish).await;
    let told = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
    Order { id: text(&told["order_id"]), code_url: text(&told["code_url"][0]) }
}

/// What an address needs.
fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The orders of a page, in its order.
fn listed(page: &str) -> Vec<String> {
    let links = page.split("<th scope=\"row\"><a class=\"number\" href=\"/deals/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// The link to the next page, if there is one.
fn next(page: &str) -> Option<String> {
    let (before, _) = page.split_once("\">Older ones</a>")?;
    Some(before.rsplit("href=\"").next().unwrap().replace("&amp;", "&"))
}

/// So many deals for 1.00 of seller 99, the last of them in the morning of the day on which stories are.
async fn insert_many(look: &Look, count: u32) {
    let numbers = format!("WITH RECURSIVE made (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {count})");
    let (order_id, time, session) = match look {
        Look::MySql(_) => ("CONCAT('m', n)", "TIMESTAMPADD(SECOND, n, '2026-04-01')", "SET SESSION max_recursive_iterations = 1000000;"),
        Look::Sqlite(_) => ("'m' || n", "DATETIME('2026-04-01', n || ' seconds')", ""),
    };
    let columns = "order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, create_at, update_at";
    let rows = format!("SELECT {order_id}, {order_id}, 34, 99, 1, 1, 100, 2, 0, {time}, {time} FROM made");
    look.run(&match look {
        Look::MySql(_) => format!("{session}INSERT INTO deal ({columns}) {numbers} {rows}"),
        Look::Sqlite(_) => format!("{numbers} INSERT INTO deal ({columns}) {rows}"),
    })
    .await;
}

on_both_engines! {
    async fn whatever_is_at_hand_finds_its_order(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let order = opened(&app, json!({"reference": "Tea-7", "description": "红茶"})).await;
        let other = opened(&app, json!({"merchant_id": 25, "price": "5.00"})).await;
        app.payer_pays(&order).await;
        let transaction = app.look().await.value(&order.id, "transaction_id").await.unwrap();
        let browser = Browser::of_user(VIEWER, &app).await;
        for whole in [&order.id, &transaction] {
            let answer = browser.get(&format!("/deals?q={whole}")).await;
            assert_eq!((answer.status, answer.header("location")), (303, Some(&*format!("/deals/{}", order.id))), "{whole}: {}", answer.body);
        }
        let (beginning, end) = (&order.id[..20], &order.id[22..]);
        for (typed, understood) in [
            (beginning, format!("orders whose number begins with {beginning}")),
            (end, format!("orders with {end} in their number")),
            ("Tea-7", "your reference Tea-7".to_owned()),
            ("19.90", "an amount of ¥19.90".to_owned()),
            ("¥19.9", "an amount of ¥19.90".to_owned()),
            ("19.90 元", "an amount of ¥19.90".to_owned()),
            ("seller 12", "the seller 12".to_owned()),
            ("12", "the seller 12".to_owned()),
        ] {
            let page = browser.page(&format!("/deals?q={}", escaped(typed))).await;
            assert_eq!(listed(&page), [&*order.id], "{typed}");
            assert!(page.contains(&format!("Understood as: {understood}.")), "{typed}: {page}");
        }
        for typed in ["2026-04-01", "20260401", "today", "今天", ""] {
            let page = browser.page(&format!("/deals?q={}", escaped(typed))).await;
            assert_eq!(listed(&page), [&*other.id, &order.id], "{typed}");
        }
        for typed in ["nothing-like-it", "2026-03-31", "¥19.91", "Tea-8", "4200000000000000000000000000", "红茶", "C20260401000000000000000000000000"] {
            assert_eq!(listed(&browser.page(&format!("/deals?q={}", escaped(typed))).await), Vec::<String>::new(), "{typed}");
        }
        let nothing = browser.page("/deals?q=nothing-like-it").await;
        assert!(nothing.contains("Nothing was found. It was looked for as:") || nothing.contains("begins with nothing-like-it"), "{nothing}");
    }

    async fn a_checkout_s_number_finds_each_way_to_pay_it(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let wish = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        let checkout = app.till.post_json("/wxPay/checkout", &wish).await.json()["checkout_id"].as_str().unwrap().to_owned();
        let page = app.till.get(&format!("/pay/{checkout}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        opened(&app, json!({})).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        let found = browser.page(&format!("/deals?q={checkout}")).await;
        assert_eq!(listed(&found).len(), 1, "{found}");
        let deal = browser.page(&format!("/deals/{}", listed(&found)[0])).await;
        assert!(deal.contains(&format!("href=\"/deals?q={checkout}\"")), "{deal}");
    }

    async fn what_may_be_several_things_says_which_it_took_and_offers_the_others(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let of_seller = opened(&app, json!({"price": "5.00"})).await;
        let for_twelve = opened(&app, json!({"merchant_id": 25, "price": "12.00"})).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        let page = browser.page("/deals?q=12").await;
        assert_eq!(listed(&page), [&*of_seller.id]);
        assert!(page.contains("href=\"/deals?q=12&amp;as=amount\">an amount of ¥12.00</a>"), "{page}");
        assert_eq!(listed(&browser.page("/deals?q=12&as=amount").await), [&*for_twelve.id]);
        let none = browser.page("/deals?q=12&as=order").await;
        assert!(listed(&none).is_empty() && none.contains("Understood as: orders whose number begins with 12.") && none.contains("There is none."), "{none}");
        let filtered = browser.page("/deals?q=12&status=PAID&from=2026-04-01&to=2026-04-02").await;
        assert!(listed(&filtered).is_empty() && filtered.contains("<option value=\"PAID\" selected>"), "filters stay: {filtered}");
        assert!(filtered.contains("as=amount&amp;status=PAID&amp;from=2026-04-01&amp;to=2026-04-02"), "and go along: {filtered}");
        for wrong in ["status=paid", "from=tomorrow", "account=A%20B", "from=2026-04-02&to=2026-04-01", "by=paid&status=EXPIRED", "after=x"] {
            let answer = browser.get(&format!("/deals?{wrong}")).await;
            assert!(answer.status == 422 && answer.body.contains("role=\"alert\""), "{wrong}: {}", answer.body);
            assert_eq!(browser.get(&format!("/deals.csv?{wrong}")).await.status, 422, "{wrong}");
        }
    }

    async fn pages_hold_every_order_once_and_stay_small(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        insert_many(&app.look().await, 120).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        for (path, expected) in [("/deals?q=seller+99", 120), ("/deals?q=m1&as=order", 32), ("/deals?status=EXPIRED&from=2026-04-01", 120)] {
            let (mut seen, mut path) = (Vec::new(), Some(path.to_owned()));
            while let Some(address) = path {
                let page = browser.page(&address).await;
                assert!(page.len() < 100 * 1024, "{address}: {} bytes", page.len());
                seen.extend(listed(&page));
                path = next(&page);
                assert!(seen.len() <= 120, "{address} comes again");
            }
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!((seen.len(), all), (expected, expected));
        }
    }

    async fn what_no_index_knows_is_looked_for_from_the_newest_on(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let look = app.look().await;
        insert_many(&look, 4_500).await;
        look.run("UPDATE deal SET total_fee = 777, create_at = create_at, update_at = update_at WHERE order_id = 'm5'").await;
        let browser = Browser::of_user(VIEWER, &app).await;
        let mut page = browser.page("/deals?q=%C2%A57.77").await;
        for looked_back_to in ["2026-04-01 00:41:41", "2026-04-01 00:08:21"] {
            let said = format!("Looked through the orders back to {looked_back_to}; there may be older ones.");
            assert!(listed(&page).is_empty() && page.contains(&said), "{said} is not in {page}");
            page = browser.page(&next(&page).unwrap()).await;
        }
        assert_eq!((listed(&page), next(&page)), (vec!["m5".to_owned()], None));
        let csv = browser.get("/deals.csv?q=%C2%A57.77").await.body;
        assert_eq!((csv.lines().count(), csv.contains("\r\nm5\t,99,34,1.00")), (2, false), "the file has all of them: {csv}");
        assert!(csv.contains("m5\t,99,34,7.77,777,"), "{csv}");
    }

    async fn prices_of_the_original_are_found_by_their_amount(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let look = app.look().await;
        for (order_id, price, last) in [("old1", "19.9", "0"), ("old2", "30", "19.9"), ("old3", "19.9", "30")] {
            look.run(&format!(
                "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, status, mode, create_at, update_at) \
                 VALUES ('{order_id}', '{order_id}', 34, 12, {price}, {last}, 1, 0, '2026-04-01 10:00:00', '2026-04-01 10:00:00')"
            ))
            .await;
        }
        let browser = Browser::of_user(VIEWER, &app).await;
        assert_eq!(listed(&browser.page("/deals?q=%C2%A519.90").await), ["old2", "old1"]);
    }

    async fn what_a_shop_or_a_visitor_writes_is_text_and_no_formula(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        opened(&app, json!({"reference": SCRIPT, "description": SCRIPT})).await;
        opened(&app, json!({"reference": "=cmd|' /C calc'!A0", "description": "@SUM(1+1)*cmd"})).await;
        let browser = Browser::of_user(VIEWER, &app).await;
        for path in ["/deals".to_owned(), format!("/deals?q={}", escaped(SCRIPT)), format!("/deals?q={}&account={}", escaped(SCRIPT), escaped(SCRIPT))] {
            let answer = browser.get(&path).await;
            assert!(!answer.body.contains("<script>alert") && !answer.body.contains("<img"), "{path}: {}", answer.body);
        }
        assert!(browser.page("/deals").await.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        let csv = browser.get("/deals.csv").await;
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"deals.csv\""));
        assert!(csv.header("content-type").unwrap().starts_with("text/csv") && csv.header("x-content-type-options") == Some("nosniff"));
        assert!(csv.body.starts_with('\u{feff}') && csv.body.contains(",'@SUM(1+1)*cmd,'=cmd|' /C calc'!A0,"), "{}", csv.body);
    }

    async fn an_operator_reads_chinese(engine) {
        let app = TestAppBuilder::new(engine).await.with_console().open().await;
        let order = opened(&app, json!({})).await;
        let mut browser = Browser::of_user(VIEWER, &app).await;
        browser.language = "zh";
        let page = browser.page("/deals?q=19.90").await;
        assert!(page.contains("理解为：金额 ¥19.90。") && page.contains("待付款") && listed(&page) == [&*order.id], "{page}");
        for path in ["/deals", "/refunds", &format!("/deals/{}", order.id)] {
            let page = browser.page(path).await;
            assert!(page.contains("<html lang=\"zh-CN\">") && !page.contains("{{"), "{path}: {page}");
        }
    }
}
