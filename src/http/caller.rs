//! Authentication of callers, as `auth.mode` and the call ask for it. A caller that is refused learns which credential is wanted
//! and nothing more: a missing, an unknown and a wrong one are answered alike.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use tracing::Span;

use crate::auth::{Auth, Caller, FURTHER, FurtherValues, Mode, Scope, SignedOffer, Unbelieved};
use crate::deal::{Reach, Timestamp};
use crate::gateway::Purchase;

use super::App;
use super::body::Params;
use super::refusal::Refusal;

/// Of toPay, before the body is read: the caller, if the mode is about keys.
pub fn check_key(auth: &Auth, headers: &HeaderMap) -> Result<Option<Arc<Caller>>, Refusal> {
    let Mode::ApiKey = auth.mode else { return Ok(None) };
    let caller = holder(auth, headers).ok_or_else(Refusal::no_key)?;
    if caller.may(Scope::Pay) { Ok(Some(caller)) } else { Err(Refusal::forbidden("the key has not the scope pay")) }
}

/// Before the values are looked at: the signature over them, if the mode is about signatures. Gives the nonce, which may be
/// used once.
pub fn check_signature(auth: &Auth, params: &Params, now: Timestamp) -> Result<Option<String>, Refusal> {
    let Mode::Signed(secrets) = &auth.mode else { return Ok(None) };
    let (Ok(timestamp), Ok(nonce), Ok(signature)) = (params.number_or_text("timestamp"), params.text("nonce"), params.text("signature"))
    else {
        return Err(Refusal::no_signature());
    };
    let further = further_values(params)?;
    let offer = SignedOffer {
        merchant_id: params.number_or_text("merchant_id")?,
        product_id: params.number_or_text("product_id")?,
        price: params.number_or_text("price")?,
        further,
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
    match FURTHER.into_iter().find(|field| further.is_none() && params.names().any(|name| name == *field)) {
        Some(unsigned) => Err(Refusal::invalid_field(unsigned, "it is taken from an offer of version v2 only, which signs it")),
        None => Ok(Some(nonce.to_owned())),
    }
}

/// What an offer of version `v2` signs beside what one of `v1` does.
fn further_values(params: &Params) -> Result<Option<FurtherValues<'_>>, Refusal> {
    match params.text_if_sent("version")? {
        None | Some("v1") => Ok(None),
        Some("v2") => {
            let mut values = FurtherValues::default();
            for (value, field) in values.iter_mut().zip(FURTHER) {
                *value = params.text_if_sent(field)?.unwrap_or_default();
            }
            Ok(Some(values))
        }
        Some(_) => Err(Refusal::invalid_field("version", "v1 or v2 is expected")),
    }
}

impl App {
    /// Whether the caller may open this deal: for this seller, and through this account. Before anything is counted, for a
    /// caller that may not open deals of a seller must not use up that seller's limit.
    pub(super) fn check_reach(&self, purchase: &Purchase) -> Result<(), Refusal> {
        if !purchase.reach.covers(purchase.merchant_id, &self.gateway.account_for(purchase)) {
            return Err(Refusal::forbidden("the key is not for this seller, or not for this account"));
        }
        match &purchase.account {
            Some(_) if matches!(self.auth.mode, Mode::Open) => Err(Refusal::forbidden("in auth.mode open no caller may name an account")),
            Some(account) if !self.gateway.has_account(account) => Err(Refusal::invalid_field("account", "there is no such account")),
            _ => Ok(()),
        }
    }

    /// The caller of a back-end call, whose key must have this scope. A demonstration needs no key.
    pub(super) fn back_end(&self, headers: &HeaderMap, scope: Scope) -> Result<Arc<Caller>, Refusal> {
        self.back_end_with(headers, &[scope])
    }

    /// The same of a call for which either scope will do.
    pub(super) fn back_end_with(&self, headers: &HeaderMap, scopes: &[Scope]) -> Result<Arc<Caller>, Refusal> {
        match holder(&self.auth, headers) {
            Some(caller) if scopes.iter().any(|scope| caller.may(*scope)) => Ok(caller),
            Some(_) => {
                let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
                Err(Refusal::forbidden(format!("the key has not the scope {}", scopes.join(" or "))))
            }
            None if self.is_demonstration() => Ok(Arc::new(Caller::of_a_demonstration())),
            None => Err(Refusal::no_key()),
        }
    }

    /// The caller of a front-end call, which needs no key: what is none of ours in its header is not for us.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Option<Arc<Caller>> {
        holder(&self.auth, headers)
    }
}

/// Which deals a caller may see and touch: without a key, those whose number it knows.
pub fn reach_of(caller: Option<Arc<Caller>>) -> Reach {
    caller.map(|caller| caller.reach().clone()).unwrap_or_default()
}

/// The caller whose key this is.
fn holder(auth: &Auth, headers: &HeaderMap) -> Option<Arc<Caller>> {
    let caller = auth.keys.holder(bearer(headers)?)?;
    // For the log: the lines of this request say whose key it was.
    Span::current().record("caller", caller.name());
    Some(Arc::clone(caller))
}

/// The key of `Authorization: Bearer <key>`. Two such headers are none: two readers would take two different ones.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| key.trim_matches(' '))
}
