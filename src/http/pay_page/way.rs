//! How the payer pays from where the page is open: each way is a block of the page.

use crate::page::{Language, Value};

use super::place::Place;
use super::qr;
use super::words::{text, told};

const CODE: &str = include_str!("html/code.html");
const BRIDGE: &str = include_str!("html/bridge.html");
const H5: &str = include_str!("html/h5.html");
const OPEN_IN_WECHAT: &str = include_str!("html/open_in_wechat.html");
const COPY: &str = "<p><button type=\"button\" class=\"live quiet\" data-do=\"copy\">{{copy}}</button></p>\n";
const PHONE: &str = "<p><a class=\"button quiet\" href=\"{{to}}\" target=\"phone\">{{pay_by_phone}}</a></p>\n";
const WECHAT: &str = "<p><a class=\"button quiet\" href=\"{{to}}\" target=\"phone\">{{open_in_simulated_wechat}}</a></p>\n";

/// A way to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A QR code for the payer's phone; the link in it, and where the page is open.
    Code { link: String, place: Place },
    /// Inside WeChat, by its JSBridge: the parameters of `getBrandWCPayRequest` as a JSON object.
    Bridge { parameters: String },
    /// In a phone's browser, by a page of WeChat's: its address, and until when that is good (Unix time in ms).
    H5 { url: String, fresh_until: i64 },
    /// From here it cannot be paid: the word that says where it can.
    OpenElsewhere { how: &'static str },
}

impl Way {
    /// The block of the page; `None` for a link that no code can hold. `simulated`: in a demonstration, where to
    /// pay it.
    pub fn block(&self, language: Language, simulated: &Simulated) -> Option<String> {
        let copy = told(COPY, language, &[]);
        Some(match self {
            Self::Code { link, place } => {
                let (how, is_scanned_here) = match place {
                    Place::Desk => ("how_at_a_desk", true),
                    Place::Phone => ("how_on_a_phone", false),
                    Place::WeChat => ("how_in_wechat", false),
                };
                let qr = qr::svg(link, text(language, "qr_label").unwrap_or_default())?;
                let phone = simulated.links(language);
                let values = [
                    ("qr", Value::Markup(&qr)),
                    ("how", Value::Text(text(language, how).unwrap_or_default())),
                    ("copy", Value::Markup(if is_scanned_here { "" } else { &copy })),
                    ("phone", Value::Markup(&phone)),
                ];
                told(CODE, language, &values)
            }
            Self::Bridge { parameters } => told(BRIDGE, language, &[("parameters", Value::Text(parameters))]),
            Self::H5 { url, fresh_until } => {
                let fresh_until = fresh_until.to_string();
                told(H5, language, &[("url", Value::Text(url)), ("fresh", Value::Text(&fresh_until))])
            }
            Self::OpenElsewhere { how } => {
                let how = text(language, how).unwrap_or_default();
                told(
                    OPEN_IN_WECHAT,
                    language,
                    &[("how", Value::Text(how)), ("copy", Value::Markup(&copy)), ("phone", Value::Markup(&simulated.links(language)))],
                )
            }
        })
    }
}

/// Where a demonstration's visitor can pay what a page shows.
#[derive(Debug, Clone, Default)]
pub struct Simulated {
    /// The phone, with the order to be scanned before it.
    pub phone: Option<String>,
    /// WeChat's own browser, with this page in it.
    pub wechat: Option<String>,
}

impl Simulated {
    fn links(&self, language: Language) -> String {
        let link = |(template, to): (&'static str, &Option<String>)| Some(told(template, language, &[("to", Value::Text(to.as_deref()?))]));
        [(PHONE, &self.phone), (WECHAT, &self.wechat)].into_iter().filter_map(link).collect()
    }
}

/// WeChat's H5 page, told to lead back to this one.
pub fn leading_back(mweb_url: &str, page: &str) -> String {
    let back: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
    format!("{mweb_url}&redirect_url={back}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Language; 2] = [Language::Chinese, Language::English];

    #[test]
    fn the_bridge_gets_its_parameters_as_they_are_signed() {
        let way = Way::Bridge { parameters: r#"{"appId":"wx1","package":"prepay_id=wx2","paySign":"A<\"&"}"#.to_owned() };
        for language in BOTH {
            let block = way.block(language, &Simulated { phone: Some("http://127.0.0.1:1/".to_owned()), wechat: None }).unwrap();
            let escaped = "{&quot;appId&quot;:&quot;wx1&quot;,&quot;package&quot;:&quot;prepay_id=wx2&quot;,&quot;paySign&quot;:&quot;A&lt;\\&quot;&amp;&quot;}";
            assert!(block.contains(escaped), "{block}");
            assert!(!block.contains("{{") && !block.contains("127.0.0.1"), "a JSAPI order is not scanned: {block}");
        }
    }

    #[test]
    fn wechat_s_page_leads_back_to_ours() {
        let url = leading_back("https://wx.tenpay.com/checkmweb?prepay_id=wx1&package=2", "https://pay.example.com/pay/1%7C2?back=h5");
        let back = "&redirect_url=https%3A%2F%2Fpay.example.com%2Fpay%2F1%257C2%3Fback%3Dh5";
        assert_eq!(url, format!("https://wx.tenpay.com/checkmweb?prepay_id=wx1&package=2{back}"));
        for language in BOTH {
            let block = Way::H5 { url: url.clone(), fresh_until: 1_775_016_300_000 }.block(language, &Simulated::default()).unwrap();
            assert_eq!(block.matches(&url.replace('&', "&amp;")).count(), 2, "to pay, and to pay again: {block}");
            assert!(block.contains("data-fresh=\"1775016300000\"") && !block.contains("{{"), "{block}");
            assert!(!block.contains("noreferrer"), "WeChat looks at the Referer");
        }
    }

    #[test]
    fn a_code_is_for_a_phone_that_scans_it() {
        let code = |place| Way::Code { link: "weixin://wxpay/bizpayurl?pr=1".to_owned(), place };
        let said = BOTH.map(|language| {
            [Place::Desk, Place::Phone, Place::WeChat].map(|place| code(place).block(language, &Simulated::default()).unwrap()).map(
                |block| {
                    assert!(block.contains("<svg id=\"qr\"") && !block.contains("{{"), "{block}");
                    block.contains("data-do=\"copy\"")
                },
            )
        });
        assert_eq!(said, [[false, true, true]; 2], "who cannot scan it here may take the address elsewhere");
        assert_eq!(Way::Code { link: "x".repeat(9000), place: Place::Desk }.block(Language::Chinese, &Simulated::default()), None);
    }

    #[test]
    fn what_is_paid_elsewhere_shows_nothing_to_pay_with() {
        let simulated = Simulated { phone: None, wechat: Some("http://127.0.0.1:1/_wechat/?url=a&b".to_owned()) };
        for how in ["how_open_in_wechat", "how_open_in_a_browser", "how_open_on_a_phone", "how_open_in_the_app"] {
            let said = BOTH.map(|language| {
                let way = Way::OpenElsewhere { how };
                let (block, in_demonstration) =
                    (way.block(language, &Simulated::default()).unwrap(), way.block(language, &simulated).unwrap());
                assert!(block.contains(text(language, how).unwrap()) && block.contains("data-do=\"copy\""), "{block}");
                assert!(!["<svg", "data-pay", "href", "{{"].iter().any(|word| block.contains(word)), "{block}");
                assert!(in_demonstration.contains("href=\"http://127.0.0.1:1/_wechat/?url=a&amp;b\""), "{in_demonstration}");
                block
            });
            assert_ne!(said[0], said[1]);
        }
    }
}
