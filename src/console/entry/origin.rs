//! Whether a request that changes something comes from a page of this console, by what the browser itself says of it.

use axum::http::{HeaderMap, Uri, header};

/// Whether the browser says that another site has sent it. What says nothing is no browser, or an old one: the token of the form
/// decides about it.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        // `none`: typed by the user.
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.parse::<Uri>().ok().and_then(|origin| Some(origin.authority()?.as_str().to_owned()));
            host.is_none() || host.as_deref() != headers.get(header::HOST).and_then(|host| host.to_str().ok())
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_site_has_sent_is_foreign() {
        for (headers, foreign) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://console.example")], false),
            (&[("host", "console.example"), ("origin", "https://console.example")], false),
            (&[("host", "console.example:8443"), ("origin", "https://console.example:8443")], false),
            (&[("host", "console.example"), ("origin", "https://evil.example")], true),
            (&[("host", "console.example"), ("origin", "null")], true),
            (&[("host", "console.example"), ("origin", "https://console.example.evil.example")], true),
        ] {
            let map = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>();
            assert_eq!(is_foreign(&map), foreign, "{headers:?}");
        }
    }
}
