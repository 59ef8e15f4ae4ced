//! Protection from clickjacking: which sites may show the payer's page in a frame of theirs.

use reqwest::Url;

use super::checks::is_loopback;

/// Origins as browsers write them, such as `https://shop.example.com`; none: no site may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameAncestors(Vec<String>);

impl FrameAncestors {
    /// Origins between commas or blanks: https, or http on a loopback host. `None`: one of them is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let origin = |text: &str| {
            let url = Url::parse(text).ok()?;
            let is_allowed = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
            // What a policy would read otherwise, such as a star or a path, is no origin in its own form.
            let is_origin = url.origin().ascii_serialization() == text && text.bytes().all(|b| !b"*;,'".contains(&b));
            (is_allowed && is_origin).then(|| text.to_owned())
        };
        text.split([',', ' ']).filter(|item| !item.is_empty()).map(origin).collect::<Option<_>>().map(Self)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_and_nothing_else() {
        let read = FrameAncestors::read("https://shop.example.com, https://m.example.com:8443 http://127.0.0.1:3000").unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), ["https://shop.example.com", "https://m.example.com:8443", "http://127.0.0.1:3000"]);
        assert_eq!(FrameAncestors::read(" ,").unwrap().iter().count(), 0);
        for text in [
            "shop.example.com",
            "*",
            "https://*.example.com",
            "https://shop.example.com/",
            "https://Shop.example.com",
            "https://shop.example.com:443",
            "https://u@shop.example.com",
            "http://shop.example.com",
            "'self'",
            "data:",
            "https://a.example;script-src",
        ] {
            assert_eq!(FrameAncestors::read(text), None, "{text}");
        }
    }
}
