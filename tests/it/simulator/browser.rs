//! A payer's browser at the simulated WeChat, which is led nowhere by itself; and the door by which a developer becomes one.

use std::net::SocketAddr;

use reqwest::Client;
use reqwest::redirect::Policy;

use super::merchants::Served;

/// What a browser is shown, or where it is led to.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub led_to: Option<String>,
    pub cookie: Option<String>,
    pub page: String,
}

/// A browser of a payer, by the cookie that it keeps.
#[derive(Debug)]
pub struct Browser {
    address: SocketAddr,
    client: Client,
    payer: u8,
}

impl Browser {
    pub fn of(served: &Served, payer: u8) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { address: served.phone.address, client, payer }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Seen {
        let request = self.client.get(format!("http://{}{path}", self.address));
        self.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Seen {
        let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(self.client.post(format!("http://{}{path}", self.address)).body(form)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Seen {
        let response = request.header("cookie", format!("other=3; sim_payer={}", self.payer)).send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, led_to, cookie) = (response.status().as_u16(), header("location"), header("set-cookie"));
        Seen { status, led_to, cookie, page: response.text().await.unwrap() }
    }
}

/// A text in an address.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn the_door_asks_who_one_is_and_what_to_open() {
    let served = Served::new().await;
    let browser = Browser::of(&served, 2);
    for (path, words) in [
        ("/_wechat/", ["在微信里打开", "在手机浏览器里打开", "模拟环境，不会扣款", "老王"]),
        ("/_wechat/?lang=en", ["Open in WeChat", "Open in a phone’s browser", "Simulation: no money moves", "Wang"]),
    ] {
        let seen = browser.get(path, &[]).await;
        assert!(seen.status == 200 && words.iter().all(|word| seen.page.contains(word)), "{}", seen.page);
        assert!(seen.page.contains(r#"value="2" checked"#) && !seen.page.contains("{{"), "{}", seen.page);
    }
    let given = browser.get("/_wechat/?url=http://127.0.0.1/%3Fa%3D%22%3Cb%3E", &[]).await;
    assert!(given.page.contains(r#"value="http://127.0.0.1/?a=&quot;&lt;b&gt;""#), "{}", given.page);
    let answer = served.phone.get("/_wechat/").await;
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(served.phone.get("/_wechat/browser.css").await.status, 200);
    assert!(served.phone.get("/").await.body.contains("href=\"/_wechat/"));
}

#[tokio::test]
async fn the_door_leads_to_this_machine_alone() {
    let served = Served::new().await;
    let browser = Browser::of(&served, 2);
    for (url, place, led_to) in [
        ("http://127.0.0.1:8360/pay/1", "wechat", Some("http://127.0.0.1:8360/pay/1?in=wechat")),
        ("http://localhost:8360/pay/1?lang=en&in=phone#a", "wechat", Some("http://localhost:8360/pay/1?lang=en&in=wechat#a")),
        ("https://[::1]/pay/1?in=wechat", "phone", Some("https://[::1]/pay/1?in=phone")),
        (" http://127.8.9.1/ ", "phone", Some("http://127.8.9.1/?in=phone")),
        ("http://shop.example.com/pay/1", "wechat", None),
        ("http://127.0.0.1@shop.example.com/", "wechat", None),
        ("http://10.0.0.1/", "wechat", None),
        ("javascript:alert(1)", "wechat", None),
        ("file:///etc/passwd", "phone", None),
        ("", "phone", None),
    ] {
        let seen = browser.get(&format!("/_wechat/open?payer=3&in={place}&url={}", encoded(url)), &[]).await;
        assert_eq!((seen.status, seen.led_to.as_deref()), (if led_to.is_some() { 302 } else { 400 }, led_to), "{url}");
        assert_eq!(seen.cookie.as_deref(), led_to.map(|_| "sim_payer=3; Path=/_wechat; SameSite=Lax"));
    }
    // Its own host is another machine's name for this one.
    let own = browser.get("/_wechat/open?in=phone&url=http://desk.example.com:8360/", &[("host", "desk.example.com:8361")]).await;
    assert_eq!(own.led_to.as_deref(), Some("http://desk.example.com:8360/?in=phone"));
    assert_eq!(own.cookie.as_deref(), Some("sim_payer=2; Path=/_wechat; SameSite=Lax"), "who one was before");
}
