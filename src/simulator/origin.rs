//! The address by which a client reaches this WeChat, for the pages that it is sent to.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::http::uri::Scheme;

use super::DEFAULT_ORIGIN;

/// Scheme, host and port, as the client's request names them. A listener with TLS says so by an extension.
pub(super) struct Origin(pub String);

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let scheme = parts.extensions.get::<Scheme>().unwrap_or(&Scheme::HTTP);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        Ok(Self(host.map_or_else(|| DEFAULT_ORIGIN.to_owned(), |host| format!("{scheme}://{host}"))))
    }
}
