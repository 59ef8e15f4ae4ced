//! toPay's request: each parameter by its own rule, and which of them mean nothing here.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName};

use crate::auth::Mode;
use crate::deal::{Details, Fen, Openid, TradeType};
use crate::gateway::{Purchase, ToPay};
use crate::http::App;
use crate::http::body::Params;
use crate::http::caller::{check_key, check_signature, reach_of};
use crate::http::refusal::Refusal;
use crate::listener::Peer;

/// The caller's name for one attempt.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What means something in every `auth.mode`.
const PARAMETERS: [&str; 8] = ["merchant_id", "product_id", "price", "description", "reference", "return_url", "cancel_url", "account"];
/// What toPay alone takes.
const OF_A_DEAL: [&str; 2] = ["trade_type", "openid"];
/// What a signed offer has beside.
const OF_AN_OFFER: [&str; 4] = ["version", "timestamp", "nonce", "signature"];

/// A valid request for a purchase, of a caller that may make it: all that toPay and checkout have in common.
pub struct PurchaseWish {
    pub purchase: Purchase,
    /// The payer's address, or that of the caller's machine.
    pub payer: IpAddr,
    /// As they were sent.
    params: Params,
}

/// A valid request to open a deal.
pub struct Wish {
    pub wish: ToPay,
    /// The parameters that mean nothing here, as they were sent.
    pub ignored: Vec<String>,
}

impl FromRequest<Arc<App>> for PurchaseWish {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let caller = check_key(&app.auth, request.headers())?;
        let idempotency_key = idempotency_key(request.headers())?;
        let peer = request.extensions().get::<Peer>().ok_or_else(Refusal::internal)?.0.ip();
        let payer = app.proxies.client(peer, request.headers());
        let params = Params::from_request(request, app).await?;
        let signed_nonce = check_signature(&app.auth, &params, app.gateway.now())?;
        let purchase = Purchase {
            merchant_id: number(&params, "merchant_id")?,
            product_id: number(&params, "product_id")?,
            price: price(&params, app.max_price)?,
            details: details(&params, app)?,
            account: parsed(&params, "account")?,
            reach: reach_of(caller),
            idempotency_key,
            signed_nonce,
        };
        app.check_reach(&purchase)?;
        Ok(Self { purchase, payer, params })
    }
}

impl FromRequest<Arc<App>> for Wish {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let wish = PurchaseWish::from_request(request, app).await?;
        let (trade_type, openid) = way(&wish.params)?;
        let further = if trade_type == TradeType::Native { &OF_A_DEAL[..1] } else { &OF_A_DEAL };
        let ignored = wish.ignored(&app.auth.mode, further);
        let PurchaseWish { purchase, payer, .. } = wish;
        Ok(Self { wish: ToPay { purchase, trade_type, openid, payer, checkout: None }, ignored })
    }
}

impl PurchaseWish {
    /// An offer that is signed for one way or one payer is none for a link that everybody pays in every way.
    pub fn refuse_signed_way(&self, mode: &Mode) -> Result<(), Refusal> {
        for field in OF_A_DEAL {
            if matches!(mode, Mode::Signed(_)) && self.params.text_if_sent(field)?.is_some_and(|value| !value.is_empty()) {
                return Err(Refusal::invalid_field(field, "a checkout is for every payer and every way: leave it out of the offer"));
            }
        }
        Ok(())
    }

    /// The parameters that mean nothing in this call, which takes `further` ones beside.
    pub fn ignored(&self, mode: &Mode, further: &[&str]) -> Vec<String> {
        let is_signed = matches!(mode, Mode::Signed(_));
        let means_something = |name: &&str| {
            PARAMETERS.contains(name) || further.contains(name) || (is_signed && (OF_AN_OFFER.contains(name) || OF_A_DEAL.contains(name)))
        };
        self.params.names().filter(|name| !means_something(name)).map(str::to_owned).collect()
    }
}

/// `^[1-9][0-9]{0,9}$`, at most 2147483647: what the column holds.
fn number(params: &Params, field: &'static str) -> Result<i64, Refusal> {
    let text = params.number_or_text(field)?;
    let plain = text.len() <= 10 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let number = if plain { text.parse::<i32>().ok() } else { None };
    number
        .filter(|number| *number > 0)
        .map(i64::from)
        .ok_or_else(|| Refusal::invalid_field(field, "a whole number from 1 to 2147483647 is expected"))
}

fn price(params: &Params, max: Fen) -> Result<Fen, Refusal> {
    let price = Fen::from_yuan(params.number_or_text("price")?).map_err(|error| Refusal::invalid_field("price", error.to_string()))?;
    if price > max {
        return Err(Refusal::invalid_field("price", format!("an amount is at most {max}")));
    }
    Ok(price)
}

fn details(params: &Params, app: &App) -> Result<Details, Refusal> {
    Ok(Details {
        description: parsed(params, "description")?,
        reference: parsed(params, "reference")?,
        return_url: address(params, "return_url", app)?,
        cancel_url: address(params, "cancel_url", app)?,
    })
}

/// A text that may be left out.
fn parsed<T: FromStr<Err: ToString>>(params: &Params, field: &'static str) -> Result<Option<T>, Refusal> {
    let parse = |text: &str| text.parse().map_err(|error: T::Err| Refusal::invalid_field(field, error.to_string()));
    params.text_if_sent(field)?.map(parse).transpose()
}

/// Where the payer's page may lead.
fn address(params: &Params, field: &'static str, app: &App) -> Result<Option<Arc<str>>, Refusal> {
    const EXPECTED: &str = "https:// and at most 1024 ASCII characters in all are expected, without user and backslash, on a host that page.return_hosts lists";
    match params.text_if_sent(field)? {
        Some(url) if app.page.return_hosts.allow(url).is_none() => Err(Refusal::invalid_field(field, EXPECTED)),
        url => Ok(url.map(Arc::from)),
    }
}

/// How the payer pays, and who pays, which is wanted inside WeChat. Callers of the original may send an openid with a code: there it
/// means nothing.
fn way(params: &Params) -> Result<(TradeType, Option<Openid>), Refusal> {
    let trade_type = parsed(params, "trade_type")?.unwrap_or(TradeType::Native);
    if trade_type == TradeType::Native {
        return Ok((trade_type, None));
    }
    let openid = parsed(params, "openid")?;
    match (trade_type, openid) {
        (TradeType::Jsapi, None) => Err(Refusal::invalid_field("openid", "the payer's openid is wanted with trade_type JSAPI")),
        (TradeType::Jsapi, openid) => Ok((trade_type, openid)),
        (_, Some(_)) => Err(Refusal::invalid_field("openid", "MWEB and APP are paid by whom their order finds: an openid is for JSAPI")),
        (_, None) => Ok((trade_type, None)),
    }
}

/// 1 to 64 printable ASCII characters, once.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let refused = || Refusal::invalid_field("Idempotency-Key", "1 to 64 printable ASCII characters are expected, once");
    let printable = (1..=64).contains(&key.len()) && key.as_bytes().iter().all(|b| (b' '..=b'~').contains(b));
    if !printable || keys.next().is_some() {
        return Err(refused());
    }
    key.to_str().map(|key| Some(key.to_owned())).map_err(|_| refused())
}
