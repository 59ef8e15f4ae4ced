//! `POST /wxPay/toPay`: opens a deal and gives its QR link.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::{BeijingTime, Details, Fen};
use crate::gateway::{Link, ToPay};
use crate::listener::Peer;

use super::App;
use super::body::Params;
use super::caller::{check_key, check_signature, reach_of};
use super::edge::Begun;
use super::refusal::Refusal;

/// The caller's name for one attempt.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// An open deal.
#[derive(Serialize, ToSchema)]
pub struct ToPayAnswer {
    /// What to draw as a QR code. An array of one: the original's XML reader made it so, and front ends index it.
    #[schema(min_items = 1, max_items = 1)]
    code_url: [String; 1],
    order_id: String,
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// Now, as this service knows it: the time that is left counts from here.
    #[schema(format = DateTime)]
    server_time: String,
    /// Where the payer's page is; a whole address if page.base_url is set.
    pay_page: String,
}

pub async fn to_pay(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Wish(wish): Wish,
) -> Result<Json<ToPayAnswer>, Refusal> {
    app.limits.admit(wish.payer, wish.merchant_id).map_err(Refusal::rate_limited)?;
    let gateway = app.gateway.clone();
    let opened = match app.serve(begun, async move { gateway.to_pay(wish).await }).await?? {
        Link::Open(opened) => opened,
        Link::Paid(order_id) => return Err(Refusal::order_paid(&order_id)),
        Link::Closed(order_id) => return Err(Refusal::order_closed(&order_id)),
    };
    Ok(Json(ToPayAnswer {
        code_url: [opened.code_url],
        pay_page: app.page.address_of(&opened.order_id),
        order_id: opened.order_id.to_string(),
        code: 0,
        msg: "",
        expires_at: opened.expires_at.map(|time| BeijingTime::from(time).to_string()),
        server_time: BeijingTime::from(app.gateway.now()).to_string(),
    }))
}

/// A valid request of a caller that may make it.
pub struct Wish(ToPay);

impl FromRequest<Arc<App>> for Wish {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let caller = check_key(&app.auth, request.headers())?;
        let idempotency_key = idempotency_key(request.headers())?;
        let peer = request.extensions().get::<Peer>().ok_or_else(Refusal::internal)?.0.ip();
        let payer = app.proxies.client(peer, request.headers());
        let params = Params::from_request(request, app).await?;
        let signed_nonce = check_signature(&app.auth, &params, app.gateway.now())?;
        let wish = ToPay {
            merchant_id: number(&params, "merchant_id")?,
            product_id: number(&params, "product_id")?,
            price: price(&params, app.max_price)?,
            details: Details::default(),
            account: None,
            reach: reach_of(caller),
            payer,
            idempotency_key,
            signed_nonce,
        };
        app.check_reach(&wish)?;
        Ok(Self(wish))
    }
}

/// `^[1-9][0-9]{0,9}$`, at most 2147483647: what the column holds.
fn number(params: &Params, field: &'static str) -> Result<i64, Refusal> {
    let text = params.number_or_text(field)?;
    let plain = text.len() <= 10 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let number = if plain { text.parse::<i32>().ok() } else { None };
    number
        .filter(|number| *number > 0)
        .map(i64::from)
        .ok_or_else(|| Refusal::invalid_field(field, "a whole number from 1 to 2147483647 is expected"))
}

fn price(params: &Params, max: Fen) -> Result<Fen, Refusal> {
    let price = Fen::from_yuan(params.number_or_text("price")?).map_err(|error| Refusal::invalid_field("price", error.to_string()))?;
    if price > max {
        return Err(Refusal::invalid_field("price", format!("an amount is at most {max}")));
    }
    Ok(price)
}

/// 1 to 64 printable ASCII characters, once.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let refused = || Refusal::invalid_field("Idempotency-Key", "1 to 64 printable ASCII characters are expected, once");
    let printable = (1..=64).contains(&key.len()) && key.as_bytes().iter().all(|b| (b' '..=b'~').contains(b));
    if !printable || keys.next().is_some() {
        return Err(refused());
    }
    key.to_str().map(|key| Some(key.to_owned())).map_err(|_| refused())
}
