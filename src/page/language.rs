//! Content negotiation: in which language a page speaks. `?lang=` first, then what the browser asks for, then Chinese.

use axum::http::{HeaderMap, Uri, header};

use crate::language::Language;

impl Language {
    /// What this request asks for.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self::chosen(uri).or_else(|| Self::accepted(accepted?)).unwrap_or(Self::Chinese)
    }

    /// What its address says, if it says anything.
    pub fn chosen(uri: &Uri) -> Option<Self> {
        let chosen = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).find(|(name, _)| name == "lang");
        chosen.and_then(|(_, tag)| Self::named(&tag))
    }

    /// `zh`, `zh-CN`, `en-GB` …
    pub fn named(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The first of those that weigh most in an `Accept-Language`.
    fn accepted(list: &str) -> Option<Self> {
        let weighed = list.split(',').filter_map(|item| {
            let (tag, parameters) = item.split_once(';').unwrap_or((item, ""));
            Some((Self::named(tag.trim())?, weight(parameters)))
        });
        weighed.filter(|(_, weight)| *weight > 0).rev().max_by_key(|(_, weight)| *weight).map(|(language, _)| language)
    }
}

/// Thousandths: `q=0.8` is 800, nothing is 1000.
fn weight(parameters: &str) -> u16 {
    let Some(text) = parameters.trim().strip_prefix("q=") else { return 1000 };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let thousandths = format!("{decimals:0<3}").get(..3).and_then(|digits| digits.parse::<u16>().ok());
    whole.parse::<u16>().ok().zip(thousandths).map_or(0, |(whole, thousandths)| (whole.min(1) * 1000 + thousandths).min(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, accepted: &str) -> Language {
        let headers = [(header::ACCEPT_LANGUAGE, accepted.parse().unwrap())].into_iter().collect();
        Language::of(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn the_browser_is_heard_and_the_payer_has_the_last_word() {
        use Language::{Chinese, English};
        for (accepted, language) in [
            ("", Chinese),
            ("*", Chinese),
            ("fr-FR, de;q=0.5", Chinese),
            ("en-GB,en;q=0.9,zh-CN;q=0.8", English),
            ("fr, zh-TW;q=0.7, en;q=0.8", English),
            ("en;q=0.5, zh;q=0.9", Chinese),
            ("en;q=0, zh;q=0.1", Chinese),
            ("zh-CN,en", Chinese),
            ("EN-us", English),
            ("en;q=nonsense", Chinese),
            ("en;q=0.1234567", English),
        ] {
            assert_eq!(asked("/pay/1", accepted), language, "{accepted}");
            assert_eq!(asked("/pay/1?lang=en", accepted), English, "{accepted}");
            assert_eq!(asked("/pay/1?a=b&lang=zh-CN", accepted), Chinese, "{accepted}");
            assert_eq!(asked("/pay/1?lang=klingon", accepted), language, "{accepted}");
        }
    }
}
