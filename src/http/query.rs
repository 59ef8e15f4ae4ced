//! An extractor for the query of a back-end call, which is not looked at before its caller is known: to one without a key nothing is said
//! but that.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::body::Params;
use super::refusal::Refusal;

/// The query, if it can be read.
pub struct Query(Result<Params, Refusal>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Params::read_form(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

impl Query {
    /// Its parameters, which may be these.
    pub fn of(self, known: &[&str]) -> Result<Params, Refusal> {
        let params = self.0?;
        params.only(known)?;
        Ok(params)
    }
}
