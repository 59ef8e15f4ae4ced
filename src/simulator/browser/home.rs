//! The door of WeChat's browser for a developer at a desk: one chooses who one is and what to open. The page that is opened learns
//! by `in=wechat` or `in=phone` where it is meant to be, since the browser itself looks like any other.

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use serde::Deserialize;

use crate::page::{self, Language, Value};

use super::super::Payer;
use super::super::origin::Origin;
use super::notice::{html, pair, refusal};
use super::viewer::{COOKIE, Viewer};

#[derive(Deserialize)]
pub struct Address {
    /// What to open.
    #[serde(default)]
    url: String,
}

pub async fn home(uri: Uri, headers: HeaderMap, viewer: Viewer, Query(address): Query<Address>) -> Response {
    let language = Language::of(&uri, &headers);
    let payers: String = Payer::ALL.into_iter().map(|payer| choice(payer, payer == viewer.0, language)).collect();
    let kept = match address.url.as_str() {
        "" => String::new(),
        url => format!("{}&", form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish()),
    };
    let values = [
        ("lang", Value::Text(language.tag())),
        ("ribbon", Value::Markup(page::ribbon(language))),
        ("payers", Value::Markup(&payers)),
        ("url", Value::Text(&address.url)),
        ("query", Value::Text(&kept)),
    ];
    html(page::bilingual(include_str!("home.html"), language, &values))
}

fn choice(payer: Payer, is_chosen: bool, language: Language) -> String {
    let (number, (chinese, english)) = (payer.number(), payer.name());
    let checked = if is_chosen { " checked" } else { "" };
    let name = pair(language, chinese, english);
    format!("<label><input type=\"radio\" name=\"payer\" value=\"{number}\"{checked}>{name}</label>")
}

/// Where a page is opened.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    WeChat,
    Phone,
}

#[derive(Deserialize)]
pub struct Opening {
    url: String,
    r#in: Place,
}

pub async fn open(uri: Uri, headers: HeaderMap, viewer: Viewer, Origin(origin): Origin, Query(opening): Query<Opening>) -> Response {
    let language = Language::of(&uri, &headers);
    let Some(url) = allowed(&opening.url, &origin) else {
        let text = pair(
            language,
            "只能打开本机（或本页所在主机）上的 http 或 https 地址",
            "Only http and https addresses of this machine, or of this page’s own host, are opened",
        );
        return refusal(language, text);
    };
    let place = match opening.r#in {
        Place::WeChat => "wechat",
        Place::Phone => "phone",
    };
    let cookie = format!("{COOKIE}={}; Path=/_wechat; SameSite=Lax", viewer.0.number());
    (StatusCode::FOUND, [(header::LOCATION, opened_in(url, place)), (header::SET_COOKIE, cookie)]).into_response()
}

/// An address of this machine, or of the host by which this page itself is reached.
fn allowed(url: &str, origin: &str) -> Option<Url> {
    let url = Url::parse(url.trim()).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    let host = url.host_str()?;
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let is_of_this_machine = host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback());
    let is_our_own = Url::parse(origin).is_ok_and(|own| own.host_str() == Some(host));
    (is_of_this_machine || is_our_own).then_some(url)
}

fn opened_in(mut url: Url, place: &str) -> String {
    let others: Vec<_> =
        url.query_pairs().filter(|(name, _)| name != "in").map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair("in", place);
    url.into()
}
