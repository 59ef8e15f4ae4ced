//! The page of an H5 order (`mweb_url`), where a phone's browser meets WeChat, and from which it is led back to the merchant.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::listener::Peer;
use crate::page::{self, Language, Value};

use super::super::h5::{H5Refusal, Visit, may_lead_back};
use super::super::{Payer, Simulator};
use super::notice::{html, notice, pair};
use super::sheet::{Choice, Sheet, told};
use super::viewer::Viewer;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Page {
    prepay_id: String,
    package: String,
    redirect_url: Option<String>,
}

pub async fn open(
    State(simulator): State<Simulator>,
    uri: Uri,
    headers: HeaderMap,
    peer: Option<Extension<Peer>>,
    viewer: Viewer,
    Query(page): Query<Page>,
) -> Response {
    let language = Language::of(&uri, &headers);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let visit = Visit {
        prepay_id: &page.prepay_id,
        package: &page.package,
        redirect_url: page.redirect_url.as_deref(),
        referer: text(header::REFERER),
        user_agent: text(header::USER_AGENT).unwrap_or_default(),
        address: peer.map(|Extension(Peer(address))| address.ip()),
        payer: viewer.0,
    };
    let now = simulator.now();
    let mut world = simulator.world();
    let order = match world.open_h5(&visit, now) {
        Ok(order) => order,
        Err(refusal) => return not_shown(language, refusal),
    };
    if let Err(error) = world.choose_to(&order, Choice::Look, viewer.0, now) {
        return notice(language, &told(error), "");
    }
    let Some(sheet) = world.sheet(&order) else { return not_shown(language, H5Refusal::Expired) };
    // Without an address to be led to, the payer goes back to where the page was called.
    let back = visit.redirect_url.or(visit.referer).unwrap_or_default();
    shown(language, &page, back, &sheet, viewer.0)
}

fn shown(language: Language, page: &Page, back: &str, sheet: &Sheet, payer: Payer) -> Response {
    let payee = sheet.payee.clone().unwrap_or_else(|| format!("{} {}", pair(language, "商户", "Merchant"), sheet.mch_id));
    let amount = sheet.total_fee.grouped();
    let (chinese, english) = payer.name();
    let values = [
        ("lang", Value::Text(language.tag())),
        ("ribbon", Value::Markup(page::ribbon(language))),
        ("payee", Value::Text(&payee)),
        ("amount", Value::Text(&amount)),
        ("body", Value::Text(&sheet.body)),
        ("payer", Value::Text(pair(language, chinese, english))),
        ("prepay_id", Value::Text(&page.prepay_id)),
        ("package", Value::Text(&page.package)),
        ("back", Value::Text(back)),
    ];
    html(page::bilingual(include_str!("h5.html"), language, &values))
}

/// The payer's choice, as the page's form sends it.
pub async fn act(State(simulator): State<Simulator>, uri: Uri, headers: HeaderMap, viewer: Viewer, body: Bytes) -> Response {
    let language = Language::of(&uri, &headers);
    let form: HashMap<_, _> = form_urlencoded::parse(&body).collect();
    let get = |name: &str| form.get(name).map(AsRef::as_ref).unwrap_or_default();
    let choice = match get("choice") {
        "pay" => Choice::Pay,
        "fail" => Choice::Fail,
        _ => Choice::Cancel,
    };
    let now = simulator.now();
    let mut world = simulator.world();
    let back = get("back");
    let Some(key) = world.h5_order(get("prepay_id"), get("package")) else { return not_shown(language, H5Refusal::Expired) };
    if let Err(error) = world.choose_to(&key, choice, viewer.0, now) {
        return notice(language, &told(error), "");
    }
    if world.order_by_key(&key).is_some_and(|order| may_lead_back(order, back)) {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, back.to_owned())]).into_response();
    }
    notice(language, pair(language, "请回到商家的页面", "Please go back to the merchant’s page"), "")
}

fn not_shown(language: Language, refusal: H5Refusal) -> Response {
    let (text, code) = refusal.told();
    notice(language, text, code)
}
