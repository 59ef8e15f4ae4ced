//! Forward proxy through which WeChat is reached, where a machine has no other way out.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// Where the proxy is. What is shown of it holds neither user nor password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy(Url);

/// The text is no URL of a proxy. (What exactly is not said: it may hold a password.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("http://, https:// or socks5:// with user and password if the proxy wants them, a host and a port, and no more")]
pub struct InvalidProxy;

impl FromStr for Proxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let url = Url::parse(text).map_err(|_| InvalidProxy)?;
        let is_known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if is_known && is_bare && url.host_str().is_some_and(|host| !host.is_empty()) { Ok(Self(url)) } else { Err(InvalidProxy) }
    }
}

impl Proxy {
    /// For the client, whatever the host that is asked.
    pub(super) fn for_client(&self) -> Result<reqwest::Proxy, reqwest::Error> {
        reqwest::Proxy::all(self.0.clone())
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        self.0.port_or_known_default().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
