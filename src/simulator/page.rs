//! A plain page at `/`: the orders, and a button that pays.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use quick_xml::escape::escape;

use super::Simulator;

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>WeChat simulator</title><link rel=\"icon\" href=\"data:,\"><style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{padding:.4rem .6rem;border-bottom:1px solid #8884;text-align:left}</style>\
<h1>WeChat simulator</h1><p>No money moves here. Orders, newest first:</p>";

const SCRIPT: &str = "document.addEventListener('click',async e=>{const n=e.target.dataset.pay;if(!n)return;e.target.disabled=true;\
await fetch('/_sim/orders/'+encodeURIComponent(n)+'/pay',{method:'POST'});setTimeout(()=>location.reload(),300)})";

pub fn routes() -> Router<Simulator> {
    Router::new().route("/", get(page))
}

async fn page(State(simulator): State<Simulator>) -> Response {
    let mut html = String::from(HEAD);
    html.push_str("<table><tr><th>Order<th>Description<th>Yuan<th>State<th>Notifications<th></tr>");
    for order in simulator.world().orders().take(100) {
        let acknowledged = order.attempts.iter().filter(|attempt| attempt.acknowledged).count();
        let number = escape(order.out_trade_no.as_str());
        let button = if order.trade_state.is_paid() || order.trade_state.is_dead() {
            String::new()
        } else {
            format!("<button data-pay=\"{number}\">Pay</button>")
        };
        html.push_str(&format!(
            "<tr><td><code>{number}</code><td>{}<td>{}<td>{}<td>{} sent, {acknowledged} acknowledged<td>{button}</tr>",
            escape(order.body.as_str()),
            order.total_fee,
            order.trade_state.as_str(),
            order.attempts.len(),
        ));
    }
    html.push_str("</table><script>");
    html.push_str(SCRIPT);
    html.push_str("</script></html>");
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}
