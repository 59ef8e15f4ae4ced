//! Every line that the service writes in the stories, at its most talkative, read for what must never be in one.
//! (What libraries would say is read in `secrets`, where the service is alone in its process.)

use std::io::Write;
use std::sync::Once;

use serde_json::Value;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use wechat_pay::simulator::DEFAULT_MERCHANT;
use wechat_pay::telemetry::JsonLines;

/// Watches from now on. A line that may not be written ends the whole run, so that no test can pass over it.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = JsonLines::new(|line| {
            let line = String::from_utf8(line).unwrap();
            if let Some(why) = fault(&line) {
                // Past the capture of the test that happens to run: its output is never shown.
                let _ = std::io::stderr().write_all(format!("\n{why} was logged: {line}").as_bytes());
                std::process::abort();
            }
        });
        tracing_subscriber::registry().with(EnvFilter::new("wechat_pay=trace")).with(lines).init();
    });
}

/// What must not be in a line, if it is in this one.
pub fn fault(line: &str) -> Option<&'static str> {
    let words = [
        (DEFAULT_MERCHANT.api_key, "an API key"),
        ("<sign", "a signature"),
        ("<xml", "a message"),
        ("weixin://", "a QR link"),
        ("openid", "a payer's id"),
        ("oCANARYOPENID", "a payer's id"),
        ("oSIMULATED", "a payer's id"),
        ("mysql://", "the database's URL"),
        ("authorization", "a caller's key"),
        ("bearer ", "a caller's key"),
        ("wpk_", "a caller's key"),
    ];
    // The name of a route of ours, and a sentence of WeChat's: they tell of nobody.
    let lower = line.to_lowercase().replace("/pay/{number}/openid", "").replace("appid与openid不匹配", "");
    if let Some((_, why)) = words.iter().find(|(word, _)| lower.contains(&word.to_lowercase())) {
        return Some(why);
    }
    if std::env::var("TEST_MYSQL_SERVER").is_ok_and(|url| password(&url).is_some_and(|password| line.contains(password))) {
        return Some("the database's password");
    }
    let Ok(Value::Object(event)) = serde_json::from_str(line) else { return Some("what is no line") };
    // The numbers of requests are drawn, and look like signatures; so does what names a certificate.
    let harmless = ["request_id", "trace_id", "fingerprint"];
    let values = event.iter().filter(|(name, _)| !harmless.contains(&name.as_str())).map(|(_, value)| value.to_string());
    if values.into_iter().any(|value| has_digest(&value)) { Some("a key or a signature") } else { None }
}

fn password(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split_once('@')?.0.split_once(':').map(|(_, password)| password)
}

/// 32 hexadecimal digits in a row that are not all decimal: an order id is, and so is a checkout's behind its C; an MD5 is not.
fn has_digest(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_hexdigit());
    let numbered = runs.map(|run| run.strip_prefix('C').filter(|number| number.len() == 32).unwrap_or(run));
    numbered.into_iter().any(|run| run.len() >= 32 && run.bytes().any(|b| !b.is_ascii_digit()))
}

#[test]
fn what_must_not_be_logged_is_noticed() {
    let line = |field: &str, value: &str| format!("{{\"message\":\"x\",\"{field}\":{value:?}}}\n");
    let digest = "C380BEC2BFD727A4B6845133519F3AD6";
    assert_eq!(fault(&line("trace_id", &digest.to_lowercase())), None);
    assert_eq!(fault(&line("order_id", "20260401120000123456789012345678")), None);
    assert_eq!(fault(&line("checkout_id", "C20260401120000123456789012345678")), None);
    assert!(fault(&line("checkout_id", &format!("C{}", digest.to_lowercase()))).is_some());
    for bad in [digest, &digest.to_lowercase(), DEFAULT_MERCHANT.api_key, "a weixin://wxpay/bizpayurl?pr=x", "oSIMULATED0"] {
        assert!(fault(&line("order_id", bad)).is_some(), "{bad}");
    }
    assert!(fault("not JSON").is_some());
}
