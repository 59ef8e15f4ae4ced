//! `GET /openapi.json`: the API as OpenAPI 3.1 describes it, and `GET /docs`: the same for people.
//!
//! What is answered is derived from the types that answer; the paths are written here by hand, beside one another, and not
//! around the handlers, which would disappear among their annotations. A test holds the document against the router and
//! against real answers, so neither can change without the other.

mod answers;
mod bills;
mod books;
mod changes;
mod chinese;
mod curl;
mod docs;
mod from_wechat;
mod paths;
mod pay_page;
mod pay_params;
mod purchases;
mod refunds;
mod requests;
mod service;
mod standing;
mod wish;

use std::sync::LazyLock;

use axum::response::Response;
use serde_json::{Value, json};
use utoipa::PartialSchema;

use crate::channel::TradeState;
use crate::deal::{RefundSource, RefundState};
use crate::page;

use crate::told::{ToldDeal, ToldDelivery, ToldRefund, ToldSums, ToldTaking, ToldTakings};

use super::details::ToldDetails;
use super::refusal::{Further, Refusal};
use super::{changes as feed, checkout, close_order, deals, health, query_checkout, query_order, query_refund, refund, to_pay};

pub use docs::docs;

/// What holds for every path.
///
/// No Markdown here and in what follows: the page shows texts as they are.
const ABOUT: &str = "A front end opens a deal and shows its QR code, or makes a checkout, whose one link fits every device; the payer pays inside \
    WeChat; WeChat's signed notification settles the deal; the front end sees SUCCESS. Amounts are yuan, times are RFC 3339. Unknown parameters are ignored, but \
    refund, queryRefund, deals, takings, bills and changes refuse them; a repeated one is refused. Every answer has x-request-id. An unknown path is answered with \
    404 and the reason NOT_FOUND, another method with 405, the header Allow and the reason METHOD_NOT_ALLOWED. Answers may get more \
    fields, never fewer.";

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

pub async fn openapi_json() -> Response {
    // Written once: it is long, and every caller may ask for it.
    static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
    page::asset("application/json", TEXT.as_str())
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wechat-pay",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        // The one that it was fetched from.
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "Open a deal", "description": "For the merchant: its back end, or a page with an offer that its back end has signed."},
            {"name": "See how it stands", "description": "For callers that know the number of the order or the checkout, which cannot be guessed."},
            {"name": "Give it up", "description": "Likewise."},
            {"name": "Give money back", "description": "For the merchant's back end, with a key. Browsers of other origins are not let in."},
            {"name": "Be told", "description": "For the merchant's back end: by webhooks, which are sent to it, or by the feed, which it reads with a key."},
            books::tag(),
            bills::tag(),
            {"name": "Hear from WeChat", "description": "For WeChat only: its signature decides."},
            {"name": "Run the service", "description": "For monitoring, and for developers who read this."},
        ],
        "paths": paths::paths(),
        "webhooks": changes::webhooks(),
        "components": {
            "schemas": schemas(),
            "responses": answers::refusals(),
            "headers": answers::headers(),
            "securitySchemes": {"key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key that wechat-pay new-key has drawn: of scope pay for toPay and checkout where auth.mode is api_key, of scope read for queryOrder, changes, the books and bills, of scope refund for refund, of either for queryRefund, of scope manage to explain a difference.",
            }},
        },
    })
}

fn schemas() -> Value {
    let mut schemas = json!({
        "ToPayAnswer": to_pay_answer(),
        "CheckoutAnswer": with_all_of(schema::<checkout::CheckoutAnswer>(), &[schema::<ToldDetails>()]),
        "QueryOrderAnswer": query_order_answer(&[schema::<query_order::OfMerchant>()]),
        "QueryCheckoutAnswer": with_all_required(schema::<query_checkout::QueryCheckoutAnswer>(), query_order_answer(&[])),
        "CloseOrderAnswer": with_all_of(schema::<close_order::CloseOrderAnswer>(), &[schema::<ToldDetails>()]),
        "ChangesAnswer": schema::<feed::ChangesAnswer>(),
        "RefundAnswer": refund_answer(),
        "RefundsAnswer": schema::<query_refund::RefundsAnswer>(),
        "ToldRefund": told_refund(),
        "DealsAnswer": schema::<deals::DealsAnswer>(),
        "WholeDealAnswer": with_all_required(schema::<deals::whole::WholeDealAnswer>(), schema::<ToldDeal>()),
        "ToldLine": schema::<deals::whole::ToldLine>(),
        "ToldDelivery": schema::<ToldDelivery>(),
        "ToldTakings": schema::<ToldTakings>(),
        "ToldTaking": with_all_required(schema::<ToldTaking>(), schema::<ToldSums>()),
        "ToldSums": schema::<ToldSums>(),
        "Refusal": with_all_of(schema::<Refusal>(), &[schema::<Further>()]),
        "Healthy": schema::<health::Healthy>(),
        "Ready": schema::<health::Ready>(),
        "Acknowledgement": answers::acknowledgement(),
        "OrderId": {
            "type": "string",
            "pattern": "^[0-9A-Za-z_|*@-]{1,45}$",
            "description": "The order's number. Ours are Beijing time and 18 random digits.",
        },
        "CheckoutId": {
            "type": "string",
            "pattern": "^C[0-9]{32}$",
            "description": "The checkout's number: C, Beijing time and 18 random digits.",
        },
    });
    for (name, schema) in changes::schemas() {
        schemas[name] = schema;
    }
    for (name, schema) in bills::schemas() {
        schemas[name] = schema;
    }
    for (name, schema) in pay_params::schemas() {
        schemas[name] = schema;
    }
    schemas
}

/// What a deal is paid with has one of two forms, which are maps of texts to the code.
fn to_pay_answer() -> Value {
    let mut schema = with_all_of(schema::<to_pay::ToPayAnswer>(), &[schema::<to_pay::ToldPayable>(), schema::<ToldDetails>()]);
    let pay_params = &mut schema["properties"]["pay_params"];
    let description = pay_params["description"].take();
    let forms = [answers::reference("schemas", "JsapiParams"), answers::reference("schemas", "AppParams")];
    *pay_params = json!({"description": description, "anyOf": forms});
    schema
}

/// Its words are an enumeration of another layer, which knows nothing of schemas; and `more` is told to a key of scope read.
fn query_order_answer(more: &[Value]) -> Value {
    let mut schema = with_all_of(schema::<query_order::QueryOrderAnswer>(), &[&[schema::<ToldDetails>()], more].concat());
    schema["properties"]["trade_state"]["enum"] = TradeState::ALL.iter().map(|state| state.as_str()).collect();
    schema
}

fn told_refund() -> Value {
    let mut schema = schema::<ToldRefund>();
    schema["properties"]["refund_state"]["enum"] = RefundState::ALL.iter().map(|state| state.as_str()).collect();
    schema["properties"]["source"]["enum"] = RefundSource::ALL.iter().map(|source| source.as_str()).collect();
    schema
}

/// A refund and what is left of its payment.
fn refund_answer() -> Value {
    with_all_required(schema::<refund::RefundAnswer>(), told_refund())
}

/// With the fields of another one beside, of which the same must be there.
fn with_all_required(mut schema: Value, other: Value) -> Value {
    let required = [&schema["required"], &other["required"]].into_iter().filter_map(Value::as_array).flatten().cloned().collect();
    schema = with_all_of(schema, &[other]);
    schema["required"] = required;
    schema
}

/// With the fields of these beside, none of which need be there.
fn with_all_of(mut schema: Value, others: &[Value]) -> Value {
    for (name, property) in others.iter().filter_map(|other| other["properties"].as_object()).flatten() {
        schema["properties"][name] = property.clone();
    }
    schema
}

fn schema<T: PartialSchema>() -> Value {
    #[expect(clippy::expect_used, reason = "a schema is made of texts, and a test makes each of them")]
    serde_json::to_value(T::schema()).expect("a schema is JSON")
}
