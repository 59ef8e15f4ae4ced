//! `GET /pay/{order_id}` and `GET /pay/{checkout_id}`: the payer's page. Everything of it is in one answer (style and script inline, allowed by
//! their hashes and nothing else), so a browser that gets the page has it whole, also under a proxy's path of its own: addresses
//! in it are relative. It shows the code without JavaScript too.

mod checkout;
mod links;
mod login;
mod look;
mod message;
mod palette;
mod place;
mod qr;
mod reader;
mod receipt;
mod signs;
mod way;
mod words;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{Html, Response};
use axum::routing::get;
use axum::{Extension, Router};

use crate::deal::{CheckoutId, OrderId};
use crate::gateway::{GatewayError, PayPage};
use crate::listener::Peer;
use crate::page::Language;

use super::App;
use super::edge::Begun;
use checkout::Visitor;
use look::Look;
use message::Message;
use place::Place;
use reader::Reader;

/// The page, and where a browser comes back from WeChat's login.
pub fn routes(app: &App) -> Router<Arc<App>> {
    let look = Arc::new(Look::new(&app.page, app.phone.as_deref()));
    Router::new().route("/pay/{number}", get(pay_page)).route("/pay/{number}/openid", get(login::come_back)).layer(Extension(look))
}

async fn pay_page(
    State(app): State<Arc<App>>,
    Extension(begun): Extension<Begun>,
    Extension(Peer(peer)): Extension<Peer>,
    Extension(look): Extension<Arc<Look>>,
    number: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let played = Place::played(&uri).filter(|_| app.is_demonstration());
    let place = played.unwrap_or(Place::of(agent));
    let number = number.map(|Path(text)| (text.parse::<CheckoutId>(), text.parse::<OrderId>()));
    let shown = match number {
        Ok((Ok(checkout_id), _)) => {
            let address = app.proxies.client(peer.ip(), &headers);
            checkout::page_of(&app, begun, checkout_id, Visitor { place, address, uri: &uri, headers: &headers }).await
        }
        Ok((Err(_), Ok(order_id))) => order_page(&app, begun, order_id).await.map(|page| Shown::Page(page, place)),
        _ => Err(Message::of(&GatewayError::NotFound)),
    };
    let (page, place) = match shown {
        Ok(Shown::Page(page, place)) => (page, place),
        Ok(Shown::Led(led)) => return led,
        Err(message) => return message.page(&look),
    };
    let reader = Reader {
        language: Language::of(&uri, &headers),
        place,
        comes_back: has(&uri, "back=h5"),
        kept: &kept(&uri, &KEPT),
        kept_abroad: &kept(&uri, &KEPT_ABROAD),
        now: app.gateway.now(),
        phone: app.phone.as_deref(),
        site: &app.site(&headers),
    };
    let (page, has_bridge) = reader.page(&page, &app.page, &look);
    look.dress(Html(page), has_bridge)
}

/// What of the page's address is kept when its language changes, and on the way over WeChat's own page.
const KEPT: [&str; 3] = ["back=h5", "in=wechat", "in=phone"];
const KEPT_ABROAD: [&str; 3] = ["in=phone", "lang=zh", "lang=en"];

/// Those of these parameters that an address has, as `&name=value`.
fn kept(uri: &Uri, parameters: &[&str]) -> String {
    parameters.iter().filter(|parameter| has(uri, parameter)).map(|parameter| format!("&{parameter}")).collect()
}

fn has(uri: &Uri, parameter: &str) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair == parameter))
}

/// What a browser gets that asks for a page.
enum Shown {
    /// The page, for a payer at this place.
    Page(PayPage, Place),
    /// It is led elsewhere.
    Led(Response),
}

async fn order_page(app: &App, begun: Begun, order_id: OrderId) -> Result<PayPage, Message> {
    let gateway = app.gateway.clone();
    Ok(app.serve(begun, async move { gateway.pay_page(order_id).await }).await??)
}
