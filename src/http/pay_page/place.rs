//! User agent detection: where a payer looks at the page.

use axum::http::Uri;

/// Where the payer looks at the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a screen that the phone can scan.
    Desk,
    /// On a phone, in its browser.
    Phone,
    /// On a phone, inside WeChat.
    WeChat,
}

impl Place {
    /// By what the browser says of itself. A wrong guess costs a sentence.
    pub fn of(user_agent: &str) -> Self {
        match user_agent {
            agent if agent.contains("MicroMessenger") && !agent.contains("WindowsWechat") && !agent.contains("MacWechat") => Self::WeChat,
            agent if ["Mobile", "Android", "iPhone"].iter().any(|word| agent.contains(word)) => Self::Phone,
            _ => Self::Desk,
        }
    }

    /// What a demonstration's visitor plays at a desk, by `?in=wechat` or `?in=phone`.
    pub fn played(uri: &Uri) -> Option<Self> {
        let mut parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        match parameters.find(|(name, _)| name == "in")?.1.as_ref() {
            "wechat" => Some(Self::WeChat),
            "phone" => Some(Self::Phone),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_told_apart_from_a_desk() {
        for (agent, place) in [
            ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", Place::Desk),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1", Place::Phone),
            ("Mozilla/5.0 (Linux; Android 16) Mobile Safari/537.36", Place::Phone),
            ("Mozilla/5.0 (Linux; Android 16) Mobile MicroMessenger/8.0.60 NetType/WIFI", Place::WeChat),
            ("Mozilla/5.0 (Windows NT 10.0) MicroMessenger/7.0 WindowsWechat", Place::Desk),
            ("", Place::Desk),
        ] {
            assert_eq!(Place::of(agent), place, "{agent}");
        }
    }
}
