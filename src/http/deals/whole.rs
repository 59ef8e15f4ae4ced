//! `GET /wxPay/deals/{order_id}`: a deal with its story, its refunds and its deliveries.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::deal::{BeijingTime, InvalidOrderId, OrderId};
use crate::explain::{self, Line};
use crate::gateway::WholeDeal;
use crate::http::App;
use crate::http::edge::Begun;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::page::Language;
use crate::told::{ToldDeal, ToldDelivery, ToldRefund};

/// A deal with all that is known of it.
#[derive(Serialize, ToSchema)]
pub struct WholeDealAnswer {
    #[serde(flatten)]
    #[schema(ignore)]
    deal: ToldDeal,
    /// What happened to it, oldest first.
    story: Vec<ToldLine>,
    /// What comes next, for people.
    outlook: String,
    /// Oldest first.
    refunds: Vec<ToldRefund>,
    /// Its events on their way to the merchant's endpoints, oldest first.
    deliveries: Vec<ToldDelivery>,
}

/// Something that happened to a deal.
#[derive(Serialize, ToSchema)]
pub struct ToldLine {
    #[schema(format = DateTime)]
    at: String,
    /// What, for programs; null: a later version wrote it.
    kind: Option<&'static str>,
    /// What, for people: in Chinese or English, as lang or Accept-Language says.
    sentence: String,
    /// Through whom: front_end, notification, sweeper, command_line; null: a later version wrote it.
    source: Option<&'static str>,
}

impl From<Line> for ToldLine {
    fn from(line: Line) -> Self {
        Self { at: BeijingTime::from(line.at).to_string(), kind: line.kind, sentence: line.sentence, source: line.source }
    }
}

pub async fn whole_deal(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    order_id: Result<Path<String>, PathRejection>,
    query: Query,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<WholeDealAnswer>, Refusal> {
    let caller = app.back_end(&headers, Scope::Read)?;
    query.of(&["lang"])?;
    let order_id = order_id.map_err(|_| InvalidOrderId).and_then(|Path(text)| text.parse::<OrderId>());
    let order_id = order_id.map_err(|error| Refusal::invalid_field("order_id", error.to_string()))?;
    let gateway = Arc::clone(&app.gateway);
    let whole = app.serve(begun, async move { gateway.whole_deal(&order_id, caller.reach()).await }).await??;
    Ok(Json(answer(&app, &whole, Language::of(&uri, &headers))))
}

fn answer(app: &App, whole: &WholeDeal, language: Language) -> WholeDealAnswer {
    let has_account = app.gateway.has_account(&whole.deal.account);
    let outlook = explain::outlook(&whole.deal, &whole.events, app.gateway.now(), has_account);
    WholeDealAnswer {
        deal: ToldDeal::from(&whole.deal),
        story: explain::lines(&whole.events, language).into_iter().map(ToldLine::from).collect(),
        outlook: outlook.read(language).trim().to_owned(),
        refunds: whole.refunds.iter().map(ToldRefund::from).collect(),
        deliveries: whole.deliveries.iter().map(ToldDelivery::from).collect(),
    }
}
