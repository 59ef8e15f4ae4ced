//! `POST /deals/{order_id}/refund`: first a second look, then the refund. The second look draws a number for this attempt, so
//! that a double click, or a page that is loaded again, is the same refund.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::sleep;

use crate::console::{Console, PostedForm, Refusal, Visitor, answer, confirm, done, page, words as refusals};
use crate::deal::{AuditAction, Fen, OrderId, Reach, RefundReason, RefundSource};
use crate::gateway::{GatewayError, RefundWish, SecondLook, is_attempt};
use crate::language::Text;

use super::second_look::view;
use super::{OrderPath, order_number, page_of, words};

/// A code is good once. Of two clicks the second finds the refund that the first has stored, if it looks so late.
const LOOK_AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_millis(250), Duration::from_millis(750)];

/// What is said of a refund that is stored, when it is not known how far it got.
const FOLLOWED: &str = "refund_followed";

/// What was typed.
struct Typed {
    order_id: OrderId,
    fee: Fen,
    reason: Option<RefundReason>,
}

pub async fn refund(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    path: OrderPath,
    form: PostedForm,
) -> Response {
    answer(&visitor, &console, asked(&console, &visitor, path, &form).await)
}

async fn asked(console: &Arc<Console>, visitor: &Visitor, path: OrderPath, form: &PostedForm) -> Result<Response, Refusal> {
    let order_id = order_number(path)?;
    let fee = form.text("amount").map_or(Err(words::no_amount()), |text| Fen::from_yuan(text).map_err(|_| words::no_amount()));
    let reason = form.text("reason").map(|text| text.parse().map_err(|_| words::no_reason())).transpose();
    let typed = Typed { order_id, fee: fee.map_err(Refusal::BadForm)?, reason: reason.map_err(Refusal::BadForm)? };
    match (form.text("step"), form.text("number").filter(|number| is_attempt(number))) {
        (Some("look"), _) => {
            let look = console.gateway.second_look(&typed.order_id, typed.fee).await?;
            Ok(page(visitor, console, words::second_look(), view(&look, typed.reason.as_ref(), None, console, visitor)))
        }
        (Some("do"), Some(number)) => carried_out(console, visitor, typed, number, form).await,
        _ => Err(Refusal::BadForm(words::no_attempt())),
    }
}

async fn carried_out(
    console: &Arc<Console>,
    visitor: &Visitor,
    typed: Typed,
    number: &str,
    form: &PostedForm,
) -> Result<Response, Refusal> {
    if console.settings.wants_proof(typed.fee)
        && !is_known(console, &typed, number).await?
        && let Some(instead) = prove_once_more(console, visitor, &typed, number, form).await?
    {
        return Ok(instead);
    }
    let wish = RefundWish {
        order_id: typed.order_id.clone(),
        fee: Some(typed.fee),
        reason: typed.reason.clone(),
        idempotency_key: number.to_owned(),
        source: RefundSource::Console,
        reach: Reach::default(),
        seen: Some(seen(form).to_owned()),
        by: Some(visitor.audit(console, AuditAction::Refund)),
    };
    let gateway = Arc::clone(&console.gateway);
    match console.detached(async move { gateway.refund(wish).await }).await? {
        Ok(view) => Ok(done(visitor, &page_of(&typed.order_id), words::done(&view.refund))),
        // It may be stored or not, and the same form tells.
        Err(GatewayError::Store(error)) => {
            tracing::warn!(%error, "it is not known whether a refund was stored");
            if becomes_known(console, &typed, number).await.unwrap_or(false) {
                return Ok(done(visitor, &page_of(&typed.order_id), FOLLOWED));
            }
            // As above: that nothing was done cannot be said.
            let again = once_more(console, visitor, &typed, number, &words::not_known(), StatusCode::SERVICE_UNAVAILABLE).await;
            again.map_err(|_| Refusal::Unavailable)
        }
        Err(GatewayError::RefundMoved) => look_again(console, visitor, &typed, number).await,
        Err(error) => Err(error.into()),
    }
}

/// Has the visitor prove once more who it is; what is answered instead of the refund, if it cannot or need not be.
async fn prove_once_more(
    console: &Console,
    visitor: &Visitor,
    typed: &Typed,
    number: &str,
    form: &PostedForm,
) -> Result<Option<Response>, Refusal> {
    // No code, each of which is good once, is used up for what will not be done.
    if !is_as_seen(console, typed, form).await? && !is_known(console, typed, number).await? {
        return look_again(console, visitor, typed, number).await.map(Some);
    }
    let Err(refusal) = confirm(console, visitor, form).await else { return Ok(None) };
    if becomes_known(console, typed, number).await? {
        return Ok(None);
    }
    let Refusal::Unproven = refusal else { return Err(refusal) };
    once_more(console, visitor, typed, number, &refusal.reason(), StatusCode::UNPROCESSABLE_ENTITY).await.map(Some)
}

/// How much had gone back of the deal when the form was made.
fn seen(form: &PostedForm) -> &str {
    form.text("stood").unwrap_or_default()
}

/// Whether nothing speaks against it, and nothing of the deal went back since its form was made. (The refund itself looks again.)
async fn is_as_seen(console: &Console, typed: &Typed, form: &PostedForm) -> Result<bool, Refusal> {
    match console.gateway.second_look(&typed.order_id, typed.fee).await {
        Ok(look) => Ok(look.deal.refunded.standing() == seen(form)),
        Err(error @ GatewayError::Store(_)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// The form again, as the deal stands now.
async fn look_again(console: &Console, visitor: &Visitor, typed: &Typed, number: &str) -> Result<Response, Refusal> {
    once_more(console, visitor, typed, number, &refusals::of(&GatewayError::RefundMoved), StatusCode::CONFLICT).await
}

/// Whether this attempt is stored: then nothing is given back by it once more, whoever asks.
async fn is_known(console: &Console, typed: &Typed, number: &str) -> Result<bool, Refusal> {
    Ok(console.gateway.is_attempt_stored(&typed.order_id, number).await?)
}

async fn becomes_known(console: &Console, typed: &Typed, number: &str) -> Result<bool, Refusal> {
    for pause in LOOK_AGAIN {
        sleep(pause).await;
        if is_known(console, typed, number).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The form again, under the same number; unless nothing more may go back because this very refund is stored by now.
async fn once_more(
    console: &Console,
    visitor: &Visitor,
    typed: &Typed,
    number: &str,
    trouble: &Text,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let look = match console.gateway.second_look(&typed.order_id, typed.fee).await {
        Ok(look) => SecondLook { number: number.to_owned(), ..look },
        // What speaks against another refund may be this very one.
        Err(_) if is_known(console, typed, number).await? => return Ok(done(visitor, &page_of(&typed.order_id), FOLLOWED)),
        Err(error) => return Err(error.into()),
    };
    let mut response = page(visitor, console, words::second_look(), view(&look, typed.reason.as_ref(), Some(trouble), console, visitor));
    *response.status_mut() = status;
    Ok(response)
}
