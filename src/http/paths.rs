//! Path normalisation, as the original did it: `/wxPay/toPay/`, `//wxPay//toPay` and `/wxPay/toPay.html` were `/wxPay/toPay`, and
//! somewhere such an address is configured, at a front end or at WeChat; there it may have an account's name behind it.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Where all paths of the original lie; other paths are taken as they are.
const ORIGINAL: &str = "wxPay/";
/// What the original let stand behind a name.
const SUFFIX: &str = ".html";

/// Before the routes are looked at.
pub fn as_the_original_read_it(mut request: Request) -> Request {
    if let Some(plain) = plain(request.uri()) {
        *request.uri_mut() = plain;
    }
    request
}

/// The plain form of a path that is written in another one.
fn plain(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let is_plain = !path.contains("//") && !path.ends_with('/') && !path.split('/').any(|segment| segment.ends_with(SUFFIX));
    if is_plain || !path.trim_start_matches('/').starts_with(ORIGINAL) {
        return None;
    }
    let names = path.split('/').map(|segment| segment.strip_suffix(SUFFIX).unwrap_or(segment));
    let name = names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/");
    let target = match uri.query() {
        Some(query) => format!("/{name}?{query}"),
        None => format!("/{name}"),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_original_s_paths_is_one() {
        for (path, expected) in [
            ("/wxPay/toPay/", "/wxPay/toPay"),
            ("//wxPay//toPay", "/wxPay/toPay"),
            ("/wxPay/toPay.html", "/wxPay/toPay"),
            ("///wxPay/wxPay//queryOrder.html/?a=//b/", "/wxPay/wxPay/queryOrder?a=//b/"),
            ("http://pay.example.com/wxPay/notify/", "http://pay.example.com/wxPay/notify"),
            ("/wxPay/notify.html/shop2", "/wxPay/notify/shop2"),
        ] {
            assert_eq!(plain(&path.parse().unwrap()).unwrap(), expected, "{path}");
        }
        for path in ["/wxPay/toPay", "/", "//", "/pay/1/", "/wxpay/topay/", "/static//a.html", "/wxPay/", "/.html"] {
            let read = plain(&path.parse().unwrap());
            assert!(read.is_none_or(|read| read == "/wxPay"), "{path}");
        }
    }
}
