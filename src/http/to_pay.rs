//! `POST /wxPay/toPay`: opens a deal and gives its QR link.

mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::channel::PayParams;
use crate::deal::BeijingTime;
use crate::gateway::{Link, Payable};

use super::App;
use super::details::ToldDetails;
use super::edge::Begun;
use super::refusal::Refusal;

use wish::Wish;
pub use wish::{IDEMPOTENCY_KEY, PurchaseWish, idempotency_key};

/// What the payer pays with, by the deal's `trade_type`.
#[derive(Default, Serialize, ToSchema)]
pub struct ToldPayable {
    /// NATIVE: what to draw as a QR code. An array of one: the original's XML reader made it so, and front ends index it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 1, nullable = false)]
    code_url: Option<[String; 1]>,
    /// MWEB: where to lead the payer's browser, within four minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mweb_url: Option<String>,
    /// JSAPI and APP: what WeChat is called with, all of it texts, signed now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = std::collections::BTreeMap<String, String>)]
    pay_params: Option<PayParams>,
}

impl From<Payable> for ToldPayable {
    fn from(payable: Payable) -> Self {
        match payable {
            Payable::Code(code_url) => Self { code_url: Some([code_url]), ..Self::default() },
            Payable::Browser { mweb_url, .. } => Self { mweb_url: Some(mweb_url), ..Self::default() },
            Payable::WeChat(pay_params) | Payable::App(pay_params) => Self { pay_params: Some(pay_params), ..Self::default() },
        }
    }
}

/// An open deal.
#[derive(Serialize, ToSchema)]
pub struct ToPayAnswer {
    #[serde(flatten)]
    #[schema(ignore)]
    payable: ToldPayable,
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
    #[serde(flatten)]
    #[schema(ignore)]
    details: ToldDetails,
    /// The parameters that were sent and mean nothing here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
}

pub async fn to_pay(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Wish { wish, ignored }: Wish,
) -> Result<Json<ToPayAnswer>, Refusal> {
    app.limits.admit(wish.payer, wish.purchase.merchant_id).map_err(Refusal::rate_limited)?;
    let gateway = app.gateway.clone();
    let opened = match app.serve(begun, async move { gateway.to_pay(wish).await }).await?? {
        Link::Open(opened) => opened,
        Link::Paid(order_id) => return Err(Refusal::order_paid(&order_id)),
        Link::Closed(order_id) => return Err(Refusal::order_closed(&order_id)),
    };
    Ok(Json(ToPayAnswer {
        payable: opened.payable.into(),
        pay_page: app.page.address_of(opened.order_id.as_str()),
        order_id: opened.order_id.to_string(),
        code: 0,
        msg: "",
        expires_at: opened.expires_at.map(|time| BeijingTime::from(time).to_string()),
        server_time: BeijingTime::from(app.gateway.now()).to_string(),
        details: ToldDetails::from(&opened.details),
        ignored,
    }))
}
