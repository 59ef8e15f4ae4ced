//! A message on its way to one endpoint.

use std::fmt;
use std::time::Duration;

use reqwest::Url;

use crate::deal::EndpointName;

/// How long an answer is waited for, from the first look-up of the name to the last byte that is read.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// A message on its way to an endpoint.
#[derive(Clone)]
pub struct Request {
    /// To which.
    pub endpoint: EndpointName,
    /// Where that is.
    pub url: Url,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Without what is in it.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
