//! The payer's page: what it shows, in which state, to whom; and what it never does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::database::{Database, Engine};
use crate::support::http::Answer;
use crate::support::on_both_engines;
use crate::support::proxy::Proxy;
use crate::support::scripted_wechat::{LINK, ScriptedWeChat};
use crate::support::stub::Reply;
use crate::support::test_app::{Order, TestApp, TestAppBuilder};

const MERCHANT: &str = "<b>\"Tom & 'Jerry'\"</b>";

async fn page(app: &TestApp, order_id: &str) -> Answer {
    app.till.get(&format!("/pay/{order_id}")).await
}

/// The page's state and whether there is a code on it.
#[track_caller]
fn shows(answer: &Answer, state: &str, code: bool) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains(&format!("data-state=\"{state}\"")), "{}", main(answer));
    assert_eq!(answer.body.contains("<svg id=\"qr\""), code, "{state}: {}", main(answer));
    assert!(!answer.body.contains("{{"), "everything is filled in");
}

/// The part that a payer reads, for messages.
fn main(answer: &Answer) -> &str {
    answer.body.split_once("<main").map_or("", |(_, main)| main.split_once("<script").map_or(main, |(main, _)| main))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap_or_else(|| panic!("no {before}")).1.split_once(after).unwrap().0
}

/// Reads the code as a phone does.
fn scanned(answer: &Answer) -> String {
    let svg = between(&answer.body, "<svg id=\"qr\"", "</svg>");
    let side: usize = between(svg, "viewBox=\"0 0 ", " ").parse().unwrap();
    let mut dark = vec![false; side * side];
    let path = svg.rsplit("d=\"").next().unwrap().split('"').next().unwrap();
    for run in path.split('M').skip(1) {
        let (x, rest) = run.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let start = y.parse::<usize>().unwrap() * side + x.parse::<usize>().unwrap();
        dark[start..start + rest.split('v').next().unwrap().parse::<usize>().unwrap()].fill(true);
    }
    const PIXELS: usize = 6;
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(side * PIXELS, side * PIXELS, |x, y| dark[y / PIXELS * side + x / PIXELS]);
    image.detect_grids()[0].decode().unwrap().1
}

on_both_engines! {
    async fn a_page_shows_what_is_to_be_paid_and_how_it_stands(engine) {
        let app = TestAppBuilder::new(engine).await.set("PAGE__MERCHANT_NAME", "好味书店").open().await;
        let [open, paid, closed] = [app.to_pay("19.9").await, app.to_pay("0.01").await, app.to_pay("100").await];
        let waiting = page(&app, &open.id).await;
        shows(&waiting, "waiting", true);
        for text in ["19.90", "商品 34", "好味书店", &open.id, "微信支付", "长按", "lang=\"zh-CN\""] {
            assert!(waiting.body.contains(text), "{text}: {}", main(&waiting));
        }
        assert!(waiting.body.contains("<title>等待付款 · ¥19.90 · 好味书店</title>"), "{}", waiting.body);
        assert_eq!(scanned(&waiting), open.code_url, "a phone reads the link");
        app.payer_pays(&paid).await;
        app.time_passes(300);
        app.close(&closed.id).await;
        shows(&page(&app, &paid.id).await, "paid", false);
        shows(&page(&app, &closed.id).await, "closed", false);
        let hurries = async || page(&app, &open.id).await.body.contains(" data-hurry");
        app.time_passes(6299);
        assert!(!hurries().await, "ten minutes and a second are left");
        app.time_passes(1);
        assert!(hurries().await, "by the server's clock");
        assert!(page(&app, &open.id).await.body.contains(">10:00</span>"));
        // It is not closed at WeChat yet, but no payer is to scan it any more.
        app.time_passes(600);
        shows(&page(&app, &open.id).await, "expired", false);
        app.sweep().await;
        shows(&page(&app, &open.id).await, "expired", false);
        assert_eq!(app.calls("orderquery"), 4, "a page by itself asks WeChat nothing: these were the close and the sweeper");
    }

    async fn after_an_unknown_outcome_the_page_gets_its_link_by_the_identical_request(engine) {
        let wechat = ScriptedWeChat::new().await;
        let app = TestAppBuilder::new(engine).await.with_wechat_at(wechat.stub.address).open().await;
        wechat.answers_by(|_, _| Reply::Close);
        let lost = app.try_to_pay("19.90").await.refused(502, "UPSTREAM", None, "nobody knows");
        let order_id = lost["order_id"].as_str().unwrap();
        shows(&page(&app, order_id).await, "trouble", false);
        wechat.answers_rightly();
        let shown = page(&app, order_id).await;
        shows(&shown, "waiting", true);
        assert_eq!(scanned(&shown), LINK);
        let requests = wechat.asked("unifiedorder");
        assert!(requests.len() >= 3 && requests.iter().all(|request| *request == requests[0]), "each is the same, byte for byte");
        shows(&page(&app, order_id).await, "waiting", true);
        assert_eq!(wechat.asked("unifiedorder").len(), requests.len(), "a link that is stored is not asked for");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_not_there_is_a_page_too() {
    let app = TestApp::open(Engine::Sqlite).await;
    let too_long = "1".repeat(46);
    for order_id in ["20260401120000000000000000000000", "%3Cscript%3E", "%ff", "a%20b", &too_long] {
        let answer = page(&app, order_id).await;
        assert_eq!(answer.status, 404, "{order_id}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.body.contains("订单不存在") && answer.body.contains("There is no such order"));
        assert!(!answer.body.contains("script"), "nothing of the request is in it");
        is_guarded(&answer);
    }
    assert_eq!(app.till.post("/pay/1", "text/plain", "").await.status, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_speaks_chinese_and_english() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    for (query, accepted, english) in [
        ("", "en-GB,en;q=0.9", true),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", false),
        ("", "fr", false),
        ("?lang=en", "zh-CN", true),
        ("?lang=zh-CN", "en", false),
    ] {
        let request = app.till.request("GET", &format!("/pay/{}{query}", order.id)).header("accept-language", accepted);
        let answer = app.till.send(request).await;
        let (tag, product, other) = if english { ("en", "Product 34", "中文") } else { ("zh-CN", "商品 34", "English") };
        for text in [format!("<html lang=\"{tag}\">"), product.to_owned(), format!(">{other}</a>")] {
            assert!(answer.body.contains(&text), "{query} {accepted}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_phone_it_says_what_to_do() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    let mut said = Vec::new();
    for agent in
        ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone) Mobile Safari", "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.60"]
    {
        let answer = app.till.send(app.till.request("GET", &format!("/pay/{}", order.id)).header("user-agent", agent)).await;
        shows(&answer, "waiting", true);
        said.push(between(&answer.body, "<p class=\"how\">", "</p>").to_owned());
    }
    assert!(said[1].contains("另一部手机") && said[2].contains("另一部手机") && !said[0].contains("另一部手机"), "{said:?}");
    assert_ne!(said[1], said[2]);
}

/// Headers and content of a page that can do nothing but its own. Of a demonstration's, links to the simulated phone and frames of
/// this machine's pages beside.
#[track_caller]
fn is_guarded(answer: &Answer) {
    for (name, value) in
        [("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("referrer-policy", "origin"), ("x-robots-tag", "noindex")]
    {
        assert_eq!(answer.header(name), Some(value));
    }
    let policy = answer.header("content-security-policy").unwrap();
    let is_demonstration = policy.contains("frame-ancestors http://localhost:* http://127.0.0.1:*");
    for rule in ["default-src 'none'", "frame-ancestors ", "base-uri 'none'", "form-action 'none'", "connect-src 'self';", "img-src data:;"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    let strict = policy.replace("http://localhost:* http://127.0.0.1:*", "'none'");
    assert!(!strict.contains("unsafe") && !strict.contains("http") && strict.ends_with("frame-ancestors 'none'"), "{policy}");
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    assert!(policy.contains(&format!("style-src {};", hash(between(&answer.body, "<style>", "</style>")))), "{policy}");
    if answer.body.contains("<script") {
        assert!(policy.contains(&format!("script-src {};", hash(between(&answer.body, "<script>", "</script>")))), "{policy}");
    }
    assert!(answer.body.len() < 50 * 1024, "{} bytes", answer.body.len());
    let body = answer.body.split(" href=\"http://127.0.0.1:").map(|part| part.split_once("/?order=").map_or(part, |(_, rest)| rest));
    let body =
        if is_demonstration { body.collect::<String>().replace("http://localhost:* http://127.0.0.1:*", "") } else { answer.body.clone() };
    // Neither address nor event handler nor style from elsewhere: the policy would block them, and the page be broken.
    for word in ["http://", "https://", "//cdn", "src=", " onclick", " style=", "javascript:", "/static/", "@import", "url("] {
        assert!(!body.contains(word), "{word} in {}", main(answer));
    }
}

/// With credentials, and WeChat's answers written here.
async fn of_a_merchant(settings: &[(&str, &str)]) -> (ScriptedWeChat, TestApp) {
    let wechat = ScriptedWeChat::new().await;
    let app = TestAppBuilder::new(Engine::Sqlite).await.with_wechat_at(wechat.stub.address);
    let app = settings.iter().fold(app, |app, (key, value)| app.set(key, value)).open().await;
    (wechat, app)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_loads_nothing_and_is_light() {
    let (_wechat, app) = of_a_merchant(&[("PAGE__MERCHANT_NAME", MERCHANT)]).await;
    let order = app.to_pay("99999.99").await;
    let answer = page(&app, &order.id).await;
    shows(&answer, "waiting", true);
    is_guarded(&answer);
    assert!(answer.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    assert!(!answer.body.contains("ribbon\"") && !answer.body.contains("模拟"), "money moves");
    assert!(answer.body.contains("</span>99,999.99<"), "{}", main(&answer));
    assert!(answer.body.contains("&lt;b&gt;&quot;Tom &amp; &apos;Jerry&apos;&quot;&lt;/b&gt;") && !answer.body.contains("<b>"));
    assert!(!answer.body.contains("weixin://"), "the link is in the picture and nowhere else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_javascript_it_asks_again_and_leads_on() {
    let app = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("PAGE__RETURN_URL", "https://shop.example.com/done?o={order_id}&from=pay")
        .open()
        .await;
    let order = app.to_pay("19.90").await;
    let noscript = |answer: &Answer| between(&answer.body, "<noscript>", "</noscript>").to_owned();
    assert_eq!(noscript(&page(&app, &order.id).await), "<meta http-equiv=\"refresh\" content=\"5\">");
    app.time_passes(400);
    assert_eq!(noscript(&page(&app, &order.id).await), "<meta http-equiv=\"refresh\" content=\"20\">", "and more seldom with time");
    app.payer_pays(&order).await;
    let paid = page(&app, &order.id).await;
    let address = format!("https://shop.example.com/done?o={}&amp;from=pay", order.id);
    assert_eq!(noscript(&paid), format!("<meta http-equiv=\"refresh\" content=\"5;url={address}\">"));
    assert!(paid.body.contains(&format!("data-return=\"{address}\"")) && paid.body.contains(&format!("href=\"{address}\"")));
    // Never where a request would like it.
    let elsewhere = page(&app, &format!("{}?return_url=https://evil.example.com&lang=en", order.id)).await;
    assert!(!elsewhere.body.contains("evil"));
}

/// Where the links of a page lead: in which states, and to where.
fn ways(answer: &Answer) -> Vec<(String, String)> {
    let links = answer.body.split("<a class=\"way ").skip(1);
    links.map(|link| (link.split('"').next().unwrap().to_owned(), between(link, "href=\"", "\"").to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_what_is_sold_and_leads_where_the_merchant_says() {
    let app = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("PAGE__MERCHANT_NAME", "好味书店")
        .set("PAGE__RETURN_URL", "https://shop.example.com/done/{order_id}")
        .set("PAGE__RETURN_HOSTS", "tea.example.com,books.example.com:8443")
        .open()
        .await;
    let open = async |more: Value| {
        let mut body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let opened = app.till.post_json("/wxPay/toPay", &body).await.json();
        opened["order_id"].as_str().unwrap_or_else(|| panic!("{opened}")).to_owned()
    };
    let tea = open(json!({
        "description": "<script>alert('茶')</script> & {{amount}}",
        "return_url": "https://tea.example.com/thanks?o={order_id}&x=\"><script>",
        "cancel_url": "https://books.example.com:8443/cart/{order_id}",
    }))
    .await;
    for (lang, heading, give_up) in [("zh", "微信支付", "放弃付款"), ("en", "WeChat Pay", "Cancel and go back")] {
        let shown = page(&app, &format!("{tea}?lang={lang}")).await;
        assert_eq!(between(&shown.body, "<h1>", "</h1>"), "&lt;script&gt;alert(&apos;茶&apos;)&lt;/script&gt; &amp; {{amount}}");
        assert_eq!(shown.body.matches("<script").count(), 1, "the page's own");
        for text in ["好味书店", heading, give_up] {
            assert!(shown.body.contains(text), "{text}: {}", main(&shown));
        }
        assert!(!main(&shown).contains("商品 34") && !main(&shown).contains("Product 34"), "the description says it");
    }
    let thanks = format!("https://tea.example.com/thanks?o={tea}&amp;x=&quot;&gt;&lt;script&gt;");
    let cart = format!("https://books.example.com:8443/cart/{tea}");
    let states = |ways: &[(&str, &str)]| ways.iter().map(|(when, to)| ((*when).to_owned(), (*to).to_owned())).collect::<Vec<_>>();
    let both = states(&[("button paid refunded", &thanks), ("button expired closed", &cart), ("waiting trouble taken", &cart)]);
    assert_eq!(ways(&page(&app, &tea).await), both);
    assert!(page(&app, &tea).await.body.contains(&format!("data-return=\"{thanks}\"")), "the script leads there too");

    let plain = open(json!({})).await;
    let done = format!("https://shop.example.com/done/{plain}");
    assert_eq!(ways(&page(&app, &plain).await), states(&[("button paid refunded", &done), ("button expired closed", &done)]));
    // What stands in the row counts only as long as the operator lists its host.
    app.look().await.run("UPDATE deal SET return_url = 'https://evil.example.com/', cancel_url = 'javascript:alert(1)'").await;
    assert_eq!(ways(&page(&app, &plain).await), states(&[("button paid refunded", &done), ("button expired closed", &done)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_pay_says_where_the_page_is() {
    for (base, expected) in
        [("", ""), ("https://pay.example.com", "https://pay.example.com"), ("https://example.com/pay/", "https://example.com/pay")]
    {
        let app = TestAppBuilder::new(Engine::Sqlite).await.set("PAGE__BASE_URL", base).open().await;
        let first = app.to_pay_once("k", "19.90").await.json();
        let order_id = first["order_id"].as_str().unwrap();
        assert_eq!(first["pay_page"], format!("{expected}/pay/{order_id}"));
        assert_eq!(app.to_pay_once("k", "19.90").await.json()["pay_page"], first["pay_page"]);
        shows(&page(&app, order_id).await, "waiting", true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_of_the_original_has_a_page_without_a_code() {
    let app = TestApp::open(Engine::Sqlite).await;
    let look = app.look().await;
    look.run(
        "INSERT INTO deal (order_id, product_id, merchant_id, price, create_at, update_at) \
         VALUES ('a|b*c@d', 7, 1, 0.29, '2026-04-01 12:00:00', '2026-04-01 12:00:00')",
    )
    .await;
    let shown = page(&app, "a%7Cb*c@d").await;
    shows(&shown, "trouble", false);
    assert!(shown.body.contains("0.29") && shown.body.contains("a|b*c@d"));
    look.run("UPDATE deal SET status = 1").await;
    shows(&page(&app, "a%7Cb*c@d").await, "paid", false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_it_asks_for_patience() {
    let database = Database::fresh(Engine::MySql).await;
    let proxy = Proxy::to(database.server_address());
    let url = database.url_through(proxy.address);
    let app = TestAppBuilder::on(database).set("DATABASE__URL", url).open().await;
    let order = app.to_pay("19.90").await;
    proxy.down();
    let answer = page(&app, &order.id).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("稍后") && answer.body.contains("in a moment"));
    is_guarded(&answer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_page_is_a_receipt() {
    let app = TestAppBuilder::new(Engine::Sqlite)
        .await
        .set("PAGE__MERCHANT_NAME", MERCHANT)
        .set("PAGE__RETURN_URL", "https://shop.example.com/done")
        .open()
        .await;
    let opened =
        app.till.post_json("/wxPay/toPay", &json!({"merchant_id": 12, "product_id": 34, "price": 1280, "description": "龙井"})).await;
    let order_id = opened.json()["order_id"].as_str().unwrap().to_owned();
    assert!(!page(&app, &order_id).await.body.contains("class=\"receipt\""), "nothing is paid");
    app.time_passes(90);
    app.payer_pays(&Order { id: order_id.clone(), code_url: String::new() }).await;
    let transaction = app.wechat().orders().next().unwrap().transaction_id.clone().unwrap();
    let receipt = |answer: &Answer| between(&answer.body, "<section class=\"receipt\"", "</section>").to_owned();
    for (lang, label, at) in [("zh", "付款凭证", "2026-04-01 12:01:30<"), ("en", ">Receipt<", "2026-04-01 12:01:30 (Beijing time)<")] {
        let receipt = receipt(&page(&app, &format!("{order_id}?lang={lang}")).await);
        for text in [label, at, "龙井", "¥1,280.00", &order_id, &transaction, "&lt;b&gt;&quot;Tom"] {
            assert!(receipt.contains(text), "{text}: {receipt}");
        }
    }
    let leads_on = async || !page(&app, &order_id).await.body.contains("data-return=\"\"");
    assert!(leads_on().await);
    app.time_passes(601);
    assert!(!leads_on().await, "who comes back later wants the receipt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_wears_the_merchant_s_colour_and_picture() {
    let picture = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&picture, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let path = picture.path().to_str().unwrap();
    let (_wechat, app) = of_a_merchant(&[("PAGE__LOGO", path), ("PAGE__COLOR", "#FFD100")]).await;
    let answer = page(&app, &app.to_pay("19.90").await.id).await;
    let data = format!("data:image/svg+xml;base64,{}", STANDARD.encode("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"));
    assert!(answer.body.contains(&format!("<img class=\"logo\" src=\"{data}\" alt=\"\"")), "{}", main(&answer));
    let style = between(&answer.body, "<style>", "</style>");
    assert!(style.contains("--brand:#ffd100;--on-brand:#000000;"), "black can be read on yellow: {style}");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains(&format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)))), "{policy}");
    assert!(answer.body.len() - data.len() < 50 * 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_framed_by_the_sites_that_may() {
    let sites = "https://shop.example.com, https://m.example.com:8443";
    let (_wechat, app) = of_a_merchant(&[("PAGE__FRAME_ANCESTORS", sites)]).await;
    let order = app.to_pay("19.90").await;
    for path in [order.id.as_str(), "20260401120000000000000000000000"] {
        let answer = page(&app, path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.ends_with("frame-ancestors https://shop.example.com https://m.example.com:8443"), "{policy}");
    }
    assert!(page(&app, &order.id).await.body.contains("data-parents=\"https://shop.example.com https://m.example.com:8443\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demonstration_says_so_and_leads_to_its_phone() {
    let app = TestApp::open(Engine::Sqlite).await;
    let order = app.to_pay("19.90").await;
    for (lang, ribbon, link) in
        [("zh", "模拟环境，不会扣款", "用模拟手机付款"), ("en", "Simulation: no money moves", "Pay with the simulated phone")]
    {
        let answer = page(&app, &format!("{}?lang={lang}", order.id)).await;
        let phone = format!("href=\"http://{}/?order={}\" target=\"phone\">{link}</a>", app.phone().address, order.id);
        assert!(answer.body.contains(ribbon) && answer.body.contains(&phone), "{}", main(&answer));
        is_guarded(&answer);
    }
    // A visitor at a desk plays where it is opened; nobody does where money moves.
    let played = page(&app, &format!("{}?in=wechat", order.id)).await;
    assert!(main(&played).contains("这笔订单要扫码付款"), "{}", main(&played));
    let (_wechat, real) = of_a_merchant(&[]).await;
    let real_page = page(&real, &format!("{}?in=wechat", real.to_pay("19.90").await.id)).await;
    assert!(!main(&real_page).contains("这笔订单要扫码付款"));
}
