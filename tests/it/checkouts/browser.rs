//! A payer's browser: it says what it is, keeps cookies by their paths, and goes where it is led.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url, header};
use serde_json::{Value, json};
use wechat_pay::simulator::Payer;

use crate::support::http::{Answer, Caller, try_send};
use crate::support::test_app::TestApp;

const DESK: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1";
const IN_WECHAT: &str = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.60 NetType/WIFI";

/// Where an instance with credentials of its own says that its pages are.
pub const SITE: &str = "https://pay.example.com";

#[derive(Clone)]
pub struct Browser {
    agent: &'static str,
    payer: Payer,
    client: Client,
    /// Where [`SITE`] is.
    site: SocketAddr,
    /// Where it is itself, as the proxy before the service says.
    address: Option<&'static str>,
    /// Name, value and path of each.
    pub cookies: Vec<(String, String, String)>,
}

/// What a browser shows in the end.
#[derive(Debug)]
pub struct Page {
    pub answer: Answer,
    /// Where it was led on the way, one after the other.
    pub led: Vec<String>,
}

impl Browser {
    pub fn at_a_desk(app: &TestApp) -> Self {
        Self::new(app, DESK, Payer::First)
    }

    pub fn on_a_phone(app: &TestApp) -> Self {
        Self::new(app, PHONE, Payer::First)
    }

    pub fn in_wechat(app: &TestApp, payer: Payer) -> Self {
        Self::new(app, IN_WECHAT, payer)
    }

    fn new(app: &TestApp, agent: &'static str, payer: Payer) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_secs(15)).build().unwrap();
        let whose = ("sim_payer".to_owned(), payer.number().to_string(), "/_wechat".to_owned());
        Self { agent, payer, client, site: app.till.address, address: None, cookies: vec![whose] }
    }

    /// The same browser at another instance of the service.
    #[must_use]
    pub fn at(&self, app: &TestApp) -> Self {
        Self { site: app.till.address, ..self.clone() }
    }

    /// The same browser at this address of its own.
    #[must_use]
    pub fn from(self, address: &'static str) -> Self {
        Self { address: Some(address), ..self }
    }

    /// Asks once, and keeps the cookies of the answer.
    pub async fn ask(&mut self, url: &str) -> Answer {
        self.ask_from(url, None).await
    }

    async fn ask_from(&mut self, url: &str, referer: Option<&str>) -> Answer {
        let url: Url = url.replace(SITE, &format!("http://{}", self.site)).parse().unwrap();
        let is_below = |path: &str| url.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let own = self.cookies.iter().filter(|(_, _, path)| is_below(path)).map(|(name, value, _)| format!("{name}={value}"));
        let cookie = own.collect::<Vec<_>>().join("; ");
        let mut request = self.client.get(url).header(header::USER_AGENT, self.agent);
        if !cookie.is_empty() {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(address) = self.address {
            request = request.header("x-forwarded-for", address);
        }
        if let Some(referer) = referer {
            request = request.header(header::REFERER, referer);
        }
        let answer = try_send(request).await.unwrap();
        for set in answer.headers.get_all(header::SET_COOKIE) {
            self.keep(set.to_str().unwrap());
        }
        answer
    }

    fn keep(&mut self, set: &str) {
        let (pair, attributes) = set.split_once("; ").expect("a cookie with attributes");
        let (name, value) = pair.split_once('=').unwrap();
        let path = attributes.split("; ").find_map(|attribute| attribute.strip_prefix("Path=")).expect("a cookie of one path");
        self.cookies.retain(|(known, _, of)| known != name || of != path);
        self.cookies.push((name.to_owned(), value.to_owned(), path.to_owned()));
    }

    /// Opens a page, wherever that leads.
    pub async fn open(&mut self, url: &str) -> Page {
        let (mut next, mut led) = (Url::parse(url).unwrap(), Vec::new());
        for _ in 0..10 {
            let answer = self.ask(next.as_str()).await;
            let Some(location) = answer.header("location").map(str::to_owned) else { return Page { answer, led } };
            next = next.join(&location).unwrap();
            led.push(location);
        }
        panic!("led in a circle: {led:?}");
    }

    /// The payer pays on a page in WeChat: what the page reads.
    pub async fn pays_by_bridge(&self, wechat: &TestApp, page: &Page) -> Value {
        self.invokes(&wechat.phone(), "invoke", &page.pay_params().expect("a page with a bridge")).await
    }

    /// WeChat is called with these parameters, and the payer pays.
    pub async fn invokes(&self, wechat: &Caller, by: &str, parameters: &Value) -> Value {
        let invocation = json!({"choice": "pay", "payer": self.payer.number(), "parameters": parameters});
        wechat.post_json(&format!("/_wechat/{by}"), &invocation).await.json()
    }

    /// The payer goes to WeChat's page of an H5 order from a page of this address, and pays.
    pub async fn pays_by_h5(&mut self, mweb_url: &str, from: &str) -> Answer {
        let shown = self.ask_from(mweb_url, Some(from)).await;
        assert!(shown.status == 200 && shown.body.contains("<form"), "{}", shown.body);
        let url: Url = mweb_url.parse().unwrap();
        let value =
            |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("prepay_id", &value("prepay_id")).append_pair("package", &value("package")).append_pair("choice", "pay");
        let to = format!("{}/_wechat/checkmweb", url.origin().ascii_serialization());
        let request = self.client.post(to).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header(header::COOKIE, format!("sim_payer={}", self.payer.number()));
        try_send(request.body(form.append_pair("back", from).finish())).await.unwrap()
    }
}

impl Page {
    /// A `data-…` of the page.
    pub fn says(&self, name: &str) -> String {
        attribute(&self.answer.body, &format!("data-{name}")).unwrap_or_else(|| panic!("no data-{name}: {}", self.answer.body))
    }

    pub fn state(&self) -> String {
        self.says("state")
    }

    pub fn has_code(&self) -> bool {
        self.answer.body.contains("<svg id=\"qr\"")
    }

    /// What the page calls WeChat with.
    pub fn pay_params(&self) -> Option<Value> {
        attribute(&self.answer.body, "data-pay").map(|text| serde_json::from_str(&text).unwrap())
    }

    /// Where the page leads a phone's browser to pay.
    pub fn h5(&self) -> Option<String> {
        self.answer.body.split_once("data-do=\"go\" ").and_then(|(_, rest)| attribute(rest, "href"))
    }
}

/// A value as it stands in HTML.
fn attribute(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("{name}=\""))?;
    let value = rest.split_once('"')?.0;
    Some(
        [("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&amp;", "&")]
            .iter()
            .fold(value.to_owned(), |text, (from, to)| text.replace(from, to)),
    )
}
