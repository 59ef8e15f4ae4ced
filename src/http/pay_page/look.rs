//! Content-Security-Policy: what the page may load and run, who may frame it; and its style, in the merchant's colour. Both are
//! made once, at start.

use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};

use crate::config::PageSettings;
use crate::page::{self, BASE_CSS, source_hash};

use super::{palette, signs};

/// What is this page's own, behind the look that all pages have in common and the merchant's colours.
const STYLE: &str = concat!(
    include_str!("css/layout.css"),
    include_str!("css/states.css"),
    include_str!("css/small_and_large.css"),
    include_str!("css/print.css")
);
/// One function, so that nothing of it can be reached by other names.
pub const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("js/clock.js"),
    include_str!("js/frame.js"),
    include_str!("js/show.js"),
    include_str!("js/renew.js"),
    include_str!("js/leave.js"),
    include_str!("js/ask.js"),
    include_str!("js/pay.js"),
    include_str!("js/buttons.js"),
    include_str!("js/start.js"),
    "})();\n"
);
/// Pages of this machine, whatever their port: they may frame the page of a demonstration.
const DEMONSTRATIONS: [&str; 2] = ["http://localhost:*", "http://127.0.0.1:*"];

/// What the pages of one configuration look like, and what they may do.
pub struct Look {
    /// The style sheet.
    pub style: String,
    /// The colour of the page's head.
    pub brand: String,
    /// The signs of all states.
    pub signs: String,
    /// Origins that may frame the page, with a blank between them.
    pub parents: String,
    /// Over a page in both languages, in a demonstration.
    pub ribbon: &'static str,
    /// The script that plays WeChat's JSBridge in a demonstration.
    bridge: Option<String>,
    policy: HeaderValue,
    policy_with_bridge: HeaderValue,
}

impl Look {
    /// `phone`: the address of the simulated phone, with a slash at its end, in a demonstration.
    pub fn new(settings: &PageSettings, phone: Option<&str>) -> Self {
        let style = [BASE_CSS, &palette::css(settings.color), STYLE].concat();
        let demonstrations = DEMONSTRATIONS.into_iter().filter(|_| phone.is_some());
        let parents = settings.frame_ancestors.iter().chain(demonstrations).collect::<Vec<_>>().join(" ");
        let bridge = phone.map(|phone| format!("{phone}_wechat/jsbridge.js"));
        let (also_runs, also_asks) =
            phone.zip(bridge.as_deref()).map(|(phone, bridge)| (format!(" {bridge}"), format!(" {phone}_wechat/"))).unzip();
        let policy = |also_runs: &str, also_asks: &str| {
            let (style, script) = (source_hash(&style), source_hash(SCRIPT));
            let parents = if parents.is_empty() { "'none'" } else { &parents };
            let policy = format!(
                "default-src 'none'; style-src {style}; script-src {script}{also_runs}; connect-src 'self'{also_asks}; img-src data:; \
                 base-uri 'none'; form-action 'none'; frame-ancestors {parents}"
            );
            HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
        };
        let (plain, with_bridge) = (policy("", ""), policy(&also_runs.unwrap_or_default(), &also_asks.unwrap_or_default()));
        Self {
            policy: plain,
            policy_with_bridge: with_bridge,
            brand: palette::head(settings.color),
            signs: signs::all(),
            parents,
            ribbon: phone.map_or("", |_| page::RIBBON_IN_BOTH),
            bridge,
            style,
        }
    }

    /// The element that loads the simulated JSBridge.
    pub fn bridge(&self) -> String {
        self.bridge.as_ref().map(|src| format!("<script src=\"{src}\"></script>\n")).unwrap_or_default()
    }

    /// The page with its policy. It tells where it links to its origin, for WeChat's H5 page asks from which site a payer comes.
    pub fn dress(&self, page: impl IntoResponse, has_bridge: bool) -> Response {
        let policy = if has_bridge { &self.policy_with_bridge } else { &self.policy };
        page::telling_origin(page::secured(page, policy.clone()))
    }
}
