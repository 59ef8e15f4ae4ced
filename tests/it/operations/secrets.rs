//! What must never be seen, searched for in everything that the program writes and answers, at its most talkative.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use wechat_pay::channel::wechat::v2::{ApiKey, SignType, Signer, xml};
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::support::database::{Database, Engine, mysql_server};
use crate::support::http::{Answer, Caller};
use crate::support::program::Program;
use crate::support::scripted_wechat::{ScriptedWeChat, number, right};
use crate::support::stub::{Reply, Stub};
use crate::support::wechat_message::{WeChatMessage, transaction_id};

const API_KEY: &str = "CanaryKey0CanaryKey1CanaryKey2ab";
const OPENID: &str = "oCANARYOPENID00000000000000";
const ATTACH: &str = "CANARYATTACH";
const TOKEN: &str = "CANARYTOKEN";
const PASSWORD: &str = "CanaryPassword-1";

fn our_signer() -> Signer {
    Signer::new(ApiKey::new(API_KEY).unwrap(), SignType::Md5)
}

/// A message about a paid order, full of canaries.
fn message(order_id: &str) -> WeChatMessage {
    WeChatMessage::notification(order_id, 1990).with("attach", ATTACH)
}

fn environment(database: &str, wechat: String) -> Vec<(&'static str, String)> {
    vec![
        ("RUST_LOG", "trace".to_owned()),
        ("SERVER__LISTEN", "127.0.0.1:0".to_owned()),
        ("DATABASE__URL", database.to_owned()),
        ("WECHAT__APPID", DEFAULT_MERCHANT.appid.to_owned()),
        ("WECHAT__MCH_ID", DEFAULT_MERCHANT.mch_id.to_owned()),
        ("WECHAT__API_KEY", API_KEY.to_owned()),
        ("WECHAT__BASE_URL", wechat),
        ("WECHAT__NOTIFY_URL", "https://pay.example.com/wxPay/notify".to_owned()),
        ("AUTH__MODE", "open".to_owned()),
        ("DEAL__CLOSE_MIN_AGE", "0".to_owned()),
    ]
}

/// All that was said to callers, and the signatures that came or went.
#[derive(Default)]
struct Heard {
    answers: Vec<String>,
    signs: Vec<String>,
}

impl Heard {
    fn answer(&mut self, answer: Answer) -> Answer {
        self.answers.push(format!("{:?}\n{}", answer.headers, answer.body));
        answer
    }

    fn sign(&mut self, xml: &str) {
        let sign = xml::parse(xml.as_bytes()).ok().and_then(|fields| fields.get("sign").map(str::to_owned));
        self.signs.extend(sign);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_written_or_answered() {
    let proxied = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&proxied);
    let proxy = Stub::start(move |_, _| {
        seen.fetch_add(1, Ordering::Relaxed);
        Reply::Close
    })
    .await;
    let wechat = ScriptedWeChat::new().await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let saying = Arc::clone(&said);
    let tell = move |message: WeChatMessage| {
        let body = message.signed_by(&our_signer());
        saying.lock().unwrap().push(body.clone());
        Reply::Body(body)
    };
    let told = tell.clone();
    let friendly = move |api: &str, request: &wechat_pay::channel::wechat::v2::Fields| {
        let message = right(api, request).with("attach", ATTACH);
        told(if api == "unifiedorder" { message.with("code_url", &format!("weixin://wxpay/bizpayurl?pr={TOKEN}")) } else { message })
    };
    wechat.answers_by(friendly.clone());

    let database = Database::fresh(Engine::Sqlite).await;
    let mut variables = environment(&database.url, format!("http://{}", wechat.stub.address));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        variables.push((name, format!("http://{}", proxy.address)));
    }
    let program = Program::start("serve", database.directory().unwrap(), &variables);
    let till = Caller::new(program.address().await);
    let mut heard = Heard::default();
    let body = json!({"merchant_id": 12, "product_id": 34, "price": "19.90"});

    // Deals, and everything that may be said of them.
    let mut orders = Vec::new();
    for _ in 0..4 {
        let opened = till.post_json("/wxPay/toPay", &body).await;
        let json = opened.json();
        assert!(json["code_url"][0].as_str().unwrap().contains(TOKEN), "where the contract puts it");
        orders.push(json["order_id"].as_str().unwrap().to_owned());
        heard.answers.push(format!("{:?}", opened.headers));
    }
    let asking = async |path: &str, order_id: &str| till.post_json(path, &json!({"order_id": order_id})).await;
    heard.answer(asking("/wxPay/queryOrder", &orders[0]).await);
    // The link is on the page, as a picture.
    assert!(heard.answer(till.get(&format!("/pay/{}?lang={ATTACH}", orders[0])).await).body.contains("<svg id=\"qr\""));

    // Right, repeated, second, wrong, forged and broken messages.
    let ours = our_signer();
    let stranger = Signer::new(ApiKey::new(DEFAULT_MERCHANT.api_key).unwrap(), SignType::Md5);
    let right_message = message(&orders[0]).signed_by(&ours);
    let messages = [
        message(&orders[1]).with("total_fee", "1991").signed_by(&ours),
        message(&orders[1]).with("time_end", "CANARYTIME").with("fee_type", "CANARYFEE").signed_by(&ours),
        message("20260401120000000000000000000000").signed_by(&ours),
        message(&orders[1]).signed_by(&stranger),
        message(&orders[1]).unsigned(),
        message(&orders[1]).with("appid", "wxCANARYAPPID00000").signed_by(&ours),
        message(&orders[1]).with("key", API_KEY).signed_by(&ours),
        message(&orders[1]).with("out_trade_no", "an-unknown-order").with("result_code", "FAIL").signed_by(&ours),
        right_message.clone(),
        right_message.clone(),
        message(&orders[0]).with("transaction_id", "4200000260202604010000099999").signed_by(&ours),
        right_message.replace("</xml>", ""),
        format!("<!DOCTYPE x [<!ENTITY e \"{ATTACH}\">]>{right_message}"),
        format!("{ATTACH}{OPENID}{}", transaction_id(&orders[0])),
        format!("{right_message}{}", ATTACH.repeat(6000)),
    ];
    for message in messages {
        heard.sign(&message);
        heard.answer(till.post("/wxPay/notify", "text/xml", message).await);
    }
    assert_eq!(asking("/wxPay/queryOrder", &orders[0]).await.json()["trade_state"], "SUCCESS");
    for path in ["/pay/", "/wxPay/events?order_id="] {
        let answer = heard.answer(till.get(&format!("{path}{}", orders[0])).await);
        assert!(answer.body.contains("SUCCESS"), "{}", answer.body);
    }

    // A payment that is learned by asking, a refusal, and answers of every bad kind.
    let told = tell.clone();
    wechat.answers_by(move |_, request| told(message(number(request)).with("trade_state", "SUCCESS")));
    assert_eq!(heard.answer(asking("/wxPay/queryOrder", &orders[1]).await).json()["trade_state"], "SUCCESS");
    type Bad = Box<dyn Fn(WeChatMessage) -> Reply + Send>;
    let bad: Vec<Bad> = vec![
        Box::new(|message| Reply::Body(message.unsigned())),
        Box::new(|message| Reply::Body(message.signed())),
        Box::new(|message| Reply::Body(message.with("mch_id", "1900000009").signed_by(&our_signer()))),
        Box::new(|message| Reply::Body(message.with("total_fee", "1991").signed_by(&our_signer()))),
        Box::new(|message| {
            Reply::Body(message.with("total_fee", "1").with("code_url", &format!("weixin://wxpay/ {TOKEN}")).signed_by(&our_signer()))
        }),
        Box::new(|message| Reply::Body(format!("<html>{}</html>", message.unsigned()))),
        Box::new(|message| Reply::Raw(format!("HTTP/1.1 500 {ATTACH}\r\nx-{ATTACH}: {OPENID}\r\n\r\n{}", message.unsigned()).into_bytes())),
        Box::new(|_| Reply::Raw(format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/{TOKEN}\r\n\r\n").into_bytes())),
        Box::new(|_| Reply::Raw(format!("{ATTACH}\r\n\r\n").into_bytes())),
        Box::new(|_| Reply::Close),
    ];
    let (count, mut turn) = (bad.len(), 0);
    wechat.answers_by(move |_, request| {
        turn += 1;
        bad[turn % bad.len()](message(number(request)).with("trade_state", "SUCCESS"))
    });
    let opening = futures_util::future::join_all((0..count).map(|_| till.post_json("/wxPay/toPay", &body))).await;
    for answer in opening {
        heard.answer(answer).refused(502, "UPSTREAM", None, "nonsense");
    }
    for _ in 0..count {
        heard.answer(asking("/wxPay/doCloseOrder", &orders[2]).await).refused(502, "UPSTREAM", None, "nonsense");
    }
    wechat.answers_by(friendly);
    for (path, content_type, text) in [
        ("/wxPay/toPay", "application/json", format!("{{\"merchant_id\":\"{ATTACH}\",\"product_id\":1,\"price\":1}}")),
        ("/wxPay/toPay", "application/json", format!("{{\"merchant_id\":1,\"product_id\":1,\"price\":\"{ATTACH}\"}}")),
        ("/wxPay/toPay", "application/json", format!("{{\"{ATTACH}\":1,\"{ATTACH}\":1")),
        ("/wxPay/toPay", ATTACH, ATTACH.to_owned()),
        ("/wxPay/queryOrder", "application/json", json!({"order_id": format!("x\nINFO settled {ATTACH}\u{1b}[31m")}).to_string()),
        ("/wxPay/queryOrder", "application/x-www-form-urlencoded", format!("order_id=%0A{ATTACH}")),
        ("/wxPay/doCloseOrder", "application/json", json!({"order_id": ATTACH}).to_string()),
        (&format!("/{ATTACH}?{ATTACH}=%0AINFO"), "text/plain", ATTACH.to_owned()),
    ] {
        heard.answer(till.post(path, content_type, text).await);
    }
    for path in ["/pay/", "/wxPay/events?order_id=", "/wxPay/events?order_id=%0A", "/wxPay/events?order_id=1&order_id="] {
        heard.answer(till.get(&format!("{path}{ATTACH}%0AINFO%20settled")).await);
    }
    let odd = till.request("GET", "/healthz").header("x-request-id", format!("{ATTACH} {{}}")).header("x-forwarded-for", ATTACH);
    heard.answer(till.send(odd.header("user-agent", ATTACH)).await);

    program.terminate();
    let (status, written) = program.end(Duration::from_secs(10)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    assert_eq!(proxied.load(Ordering::Relaxed), 0, "a proxy of the environment is none of ours");

    for (_, request) in wechat.stub.requests.lock().unwrap().iter() {
        heard.sign(request);
        assert!(!request.contains(API_KEY));
    }
    for message in said.lock().unwrap().iter() {
        heard.sign(message);
    }
    assert!(heard.signs.len() > 30 && written.lines().count() > 100 && written.contains("\"DEBUG\""), "much was said");
    let mut canaries: Vec<&str> = vec![API_KEY, OPENID, ATTACH, TOKEN, "4200000260202604010000099999", "CANARY"];
    let paid: Vec<String> = orders.iter().map(|order_id| transaction_id(order_id)).collect();
    canaries.extend(paid.iter().map(String::as_str));
    canaries.extend(heard.signs.iter().map(String::as_str));
    for canary in canaries {
        if let Some(line) = written.lines().find(|line| line.contains(canary)) {
            panic!("{canary} was written: {line}");
        }
        // The end of a payment's number may be shown, and the whole of it on the payer's receipt; a mistyped order_id is no secret.
        let is_receipt = |answer: &str| paid.iter().any(|number| number == canary) && answer.contains("<section class=\"receipt\"");
        if let Some(answer) = heard.answers.iter().find(|answer| answer.contains(canary) && !is_receipt(answer)) {
            panic!("{canary} was answered: {answer}");
        }
    }
    for line in written.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|event| event.is_object()), "no line of the log is anybody else's: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_is_wrong_or_right_is_not_shown() {
    let directory = TempDir::with_prefix("wechat-pay-").unwrap();
    let wechat = "http://127.0.0.1:1".to_owned();
    let with = |name: &'static str, value: &str| {
        let mut variables = environment("sqlite://deal.db", wechat.clone());
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value.to_owned()));
        variables
    };
    let password_in = [
        format!("mysql://till:{PASSWORD}@127.0.0.1:99999/deal"),
        format!("mysql://till:{PASSWORD}@/deal"),
        format!("mysql://till:{PASSWORD}@127.0.0.1"),
        format!("mysql//till:{PASSWORD}@127.0.0.1:3306/deal"),
        format!("postgres://till:{PASSWORD}@127.0.0.1/deal"),
        format!("mysql://till:{PASSWORD}@127.0.0.1:3306/deal?ssl-mode={PASSWORD}"),
        format!("mysql://till:{PASSWORD}@[::1/deal"),
        // Characters that should have been encoded.
        format!("mysql://till:12/{PASSWORD}@127.0.0.1/deal"),
        format!("mysql://till:12?{PASSWORD}@127.0.0.1/deal"),
        format!("mysql://till:12#{PASSWORD}@127.0.0.1/deal"),
        PASSWORD.to_owned(),
    ];
    let mut wrong: Vec<Vec<(&str, String)>> = password_in.iter().map(|url| with("DATABASE__URL", url)).collect();
    for key in [
        "SERVER__LISTEN",
        "SERVER__TRUSTED_PROXIES",
        "SERVER__CORS_ORIGINS",
        "SERVER__MAX_CONNECTIONS",
        "DATABASE__ACCEPT_WEAK_DURABILITY",
        "WECHAT__SIGN_TYPE",
        "WECHAT__BASE_URL",
        "WECHAT__BACKUP_BASE_URL",
        "WECHAT__NOTIFY_URL",
        "WECHAT__QUERY_BUDGET",
        "DEAL__EXPIRE_AFTER",
        "DEAL__CLOSE_MIN_AGE",
        "DEAL__MAX_PRICE",
        "WECHAT__PREVIOUS_API_KEY",
        "WECHAT__API_KEY_FILE",
        "WECHAT__CLIENT_CERT",
        "WECHAT__CLIENT_CERT_FILE",
        "WECHAT__CLIENT_KEY",
        "WECHAT__CLIENT_KEY_FILE",
        "WECHAT__CA_FILE",
        "WECHAT__REFUND_NOTIFY_URL",
        "REFUND__AUTOMATIC",
        "REFUND__MIN_INTERVAL",
        "WECHAT__NOTIFY_SOURCES",
        "WECHAT__PROXY",
        "WECHAT__PROXY_FILE",
        "SIMULATOR__ACCEPT_DATABASE",
        "DATABASE__URL_FILE",
        "AUTH__MODE",
        "AUTH__API_KEYS",
        "AUTH__API_KEYS_FILE",
        "AUTH__SIGNING_SECRETS",
        "AUTH__SIGNED_WINDOW",
        "SWEEP__CALLS_PER_SECOND",
        "SIMULATOR__LISTEN",
        "METRICS__LISTEN",
        "SIMULATOR__TIME_SCALE",
        "PAGE__RETURN_URL",
        "PAGE__BASE_URL",
        "WECHAT__NO_SUCH_KEY",
    ] {
        // The key pasted into the wrong place.
        wrong.push(with(key, API_KEY));
    }
    for api_key in [&API_KEY[..31], &format!("{API_KEY}x"), &API_KEY.replace('0', " "), &API_KEY.replace('0', "é"), ""] {
        wrong.push(with("WECHAT__API_KEY", api_key));
    }
    wrong.push(with("WECHAT__MCH_ID", ""));
    for variables in wrong {
        let (status, written) = Program::start("check-config", directory.path(), &variables).end(Duration::from_secs(10)).await;
        let last = variables.last().unwrap();
        assert!(status.is_some_and(|status| !status.success()), "{last:?} is not refused: {written}");
        assert!(!written.trim().is_empty(), "{last:?}: a reason is given");
        for canary in [API_KEY, &API_KEY[..12], PASSWORD, "CanaryP"] {
            assert!(!written.contains(canary), "{last:?}: {written}");
        }
    }
    let proxy = with("WECHAT__PROXY", &format!("http://till:{PASSWORD}@127.0.0.1:3128"));
    let right =
        [proxy, with("DATABASE__URL", &format!("mysql://till:{PASSWORD}@127.0.0.1:3306/deal")), with("DATABASE__URL", "sqlite://deal.db")];
    for variables in right {
        let (status, written) = Program::start("check-config", directory.path(), &variables).end(Duration::from_secs(10)).await;
        assert!(status.is_some_and(|status| status.success()), "{written}");
        assert!(written.contains(DEFAULT_MERCHANT.mch_id) && !written.contains("Canary"), "{written}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_opened_does_not_show_its_password() {
    let directory = TempDir::with_prefix("wechat-pay-").unwrap();
    let server = mysql_server();
    let host = server.rsplit('@').next().unwrap();
    let urls = [
        format!("mysql://till:{PASSWORD}@{host}/deal"),
        format!("mysql://{PASSWORD}:{PASSWORD}@{host}/deal"),
        format!("mysql://till:{PASSWORD}@127.0.0.1:1/deal"),
        format!("mysql://till:{PASSWORD}@nowhere.invalid:3306/deal"),
    ];
    let attempts = urls.iter().flat_map(|url| ["serve", "migrate"].map(|command| (url, command))).map(async |(url, command)| {
        let program = Program::start(command, directory.path(), &environment(url, "http://127.0.0.1:1".to_owned()));
        // Some are refused at once, for others it waits.
        let (status, written) = program.end(Duration::from_secs(3)).await;
        assert!(status.is_none_or(|status| !status.success()), "{url} {command}: {written}");
        assert!(!written.is_empty() && !written.contains(PASSWORD) && !written.contains("CanaryP"), "{url} {command}: {written}");
    });
    futures_util::future::join_all(attempts).await;
}
