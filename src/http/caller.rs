//! Authentication of toPay's callers, as `auth.mode` asks for it. A caller that is refused learns which credential is wanted
//! and nothing more: a missing, an unknown and a wrong one are answered alike.

use axum::http::{HeaderMap, header};
use tracing::Span;

use crate::auth::{Auth, SignedOffer, Unbelieved};
use crate::deal::Timestamp;

use super::body::Params;
use super::refusal::Refusal;

/// Before the body is read: the key, if the mode is about keys.
pub fn check_key(auth: &Auth, headers: &HeaderMap) -> Result<(), Refusal> {
    let Auth::ApiKey(keys) = auth else { return Ok(()) };
    let holder = bearer(headers).and_then(|key| keys.holder(key)).ok_or_else(Refusal::no_key)?;
    // For the log: the lines of this request say whose key it was.
    Span::current().record("caller", holder);
    Ok(())
}

/// Before the values are looked at: the signature over them, if the mode is about signatures. Gives the nonce, which may be
/// used once.
pub fn check_signature(auth: &Auth, params: &Params, now: Timestamp) -> Result<Option<String>, Refusal> {
    let Auth::Signed(secrets) = auth else { return Ok(None) };
    let (Ok(timestamp), Ok(nonce), Ok(signature)) = (params.number_or_text("timestamp"), params.text("nonce"), params.text("signature"))
    else {
        return Err(Refusal::no_signature());
    };
    let offer = SignedOffer {
        merchant_id: params.number_or_text("merchant_id")?,
        product_id: params.number_or_text("product_id")?,
        price: params.number_or_text("price")?,
        timestamp,
        nonce,
        signature,
    };
    let signatory = secrets.verify(&offer, now).map_err(|unbelieved| match unbelieved {
        Unbelieved::Forged => Refusal::no_signature(),
        // Only a caller with a right signature hears this.
        Unbelieved::Stale => Refusal::stale_signature(),
    })?;
    Span::current().record("caller", signatory);
    Ok(Some(nonce.to_owned()))
}

/// The key of `Authorization: Bearer <key>`. Two such headers are none: two readers would take two different ones.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| key.trim_matches(' '))
}
