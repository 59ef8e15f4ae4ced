//! The console: pages for people, on a listener of its own. Every page is made here, works without a script, and loads nothing foreign.
//!
//! A handler takes who looks as `Extension<Visitor>`, which `entry::guard` makes, and what was posted as [`PostedForm`], which is read
//! for users that may act alone; it asks the gateway, and answers [`page`], a [`Refusal`], or [`done()`]. A GET never changes anything, and
//! no action is without its row of the trail ([`Visitor::audit`]), which goes into the transaction of the change, or is written before WeChat
//! is called.

mod accounts;
mod alarms;
mod audit;
mod bills;
mod certificate;
mod deal;
mod deals;
mod done;
mod edge;
mod entry;
mod form;
mod frame;
mod lost;
mod names;
mod parts;
mod refunds;
mod refusal;
mod today;
mod visitor;
mod webhooks;
mod words;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use tokio_util::task::TaskTracker;

use crate::config::ConsoleSettings;
use crate::gateway::Gateway;
use crate::listener::Proxies;
use crate::page::{BASE_CSS, CSS, JAVASCRIPT, asset};
use crate::trace::carried;

pub use deals::Exports;
pub use done::{done, see_other};
pub use entry::Entry;
pub use entry::confirm::{confirm, proof_fields};
pub use form::PostedForm;
pub use frame::page;
pub use refusal::{Refusal, answer};
pub use visitor::Visitor;

/// What the handlers share.
#[derive(Debug)]
pub struct Console {
    /// The service.
    pub gateway: Arc<Gateway>,
    /// Who may log in, and what wants the password once more.
    pub settings: ConsoleSettings,
    /// Which proxies are believed about a client's address.
    pub proxies: Proxies,
    /// Whether the simulator is WeChat, so that no money moves.
    pub is_simulated: bool,
    /// Host and address of this instance, by which it knows the sessions that it has opened.
    pub place: String,
    /// What is known of logins that failed, and the room for those that are being tried.
    pub entry: Entry,
    /// Room for lists that are exported at once.
    pub exports: Exports,
    /// Work that outlives the request it came with; a stopping service waits for it.
    pub work: TaskTracker,
}

impl Console {
    /// Has an action done whether or not the browser stays, and waits for its outcome.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`]: it met a fault of ours.
    pub async fn detached<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, Refusal> {
        self.work.spawn(carried(work)).await.map_err(|_| Refusal::Unavailable)
    }
}

/// All pages. Whatever path a stranger names leads to the login.
pub fn router(console: Arc<Console>) -> Router {
    let pages = Router::new()
        .route("/", get(today::show))
        .route("/accounts", get(accounts::show))
        .route("/alarms", get(alarms::alarms))
        .route("/alarms/{id}/answer", post(alarms::answer))
        .route("/webhooks", get(webhooks::webhooks))
        .route("/webhooks/{name}/resume", post(webhooks::resume))
        .route("/deliveries/{event_id}/resend", post(webhooks::resend))
        .route("/bills", get(bills::bills))
        .route("/bills/{account}/{day}", get(bills::bill))
        .route("/bills/differences/{id}/explain", post(bills::explain))
        .route("/audit", get(audit::audit))
        .route("/deals", get(deals::deals))
        .route("/deals.csv", get(deals::csv))
        .route("/deals/{order_id}", get(deal::deal))
        .route("/deals/{order_id}/refund", get(deal::back).post(deal::refund))
        .route("/deals/{order_id}/close", get(deal::back).post(deal::close))
        .route("/deals/{order_id}/ask", get(deal::back).post(deal::ask))
        .route("/refunds", get(refunds::refunds))
        .route("/logout", post(entry::logout::log_out))
        .fallback(lost::no_page)
        .method_not_allowed_fallback(lost::no_method)
        .layer(from_fn_with_state(Arc::clone(&console), entry::guard::guard));
    Router::new()
        .route("/login", get(entry::login::form).post(entry::login::log_in))
        .route("/console.css", get(css))
        .route("/console.js", get(js))
        .merge(pages)
        .layer(from_fn(edge::catch_panics))
        .layer(from_fn_with_state(Arc::clone(&console), edge::trace))
        .with_state(console)
}

async fn css() -> Response {
    asset(CSS, [BASE_CSS, include_str!("console.css")].concat())
}

async fn js() -> Response {
    asset(JAVASCRIPT, include_str!("console.js"))
}
