//! The page of the accounts: what is configured of each, what is gone, and as many on a page as it has room for.

use crate::support::console::{Browser, VIEWER};
use crate::support::database::Engine;
use crate::support::on_both_engines;
use crate::support::test_app::{TestApp, TestAppBuilder};

const KEY: &str = "8934e7d15453e97507ef794cf7b0519d";

/// With so many accounts beside `default`, whose WeChat is never asked.
async fn open(engine: Engine, accounts: usize) -> TestApp {
    let mut builder = TestAppBuilder::new(engine).await.with_console().with_wechat_at("127.0.0.1:9".parse().unwrap());
    for number in 0..accounts {
        let section = format!("ACCOUNTS__SHOP{number:03}");
        builder = builder.set(&format!("{section}__APPID"), format!("wx2421b1c4370ec{number:03}"));
        builder = builder.set(&format!("{section}__MCH_ID"), 10_000_200 + number).set(&format!("{section}__API_KEY"), KEY);
        builder = builder.set(&format!("{section}__SELLERS"), format!("{}-{}", 1000 * number + 1000, 1000 * number + 1999));
    }
    builder.open().await
}

on_both_engines! {
    async fn each_account_is_shown_as_wechat_knows_it_and_without_a_secret(engine) {
        let app = open(engine, 1).await;
        let mut browser = Browser::of_user(VIEWER, &app).await;
        let page = browser.page("/accounts").await;
        for shown in ["<code>shop000</code>", "mch_id <code>10000200</code>", "appid <code>wx2421b1c4370ec000</code>", "<td>1000-1999</td>", "<td>all others</td>", "none is demanded", "NATIVE"] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        assert!(!page.contains(KEY) && !page.contains("{{"), "{page}");
        browser.language = "zh";
        let page = browser.page("/accounts").await;
        assert!(page.contains("已配置的账户：2") && page.contains("其余全部") && page.contains("不需要"), "{page}");
    }

    async fn an_account_that_deals_need_and_the_configuration_lacks_comes_first(engine) {
        let app = open(engine, 0).await;
        app.look().await.run(
            "INSERT INTO deal (order_id, order_key, product_id, merchant_id, price, price_last, total_fee, status, mode, account, create_at, update_at, due_at) \
             VALUES ('t1', 't1', 34, 12, 19.9, 19.9, 1990, 0, 0, 'shop3', '2026-04-01 11:00:00', '2026-04-01 11:00:00', '2026-04-01 11:00:05')",
        ).await;
        app.time_passes(60);
        app.gateway().look_for_missing_accounts().await;
        let page = Browser::of_user(VIEWER, &app).await.page("/accounts").await;
        assert!(page.contains("The account <code>shop3</code> is not configured, and 1 undecided deals"), "{page}");
        assert!(page.find("role=\"alert\"") < page.find("<table>"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_accounts_are_shown_by_pages() {
    let app = open(Engine::Sqlite, 120).await;
    let browser = Browser::of_user(VIEWER, &app).await;
    let (mut path, mut seen, mut pages) = ("/accounts".to_owned(), Vec::new(), 0);
    loop {
        let page = browser.page(&path).await;
        assert!(page.len() < 100 * 1024, "{} bytes", page.len());
        let rows = page.split("<th scope=\"row\"><code>").skip(1);
        seen.extend(rows.map(|row| row.split("</code>").next().unwrap().to_owned()));
        pages += 1;
        let Some((_, next)) = page.split_once("<p class=\"pages\"><a href=\"/accounts?after=") else { break };
        path = format!("/accounts?after={}", next.split('"').next().unwrap());
    }
    assert_eq!((seen.len(), pages, seen[0].as_str(), seen[120].as_str()), (121, 3, "default", "shop119"));
    let page = browser.page("/accounts?after=%3Cscript%3E").await;
    assert!(!page.contains("<script>"), "{page}");
}
