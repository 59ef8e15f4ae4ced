//! `GET /`: a demo shop, there only while the simulator is WeChat. Its buttons call toPay as any front end would; it shows
//! what became of the last deals.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;

use crate::deal::{BeijingTime, Deal, DealStatus};
use crate::page::{self, BASE_CSS, CSS, JAVASCRIPT, Language, fill};

use super::App;
use super::refusal::Refusal;

/// What a page can show without scrolling for long.
const LAST_DEALS: u32 = 10;

const DEAL: &str = "<li><a class=\"number\" href=\"/pay/{{=order}}\">{{=order}}</a><b class=\"number\">¥{{=yuan}}</b>\
                    <span class=\"state {{=kind}}\">{{!state}}</span><time class=\"muted number\" datetime=\"{{=at}}\">{{=time}}</time></li>";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(shop))
        .route("/shop/shop.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("shop/shop.css")].concat()) }))
        .route("/shop/shop.js", get(|| async { page::asset(JAVASCRIPT, include_str!("shop/shop.js")) }))
}

async fn shop(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Refusal> {
    let language = Language::wanted(query.as_deref(), &headers);
    let deals = app.gateway.store().newest(LAST_DEALS).await.map_err(|error| Refusal::from(&error))?;
    let rows: String = deals.iter().map(|deal| row(deal, language)).collect();
    let phone = app.phone.as_deref().unwrap_or_default();
    let values = [("lang", language.tag()), ("phone", phone), ("deals", &rows), ("any", if deals.is_empty() { "none" } else { "some" })];
    Ok(page::html(fill(include_str!("shop/shop.html"), language, &values)))
}

fn row(deal: &Deal, language: Language) -> String {
    let (kind, state) = match deal.status {
        DealStatus::Unpaid => ("unpaid", "{{等待付款|waiting}}"),
        DealStatus::Paid => ("paid", "{{已支付|paid}}"),
        DealStatus::Expired => ("expired", "{{已关闭|closed}}"),
    };
    let at = BeijingTime::from(deal.created_at).to_string();
    let (order, yuan, state) =
        (deal.order_id.to_string(), deal.charged.map_or("?".to_owned(), |fen| fen.yuan()), fill(state, language, &[]));
    let time = at[..19].replace('T', " ");
    let values = [("order", order.as_str()), ("yuan", &yuan), ("kind", kind), ("state", &state), ("at", &at), ("time", &time)];
    fill(DEAL, language, &values)
}
