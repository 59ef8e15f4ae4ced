//! Who looks: the payer whose browser sent a request.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::super::Payer;

/// The cookie that says it.
pub const COOKIE: &str = "sim_payer";

/// By `?payer=` or else by the cookie; where neither says it, the first payer.
pub struct Viewer(pub Payer);

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let asked = query.filter(|(name, _)| name == "payer").find_map(|(_, number)| of_number(&number));
        let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let kept = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        let kept = || kept.filter(|(name, _)| *name == COOKIE).find_map(|(_, number)| of_number(number));
        Ok(Self(asked.or_else(kept).unwrap_or_default()))
    }
}

fn of_number(text: &str) -> Option<Payer> {
    text.parse::<u8>().ok()?.try_into().ok()
}
