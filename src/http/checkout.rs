//! `POST /wxPay/checkout`: makes a link that is paid by whatever fits the payer's device.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::deal::BeijingTime;

use super::App;
use super::details::ToldDetails;
use super::edge::Begun;
use super::refusal::Refusal;
use super::to_pay::PurchaseWish;

/// A checkout that can be paid.
#[derive(Serialize, ToSchema)]
pub struct CheckoutAnswer {
    #[schema(maximum = 0)]
    code: u8,
    msg: &'static str,
    checkout_id: String,
    /// Where the payer's page is, for every device; a whole address if page.base_url is set.
    pay_page: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    server_time: String,
    #[serde(flatten)]
    #[schema(ignore)]
    details: ToldDetails,
    /// The parameters that were sent and mean nothing here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
}

/// A valid request for a checkout.
pub struct Wish(PurchaseWish, Vec<String>);

impl FromRequest<Arc<App>> for Wish {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let wish = PurchaseWish::from_request(request, app).await?;
        wish.refuse_signed_way(&app.auth.mode)?;
        let ignored = wish.ignored(&app.auth.mode, &[]);
        Ok(Self(wish, ignored))
    }
}

pub async fn checkout(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Wish(wish, ignored): Wish,
) -> Result<Json<CheckoutAnswer>, Refusal> {
    app.limits.admit(wish.payer, wish.purchase.merchant_id).map_err(Refusal::rate_limited)?;
    let (gateway, purchase) = (app.gateway.clone(), wish.purchase);
    let checkout = app.serve(begun, async move { gateway.open_checkout(&purchase).await }).await??;
    if let Some(order_id) = &checkout.paid_by {
        return Err(Refusal::order_paid(order_id).checkout(&checkout.checkout_id));
    }
    if !app.gateway.is_open(&checkout) {
        return Err(Refusal::checkout_closed(&checkout.checkout_id));
    }
    Ok(Json(CheckoutAnswer {
        code: 0,
        msg: "",
        pay_page: app.page.address_of(checkout.checkout_id.as_str()),
        checkout_id: checkout.checkout_id.to_string(),
        expires_at: BeijingTime::from(checkout.expires_at).to_string(),
        server_time: BeijingTime::from(app.gateway.now()).to_string(),
        details: ToldDetails::from(&checkout.details),
        ignored,
    }))
}
