//! A person's browser at the console: it keeps its cookies, and posts the forms of pages that it has seen.

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use wechat_pay::auth::PasswordHash;
use wechat_pay::chance::Chance;

use super::http::{Answer, try_send};
use super::test_app::{TestApp, TestAppBuilder};

/// Of all users.
pub const PASSWORD: &str = "正确的马 battery staple";
/// One user for each role.
pub const VIEWER: &str = "vera";
pub const OPERATOR: &str = "otto";
pub const ADMIN: &str = "ada";

/// By which all are known.
pub static HASH: LazyLock<String> = LazyLock::new(|| PasswordHash::of(PASSWORD, &Chance::System).unwrap().to_string());

impl TestAppBuilder {
    /// With a console, and a user for each role.
    #[must_use]
    pub fn with_console(self) -> Self {
        let builder = self.set("CONSOLE__LISTEN", "127.0.0.1:0");
        let users = [(VIEWER, "viewer"), (OPERATOR, "operator"), (ADMIN, "admin")];
        users.into_iter().fold(builder, |builder, (name, role)| builder.with_user(name, role))
    }

    /// With one more user.
    #[must_use]
    pub fn with_user(self, name: &str, role: &str) -> Self {
        let place = format!("CONSOLE__USERS__{}", name.to_uppercase());
        self.set(&format!("{place}__PASSWORD"), HASH.as_str()).set(&format!("{place}__ROLE"), role)
    }
}

/// A browser. A clone is another one with the same cookies.
#[derive(Debug, Clone)]
pub struct Browser {
    pub address: SocketAddr,
    client: reqwest::Client,
    /// Of the session, if it has one.
    pub token: Option<String>,
    /// `zh` or `en`.
    pub language: &'static str,
}

impl Browser {
    /// One of nobody's.
    pub fn at(app: &TestApp) -> Self {
        Self::of(app.console_address(), None)
    }

    /// One on a machine with this address.
    pub fn on(own: &str, app: &TestApp) -> Self {
        Self::of(app.console_address(), Some(own.parse().unwrap()))
    }

    fn of(address: SocketAddr, own: Option<IpAddr>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().local_address(own).timeout(Duration::from_secs(15));
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { address, client, token: None, language: "en" }
    }

    /// The same browser with its cookies at another instance.
    pub fn moved_to(&self, app: &TestApp) -> Self {
        Self { address: app.console_address(), ..self.clone() }
    }

    /// One whose user is logged in.
    pub async fn of_user(name: &str, app: &TestApp) -> Self {
        let mut browser = Self::at(app);
        let answer = browser.log_in(name, PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{}", answer.body);
        browser
    }

    /// A request to be finished by hand, with the cookies.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("http://{}{path}", self.address)).header("accept-language", self.language);
        match &self.token {
            Some(token) => request.header("cookie", format!("__Host-wechat_pay_console={token}")),
            None => request,
        }
    }

    /// Sends it as it is.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        try_send(request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// A page that is there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Posts these fields and no others.
    pub async fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(body)).await
    }

    /// Posts a form of a page of this session.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        self.post_bare(path, &[&[("csrf", csrf.as_str())], fields].concat()).await
    }

    /// What forms of this session bring back, as any page has it.
    pub async fn csrf(&self) -> String {
        let answer = self.get("/no-such-page").await;
        field(&answer.body, "csrf").unwrap_or_else(|| panic!("not logged in: {} {}", answer.status, answer.body))
    }

    /// Fills in the form of the login, and keeps the cookie that comes of it.
    pub async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        self.log_in_with(&[("name", name), ("password", password)]).await
    }

    /// The same, field by field.
    pub async fn log_in_with(&mut self, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post_bare("/login", fields).await;
        self.keep_cookie(&answer);
        answer
    }

    /// Logs out by the form that every page has.
    pub async fn log_out(&mut self) -> Answer {
        let answer = self.post("/logout", &[]).await;
        self.keep_cookie(&answer);
        answer
    }

    fn keep_cookie(&mut self, answer: &Answer) {
        let set = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        for cookie in set.filter_map(|cookie| cookie.strip_prefix("__Host-wechat_pay_console=")) {
            let token = cookie.split(';').next().unwrap();
            self.token = (!token.is_empty()).then(|| token.to_owned());
        }
    }
}

/// To which page an action has led, and what that says was done: its word is vouched for by the session.
pub fn done(answer: &Answer) -> (String, String) {
    let location = answer.header("location").unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
    let (page, done) = location.split_once("done=").unwrap_or_else(|| panic!("{location}"));
    (page[..page.len() - 1].to_owned(), done.split('.').next().unwrap().to_owned())
}

/// The value of a form's field in a page.
pub fn field(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}
