//! `POST /wxPay/queryOrder`: the state of an order; and what the merchant alone may know of it, with a key of scope `read`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::deal::{BeijingTime, Deal, Fen, InvalidReference, Timestamp};
use crate::gateway::{OrderView, Subject};

use super::App;
use super::body::Params;
use super::caller::reach_of;
use super::details::ToldDetails;
use super::edge::Begun;
use super::order_id;
use super::refusal::Refusal;

/// How an order stands.
#[derive(Serialize, ToSchema)]
pub struct QueryOrderAnswer {
    /// WeChat's word.
    trade_state: &'static str,
    /// WeChat's description of it, in Chinese.
    trade_state_desc: Cow<'static, str>,
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    #[schema(format = DateTime)]
    server_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    paid_at: Option<String>,
    /// What has been given back of the payment, or is on its way, in yuan; left out where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refunded: Option<String>,
    /// Of when the answer is, if not of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    as_of: Option<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    details: Option<ToldDetails>,
    #[serde(flatten)]
    #[schema(ignore)]
    of_merchant: Option<OfMerchant>,
}

/// What a key of scope `read` shows beside.
#[derive(Serialize, ToSchema)]
pub struct OfMerchant {
    order_id: String,
    merchant_id: i64,
    product_id: i64,
    /// Through which account it goes.
    account: String,
    /// In yuan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    price: Option<String>,
    /// The same in fen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total_fee: Option<i64>,
    /// WeChat's number of the payment, once paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transaction_id: Option<String>,
}

impl QueryOrderAnswer {
    pub fn new(view: OrderView, now: Timestamp) -> Self {
        let show = |time: Timestamp| BeijingTime::from(time).to_string();
        Self {
            trade_state: view.state.as_str(),
            trade_state_desc: view.description,
            code: 0,
            msg: "",
            server_time: show(now),
            expires_at: view.facts.expires_at.map(show),
            paid_at: view.paid_at.map(show),
            refunded: view.refunded.map(Fen::yuan),
            as_of: view.as_of.map(show),
            details: view.facts.details.as_deref().map(ToldDetails::from),
            of_merchant: None,
        }
    }
}

impl From<Deal> for OfMerchant {
    fn from(deal: Deal) -> Self {
        Self {
            order_id: deal.order_id.to_string(),
            merchant_id: deal.merchant_id,
            product_id: deal.product_id,
            account: deal.account.to_string(),
            price: deal.charged.map(|fen| fen.to_string()),
            total_fee: deal.charged.map(Fen::get),
            transaction_id: deal.transaction_id,
        }
    }
}

/// Which order: by `order_id`, or, where none is sent, by `reference`.
pub struct SubjectParam(Subject);

impl<S: Send + Sync> FromRequest<S> for SubjectParam {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let params = Params::from_request(request, state).await?;
        // Callers of the original may send a reference of their own beside the number: there it means nothing.
        let has_number = params.names().any(|name| name == "order_id");
        let reference = if has_number { None } else { params.text_if_sent("reference")? };
        let Some(reference) = reference else {
            return order_id::read(&params).map(Subject::Number).map(Self);
        };
        let reference = reference.parse().map_err(|error: InvalidReference| Refusal::invalid_field("reference", error.to_string()))?;
        Ok(Self(Subject::Reference(reference)))
    }
}

pub async fn query_order(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    headers: HeaderMap,
    SubjectParam(subject): SubjectParam,
) -> Result<Json<QueryOrderAnswer>, Refusal> {
    let gateway = app.gateway.clone();
    let caller = match &subject {
        Subject::Number(_) => app.caller(&headers),
        Subject::Reference(_) => Some(app.back_end(&headers, Scope::Read)?),
    };
    if let Some(caller) = caller.as_ref().filter(|caller| caller.may(Scope::Read)) {
        let caller = Arc::clone(caller);
        let (view, deal) = app.serve(begun, async move { gateway.query_deal(subject, caller.reach()).await }).await??;
        // How much went back is left out where it is only known that some did.
        let is_known = deal.refunded_at.is_none() || deal.refunded.fee.is_some();
        let refunded = is_known.then(|| Fen::yuan_or_nothing(deal.refunded.fee));
        let answer = QueryOrderAnswer::new(view, app.gateway.now());
        return Ok(Json(QueryOrderAnswer { refunded, of_merchant: Some(deal.into()), ..answer }));
    }
    let known = match (&caller, &subject) {
        (None, Subject::Number(order_id)) => app.gateway.known_paid(order_id),
        // What is remembered does not say whose it is.
        _ => None,
    };
    let view = match known {
        Some(view) => view,
        None => {
            let reach = reach_of(caller);
            app.serve(begun, async move { gateway.query_order(subject, &reach).await }).await??
        }
    };
    Ok(Json(QueryOrderAnswer::new(view, app.gateway.now())))
}
