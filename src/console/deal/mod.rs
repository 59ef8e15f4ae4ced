//! `/deals/{order_id}`: a deal with its story, its refunds and deliveries, and what may be done with it now.

mod actions;
mod ask;
mod close;
mod deliveries;
mod facts;
mod refund;
mod refunds;
mod second_look;
mod story;
mod trail;
mod words;

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::deal::{AuditWish, OrderId};
use crate::explain;
use crate::page::{Value, bilingual};

use super::{Console, Refusal, Visitor, answer, page, parts, see_other};

pub use ask::ask;
pub use close::close;
pub use refund::refund;
pub use refunds::state;

const PAGE: &str = include_str!("html/page.html");
/// Rows of the trail.
const TRAIL: u32 = 20;

type OrderPath = Result<Path<String>, PathRejection>;

pub async fn deal(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, path: OrderPath) -> Response {
    answer(&visitor, &console, look(&console, &visitor, path).await)
}

/// Of the address of an action that is only looked at: the page with its button.
pub async fn back(State(console): State<Arc<Console>>, Extension(visitor): Extension<Visitor>, path: OrderPath) -> Response {
    answer(&visitor, &console, order_number(path).map(|order_id| see_other(&page_of(&order_id))))
}

fn order_number(path: OrderPath) -> Result<OrderId, Refusal> {
    path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(Refusal::NotFound)
}

fn page_of(order_id: &OrderId) -> String {
    parts::order_path(order_id.as_str())
}

async fn look(console: &Console, visitor: &Visitor, path: OrderPath) -> Result<Response, Refusal> {
    let order_id = order_number(path)?;
    let dossier = console.gateway.dossier(&order_id).await?;
    let (told, language) = (&dossier.story, visitor.language);
    let Some(deal) = &told.deal else {
        // WeChat may have told of an order that is not here.
        let content = story::view(explain::lines(&told.events, language), &dossier.evidence, language);
        let unknown = words::not_here(&order_id);
        let told_of = (!told.events.is_empty())
            .then(|| page(visitor, console, words::title(&order_id), story::of_nobody(&unknown, &content, language)));
        return told_of.ok_or(Refusal::NotFound);
    };
    let trail = if visitor.role.is_admin() {
        console.gateway.audit(AuditWish { order_id: Some(order_id.to_string()), limit: TRAIL, ..AuditWish::default() }).await?
    } else {
        Vec::new()
    };
    let now = console.gateway.now();
    let has_account = console.gateway.has_account(&deal.account);
    let outlook = explain::outlook(deal, &told.events, now, has_account);
    let content = bilingual(
        PAGE,
        language,
        &[
            ("outlook", Value::Text(outlook.read(language).trim())),
            ("facts", Value::Markup(&facts::view(deal, language))),
            ("actions", Value::Markup(&actions::view(deal, &console.gateway.what_may_be_done(deal), visitor))),
            ("story", Value::Markup(&story::view(explain::lines(&told.events, language), &dossier.evidence, language))),
            ("refunds", Value::Markup(&refunds::view(&told.refunds, now, has_account, language))),
            ("deliveries", Value::Markup(&deliveries::view(deal, &told.deliveries, console, visitor))),
            ("trail", Value::Markup(&trail::view(&trail, language))),
        ],
    );
    Ok(page(visitor, console, words::title(&order_id), content))
}
