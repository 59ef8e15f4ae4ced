//! The page of a checkout: by the payer's device it is paid inside WeChat, from a phone's browser, or by scanning.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Uri};

use crate::deal::{CheckoutId, Reach, TradeType};
use crate::gateway::{Payer, Ways};
use crate::http::App;
use crate::http::edge::Begun;

use super::Shown;
use super::login::{lead_to, payer_of};
use super::message::Message;
use super::place::Place;

/// Who asks for a checkout's page.
pub struct Visitor<'a> {
    pub place: Place,
    pub address: IpAddr,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

/// What is shown, or where the browser is led.
pub async fn page_of(app: &Arc<App>, begun: Begun, checkout_id: CheckoutId, visitor: Visitor<'_>) -> Result<Shown, Message> {
    let checkout = app.gateway.find_checkout(&checkout_id, &Reach::default()).await?;
    let openid = payer_of(&app.gateway, &checkout, visitor.headers);
    // Who has a token of this page's is where tokens are given; but at a desk one browser plays all devices.
    let place = if openid.is_some() && !app.is_demonstration() { Place::WeChat } else { visitor.place };
    let way = way(app.gateway.ways(&checkout)?, place);
    if way == Some(TradeType::Jsapi)
        && openid.is_none()
        && app.gateway.is_open(&checkout)
        && let Some(led) = lead_to(app, &checkout, (visitor.uri, visitor.headers), 0)?
    {
        return Ok(Shown::Led(led));
    }
    // Who pays matters inside WeChat alone.
    let openid = openid.filter(|_| way == Some(TradeType::Jsapi));
    let payer = way.map(|trade_type| Payer { trade_type, openid, address: visitor.address });
    let gateway = Arc::clone(&app.gateway);
    let page = app.serve(begun, async move { gateway.checkout_page(&checkout_id, payer).await }).await??;
    Ok(Shown::Page(page, place))
}

/// How a payer at this place pays. `None`: not from here, but in WeChat on the same phone.
fn way(ways: Ways, place: Place) -> Option<TradeType> {
    match place {
        Place::WeChat if ways.jsapi => Some(TradeType::Jsapi),
        Place::Phone if ways.mweb => Some(TradeType::Mweb),
        Place::Phone if ways.jsapi => None,
        _ => Some(TradeType::Native),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_gets_the_way_that_fits_it() {
        let ways = |jsapi, mweb| Ways { jsapi, mweb };
        let chosen = |ways| [Place::Desk, Place::Phone, Place::WeChat].map(|place| way(ways, place));
        let (native, jsapi, mweb) = (Some(TradeType::Native), Some(TradeType::Jsapi), Some(TradeType::Mweb));
        assert_eq!(chosen(ways(true, true)), [native, mweb, jsapi]);
        assert_eq!(chosen(ways(true, false)), [native, None, jsapi], "the phone is told to open it in WeChat");
        assert_eq!(chosen(ways(false, true)), [native, mweb, native]);
        assert_eq!(chosen(ways(false, false)), [native, native, native], "another device scans it");
    }
}
