//! `GET /`: a demo shop, there only while the simulator is WeChat. Its buttons call toPay as any front end would; it shows
//! what becomes of the last deals, and of which its back end was told: its page asks again for the list, `GET /shop/deals`.

mod back_end;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;

use crate::deal::{BeijingTime, Deal, DealStatus, Description, Details, Fen, Reference, Timestamp};
use crate::page::{self, BASE_CSS, CSS, JAVASCRIPT, Language, Value, bilingual};

use super::App;
use super::refusal::Refusal;

pub use back_end::BackEnd;

/// What a page can show without scrolling for long.
const LAST_DEALS: u32 = 10;

const DEAL: &str = "<li><a class=\"number\" href=\"/pay/{{order}}\">{{order}}</a><b class=\"number\">¥{{yuan}}</b>\
                    <span class=\"state {{kind}}\">{{state}}</span><span class=\"muted said\">{{said}}</span><span class=\"told\">{{told}}</span>\
                    <time class=\"muted number\" datetime=\"{{at}}\">{{time}}</time>{{phone}}</li>";
/// Of a deal that can be paid: the phone, with this very order before it.
const PHONE: &str =
    "<a class=\"phone\" href=\"{{phone}}?order={{order}}\" target=\"phone\">{{用模拟手机付款|Pay with the simulated phone}}</a>";

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(shop))
        .route("/shop/deals", get(deals))
        .route("/shop/shop.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("shop/shop.css")].concat()) }))
        .route("/shop/shop.js", get(|| async { page::asset(JAVASCRIPT, include_str!("shop/shop.js")) }))
}

async fn shop(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let language = Language::of(&uri, &headers);
    let rows = rows(&app, language).await?;
    let values = [
        ("lang", Value::Text(language.tag())),
        ("ribbon", Value::Markup(page::ribbon(language))),
        ("phone", Value::Text(app.phone.as_deref().unwrap_or_default())),
        ("deals", Value::Markup(&rows)),
    ];
    Ok(page::html(bilingual(include_str!("shop/shop.html"), language, &values)))
}

/// The list alone, for a page that shows it already.
async fn deals(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    Ok(page::html(rows(&app, Language::of(&uri, &headers)).await?))
}

async fn rows(app: &App, language: Language) -> Result<String, Refusal> {
    let deals = app.gateway.newest_deals(LAST_DEALS).await?;
    Ok(deals.iter().map(|deal| row(app, deal, language)).collect())
}

/// When the shop's own back end was told that the deal is paid.
fn told_at(app: &App, deal: &Deal) -> Option<Timestamp> {
    app.shop.as_ref()?.told_at(&deal.order_id)
}

fn row(app: &App, deal: &Deal, language: Language) -> String {
    let (kind, chinese, english) = match deal.status {
        DealStatus::Unpaid => ("unpaid", "待付款", "waiting"),
        DealStatus::Paid => ("paid", "已支付", "paid"),
        DealStatus::Expired => ("expired", "已关闭", "closed"),
    };
    let state = if language == Language::Chinese { chinese } else { english };
    let yuan = deal.charged.map_or("?".to_owned(), Fen::grouped);
    let at = BeijingTime::from(deal.created_at).to_string();
    let time = at[..19].replace('T', " ");
    let shop_was_told = if language == Language::Chinese { "店铺已收到通知" } else { "the shop was told" };
    let told = told_at(app, deal).map(|at| format!("{shop_was_told} {}", &BeijingTime::from(at).to_string()[11..19])).unwrap_or_default();
    let Details { description, reference, .. } = &deal.details;
    let said = [description.as_ref().map(Description::as_str), reference.as_ref().map(Reference::as_str)];
    let said = said.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let order = Value::Text(deal.order_id.as_str());
    let phone = app.phone.as_deref().filter(|_| deal.status == DealStatus::Unpaid);
    let phone = phone.map(|phone| bilingual(PHONE, language, &[("phone", Value::Text(phone)), ("order", order)])).unwrap_or_default();
    let values = [
        ("order", order),
        ("yuan", Value::Text(&yuan)),
        ("kind", Value::Text(kind)),
        ("state", Value::Text(state)),
        ("said", Value::Text(&said)),
        ("told", Value::Text(&told)),
        ("at", Value::Text(&at)),
        ("time", Value::Text(&time)),
        ("phone", Value::Markup(&phone)),
    ];
    bilingual(DEAL, language, &values)
}
