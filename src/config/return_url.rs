//! Protection from open redirects: where the payer's page may lead.

use reqwest::Url;

use crate::deal::OrderId;

use super::checks::is_loopback;

/// Where the number goes.
const ORDER_ID: &str = "{order_id}";
/// Bytes of an address that a merchant sends; what the column holds.
const LONGEST: usize = 1024;

/// An address with `{order_id}` to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnUrl(String);

impl ReturnUrl {
    /// An operator's: https, or http on a loopback host.
    pub(super) fn configured(text: &str) -> Option<Self> {
        let url = plain(text)?;
        let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        is_allowed.then(|| Self(text.to_owned()))
    }

    /// The address for one order.
    pub fn of(&self, order_id: &OrderId) -> String {
        self.0.replace(ORDER_ID, &in_a_url(order_id.as_str()))
    }
}

/// The hosts that merchants may name, each as a URL would: in lower case, the port only where it is not 443.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturnHosts(Vec<String>);

impl ReturnHosts {
    /// `None`: one of them is no `host` or `host:port`.
    pub(super) fn read<'a>(hosts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let host = |text: &str| {
            let url = Url::parse(&format!("https://{text}")).ok()?;
            let is_host = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
            if is_host { host_of(&url) } else { None }
        };
        hosts.map(host).collect::<Option<_>>().map(Self)
    }

    /// A merchant's address: https, on one of these hosts.
    pub fn allow(&self, text: &str) -> Option<ReturnUrl> {
        let is_text = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic());
        let url = plain(text).filter(|url| is_text && url.scheme() == "https")?;
        let is_listed = host_of(&url).is_some_and(|host| self.0.contains(&host));
        is_listed.then(|| ReturnUrl(text.to_owned()))
    }
}

/// An address that every reader reads alike: host behind `://`, no user, and no `\`, which browsers take for `/`. With the
/// placeholder in the host, or in the scheme, the number would decide where the payer is led.
fn plain(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let read = |number| Url::parse(&text.replace(ORDER_ID, number)).ok();
    let (url, other) = (read("1")?, read("2")?);
    let is_unambiguous =
        scheme.eq_ignore_ascii_case(url.scheme()) && !authority.is_empty() && !authority.contains('@') && !text.contains('\\');
    (is_unambiguous && url.origin() == other.origin()).then_some(url)
}

/// The number as a path's segment or a query's value. (Ours have digits only, but an adopted one may have a `|`.)
pub(super) fn in_a_url(number: &str) -> String {
    form_urlencoded::byte_serialize(number.as_bytes()).collect()
}

fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Option<ReturnHosts> {
        ReturnHosts::read(text.split(','))
    }

    #[test]
    fn a_merchant_leads_payers_to_the_listed_hosts_and_nowhere_else() {
        let listed = hosts("shop.example.com,Other.example.com:8443,[2001:db8::1]").unwrap();
        let longest = format!("https://shop.example.com/{}", "x".repeat(LONGEST - 25));
        for text in [
            "https://shop.example.com",
            "HTTPS://SHOP.example.com:443/done?o={order_id}",
            "https://shop.example.com?mail=a@b.example",
            "https://shop.example.com/{order_id}/thanks#top",
            "https://other.example.com:8443/",
            "https://[2001:db8::1]/",
            &longest,
        ] {
            assert!(listed.allow(text).is_some(), "{text}");
        }
        for text in [
            "",
            "http://shop.example.com/",
            "https://other.example.com/",
            "https://shop.example.com:8443/",
            "https://shop.example.com.evil.example/",
            "https://shop.example.com./",
            "https://evil.example/https://shop.example.com/",
            "https://shop.example.com@evil.example/",
            "https://u:p@shop.example.com/",
            "https://{order_id}@shop.example.com/",
            "https://{order_id}.example.com/",
            "https://shop.example.com:{order_id}/",
            "https://evil.example\\@shop.example.com/",
            "https://:@shop.example.com/",
            "https://@shop.example.com/",
            "https:shop.example.com/",
            "https:/shop.example.com/",
            "https:///shop.example.com/",
            "https:\\\\shop.example.com/",
            "https://shop.example.com\\@evil.example/",
            "https://shop.example.com/\\@evil.example/",
            "https:shop.example.com/://",
            "https://evil.example#@shop.example.com/",
            "//shop.example.com/",
            "/done",
            "javascript:alert(1)//https://shop.example.com/",
            "https://shop.example.com/a b",
            "https://shop.example.com/\n",
            "https://shop.example.com/谢谢",
            &format!("{longest}x"),
        ] {
            assert!(listed.allow(text).is_none(), "{text}");
        }
        assert!(ReturnHosts::default().allow("https://shop.example.com/").is_none());
    }

    #[test]
    fn a_listed_host_is_a_host_and_nothing_else() {
        for text in
            ["", "https://shop.example.com", "shop.example.com/", "u@shop.example.com", "*.example.com", "a b", "shop:x", "店.example"]
        {
            assert_eq!(hosts(text), None, "{text}");
        }
    }
}
