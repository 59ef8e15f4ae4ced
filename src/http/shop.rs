//! `GET /`: a demo shop, there only while the simulator is WeChat. Its buttons call toPay as any front end would; it shows
//! what became of the last deals, and of which its back end was told.

mod back_end;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;

use crate::deal::{BeijingTime, Deal, DealStatus, Description, Details, Fen, Reference, Timestamp};
use crate::page::{self, BASE_CSS, CSS, JAVASCRIPT, Language, Value, bilingual, fill};

use super::App;
use super::refusal::Refusal;

pub use back_end::BackEnd;

/// What a page can show without scrolling for long.
const LAST_DEALS: u32 = 10;

const DEAL: &str = "<li><a class=\"number\" href=\"/pay/{{order}}\">{{order}}</a><b class=\"number\">¥{{yuan}}</b>\
                    <span class=\"state {{kind}}\">{{state}}</span><span class=\"muted said\">{{said}}</span><span class=\"told\">{{told}}</span>\
                    <time class=\"muted number\" datetime=\"{{at}}\">{{time}}</time></li>";

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(shop))
        .route("/shop/shop.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("shop/shop.css")].concat()) }))
        .route("/shop/shop.js", get(|| async { page::asset(JAVASCRIPT, include_str!("shop/shop.js")) }))
}

async fn shop(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let language = Language::of(&uri, &headers);
    let deals = app.gateway.newest_deals(LAST_DEALS).await?;
    let rows: String = deals.iter().map(|deal| row(deal, told_at(&app, deal), language)).collect();
    let values = [
        ("lang", Value::Text(language.tag())),
        ("ribbon", Value::Markup(page::ribbon(language))),
        ("phone", Value::Text(app.phone.as_deref().unwrap_or_default())),
        ("any", Value::Text(if deals.is_empty() { "none" } else { "some" })),
        ("deals", Value::Markup(&rows)),
    ];
    Ok(page::html(bilingual(include_str!("shop/shop.html"), language, &values)))
}

/// When the shop's own back end was told that the deal is paid.
fn told_at(app: &App, deal: &Deal) -> Option<Timestamp> {
    app.shop.as_ref()?.told_at(&deal.order_id)
}

fn row(deal: &Deal, told_at: Option<Timestamp>, language: Language) -> String {
    let (kind, chinese, english) = match deal.status {
        DealStatus::Unpaid => ("unpaid", "等待付款", "waiting"),
        DealStatus::Paid => ("paid", "已支付", "paid"),
        DealStatus::Expired => ("expired", "已关闭", "closed"),
    };
    let state = if language == Language::Chinese { chinese } else { english };
    let yuan = deal.charged.map_or("?".to_owned(), Fen::grouped);
    let at = BeijingTime::from(deal.created_at).to_string();
    let time = at[..19].replace('T', " ");
    let shop_was_told = if language == Language::Chinese { "店铺已收到通知" } else { "the shop was told" };
    let told = told_at.map(|at| format!("{shop_was_told} {}", &BeijingTime::from(at).to_string()[11..19])).unwrap_or_default();
    let Details { description, reference, .. } = &deal.details;
    let said = [description.as_ref().map(Description::as_str), reference.as_ref().map(Reference::as_str)];
    let said = said.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    fill(DEAL, |name| {
        Some(Value::Text(match name {
            "order" => deal.order_id.as_str(),
            "yuan" => &yuan,
            "kind" => kind,
            "state" => state,
            "said" => &said,
            "told" => &told,
            "at" => &at,
            _ => &time,
        }))
    })
}
