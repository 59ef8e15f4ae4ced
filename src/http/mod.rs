//! The service's HTTP side: one file an endpoint, each with its request, its answer and a handler of a few lines.
//!
//! Handlers translate, nothing more. What they start is detached (`App::detached`): axum drops a handler whose
//! client hangs up, and a payment that is being stored must not stop for that.

mod bills;
mod body;
mod caller;
mod changes;
mod checkout;
mod close_order;
mod cors;
mod deals;
mod details;
mod doctor;
mod edge;
mod events;
mod health;
mod limits;
mod metrics;
mod multipart;
mod notify;
mod number;
mod openapi;
mod order_id;
mod paths;
mod pay_js;
mod pay_page;
mod query;
mod query_checkout;
mod query_order;
mod query_refund;
mod refund;
mod refusal;
mod shares;
mod shop;
mod takings;
mod to_pay;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use ipnet::IpNet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::auth::Auth;
use crate::config::{PageSettings, ServerSettings};
use crate::deal::Fen;
use crate::gateway::Gateway;
use crate::handshake;
use crate::listener::Proxies;
use crate::trace::carried;

use edge::Begun;
pub use limits::Limits;
pub use metrics::{HttpMetrics, metrics_router};
use refusal::Refusal;
pub use shares::Shares;
pub use shop::BackEnd;

/// Application state that the handlers share.
#[derive(Debug)]
pub struct App {
    /// The service.
    pub gateway: Arc<Gateway>,
    /// Which proxies are believed about a client's address.
    pub proxies: Proxies,
    /// Which callers may do what.
    pub auth: Auth,
    /// From where notifications are taken; empty: from everywhere.
    pub notify_sources: Vec<IpNet>,
    /// The highest price of one deal.
    pub max_price: Fen,
    /// How often one caller may open deals.
    pub limits: Limits,
    /// How much callers may hold at once.
    pub shares: Shares,
    /// What is counted of requests.
    pub metrics: HttpMetrics,
    /// The payer's page.
    pub page: PageSettings,
    /// Be ready although the database may lose what it acknowledged.
    pub accept_weak_durability: bool,
    /// Where the phone of the simulator is, if that is WeChat and every caller may open deals; then there is a demo shop.
    pub phone: Option<String>,
    /// The demo shop's own back end, if it has one.
    pub shop: Option<Arc<BackEnd>>,
    /// By which `wechat-pay doctor` and this service recognise each other.
    pub handshake: handshake::Key,
    /// This instance's name in the journal.
    pub instance: String,
    /// Work that outlives the request it came with; a stopping service waits for it.
    pub work: TaskTracker,
    /// Cancelled when the service stops.
    pub stopping: CancellationToken,
}

impl App {
    /// Whether no money moves and every caller may do everything.
    fn is_demonstration(&self) -> bool {
        self.phone.is_some()
    }

    /// The address under which a payer's browser reaches this service. A demonstration is known by several, and a cookie by one: so there
    /// it is the one that the browser used.
    fn site(&self, headers: &HeaderMap) -> String {
        let used = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok());
        match used.filter(|_| self.is_demonstration()) {
            Some(host) => format!("http://{host}"),
            None => self.gateway.site().url.clone(),
        }
    }

    /// Has a front end's work done within its time, if there is room for one more in hand.
    fn serve<T: Send + 'static>(
        &self,
        begun: Begun,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Result<T, NoOutcome>> {
        let served = self.shares.call().map(|place| (place, self.detached(begun.front_end_due(), work)));
        async move {
            let (_place, outcome) = served.ok_or(NoOutcome::NoRoom)?;
            outcome.await
        }
    }

    /// Has work done whether or not the caller stays, and waits for its outcome until `due`. It is begun at once, so that what waits holds
    /// no room for it.
    fn detached<T: Send + 'static>(
        &self,
        due: Instant,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Result<T, NoOutcome>> {
        let task = self.work.spawn(carried(work));
        async move {
            match timeout_at(due, task).await {
                Ok(Ok(outcome)) => Ok(outcome),
                Ok(Err(_)) => Err(NoOutcome::Panicked),
                Err(_) => Err(NoOutcome::TooSlow),
            }
        }
    }
}

/// Why a detached piece of work has no outcome to show.
#[derive(Debug, Clone, Copy)]
enum NoOutcome {
    /// It was not begun: too much else is in hand.
    NoRoom,
    /// It goes on, but the caller's time is over.
    TooSlow,
    /// It met a fault of ours.
    Panicked,
}

/// All routes. The aliases are the paths under which the original was called.
pub fn router(app: Arc<App>, server: &ServerSettings) -> Router {
    let mut api = Router::new()
        .route("/wxPay/toPay", post(to_pay::to_pay))
        .route("/wxPay/queryOrder", post(query_order::query_order))
        .route("/wxPay/wxPay/queryOrder", post(query_order::query_order))
        .route("/wxPay/doCloseOrder", post(close_order::close_order))
        .route("/wxPay/events", get(events::events))
        .route("/wxPay/checkout", post(checkout::checkout))
        .route("/wxPay/queryCheckout", post(query_checkout::query_checkout))
        // Before the layer, which then answers preflights of pages that may call.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::new(cors::Pages::new(server, app.is_demonstration())), cors::cors));
    if app.phone.is_some() {
        api = api.merge(shop::routes());
    }
    let with_doctor = |notify: MethodRouter<Arc<App>>| notify.route_layer(from_fn_with_state(Arc::clone(&app), doctor::answer));
    let routes = api
        .route("/wxPay/notify", with_doctor(post(notify::notify)))
        .route("/wxPay/notify/{account}", with_doctor(post(notify::notify_account)))
        .route("/wxPay/refundNotify", with_doctor(post(notify::notify)))
        .route("/wxPay/refundNotify/{account}", with_doctor(post(notify::notify_account)))
        .route("/wxPay/callback", with_doctor(post(notify::notify)))
        .route("/wxPay/callback/{account}", with_doctor(post(notify::notify_account)))
        .route("/wxPay/refund", post(refund::refund))
        .route("/wxPay/queryRefund", post(query_refund::query_refund))
        .route("/wxPay/changes", get(changes::changes))
        .route("/wxPay/deals", get(deals::deals))
        .route("/wxPay/deals/{order_id}", get(deals::whole::whole_deal))
        .route("/wxPay/takings", get(takings::takings))
        .route("/wxPay/bills", get(bills::bills))
        .route("/wxPay/bills/{date}/differences", get(bills::differences::differences))
        .route("/wxPay/bills/{date}/file", get(bills::file::file))
        .route("/wxPay/bills/differences/{id}/explain", post(bills::explain::explain))
        .merge(pay_page::routes(&app))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(openapi::openapi_json))
        .route("/docs", get(openapi::docs))
        .route("/pay.js", get(pay_js::pay_js))
        .fallback(|| async { Refusal::path_not_found() })
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(edge::catch_panics))
        .layer(from_fn_with_state(Arc::clone(&app), edge::trace))
        .with_state(app);
    // Around them all, since a router looks at the path before its layers do.
    Router::new().fallback_service(routes.map_request(paths::as_the_original_read_it))
}

async fn method_not_allowed() -> Refusal {
    Refusal::method_not_allowed()
}
