//! The page of a deal, as one reader gets it.

use crate::config::PageSettings;
use crate::deal::{CheckoutId, Fen, OrderId, Timestamp};
use crate::gateway::{Bought, GivenBack, PayPage, Payable, Standing};
use crate::page::{Language, Value, fill, ribbon};

use super::links::Links;
use super::look::{Look, SCRIPT};
use super::place::Place;
use super::receipt::{facts, receipt};
use super::signs;
use super::way::{Simulated, Way, leading_back};
use super::words::{SAID, text, told};

const PAGE: &str = include_str!("html/page.html");
const REFRESH: &str = "<meta http-equiv=\"refresh\" content=\"{{seconds}}\">";
const REFRESH_TO: &str = "<meta http-equiv=\"refresh\" content=\"{{seconds}};url={{to}}\">";
const GIVEN_BACK: &str = "<p class=\"on refunded how\">{{word}} <span class=\"fee\">¥{{fee}}</span></p>\n";
const REFUNDED: &str = "<p class=\"on refunded how\">{{refunded_more}}</p>\n";
const LOGO: &str = "<img class=\"logo\" src=\"{{src}}\" alt=\"\" width=\"40\" height=\"40\">";

/// Seconds after which a page without JavaScript, or without a link, is asked for again: a twentieth of the deal's age,
/// between these.
const AGAIN: (i64, i64) = (5, 30);
/// Seconds that the payer has to read that it is paid, before the page leads on.
const READING: &str = "5";
/// A page that is opened so many seconds after the payment leads nowhere by itself: its reader wants the receipt.
const FRESHLY_PAID: i64 = 600;
/// Before so many seconds are left, the time is nothing to hurry a payer with.
const HURRY: i64 = 600;

/// The payer's language and device, and the time of reading.
pub struct Reader<'a> {
    pub language: Language,
    pub place: Place,
    /// From WeChat's H5 page: whether it was paid there only the server knows.
    pub comes_back: bool,
    /// What of the address is kept when the language changes, as `&name=value`.
    pub kept: &'a str,
    /// And on the way over WeChat's H5 page.
    pub kept_abroad: &'a str,
    pub now: Timestamp,
    /// The address of the simulated phone, in a demonstration.
    pub phone: Option<&'a str>,
    /// This service's public address; empty: unknown.
    pub site: &'a str,
}

impl Reader<'_> {
    /// The page, and whether it calls WeChat's JSBridge.
    pub fn page(&self, page: &PayPage, settings: &PageSettings, look: &Look) -> (String, bool) {
        let bought = &page.bought;
        let number = number(bought);
        let word = |name| text(self.language, name).unwrap_or_default();
        let way = self.way(page);
        let block = way.as_ref().and_then(|way| way.block(self.language, &self.simulated(page)));
        let state = state(&page.standing, block.is_some());
        let is_paid = matches!(page.standing, Standing::Paid | Standing::Refunded(_));
        let went = if matches!(way, Some(Way::H5 { .. })) && self.comes_back { "h5" } else { "" };
        let said = if went.is_empty() { state } else { "back" };
        let links = Links::of(bought, settings);
        let leads_on = if is_paid && !self.is_freshly_paid(bought) { "" } else { &links.return_url };
        let again = ((self.now - bought.created_at).num_seconds() / 20).clamp(AGAIN.0, AGAIN.1).to_string();
        let refresh = match (page.is_undecided, state) {
            (_, "paid") if leads_on.is_empty() => String::new(),
            (_, "paid") => fill(REFRESH_TO, |name| Some(Value::Text(if name == "to" { leads_on } else { READING }))),
            (true, "waiting" | "expired" | "trouble" | "taken") => fill(REFRESH, |_| Some(Value::Text(&again))),
            _ => String::new(),
        };
        let amount = bought.price.map_or(word("unknown_amount").to_owned(), Fen::grouped);
        let heading = match &bought.details.description {
            Some(description) => description.as_str().to_owned(),
            None => format!("{} {}", word("product_label"), bought.product_id),
        };
        let of_merchant = if settings.merchant_name.is_empty() { String::new() } else { format!(" · {}", settings.merchant_name) };
        let title = format!(" · ¥{amount}{of_merchant}");
        let seconds = (page.expires_at - self.now).num_seconds();
        let logo = settings.logo.as_ref().map(|logo| fill(LOGO, |_| Some(Value::Text(logo.data_uri())))).unwrap_or_default();
        let has_bridge = matches!(way, Some(Way::Bridge { .. }));
        let markup = [
            ("style", look.style.as_str()),
            ("script", SCRIPT),
            ("refresh", &refresh),
            ("ribbon", self.phone.map_or("", |_| ribbon(self.language))),
            ("logo", &logo),
            ("said", &self.said(way.as_ref())),
            ("hurry", if (0..=HURRY).contains(&seconds) { " data-hurry" } else { "" }),
            ("signs", &look.signs),
            ("way", block.as_deref().unwrap_or_default()),
            ("refunds", &self.refunds(&page.standing)),
            ("receipt", &if is_paid { receipt(bought, &settings.merchant_name, self.language) } else { String::new() }),
            ("facts", &facts(number, &settings.merchant_name, self.language)),
            ("links", &links.markup(self.language)),
            ("bridge", &if has_bridge { look.bridge() } else { String::new() }),
        ];
        let texts = [
            ("lang", self.language.tag()),
            ("other_lang", self.language.other().tag()),
            ("kept", self.kept),
            ("merchant", &settings.merchant_name),
            ("order_id", number),
            ("checkout_id", bought.checkout_id.as_ref().map(CheckoutId::as_str).unwrap_or_default()),
            ("state", state),
            ("word", said),
            ("status", word(said)),
            ("icon", &signs::icon(if went.is_empty() { state } else { "waiting" })),
            ("brand", &look.brand),
            ("parents", &look.parents),
            ("title", &title),
            ("amount", &amount),
            ("heading", &heading),
            ("left", &clock_face(seconds)),
            ("now", &self.now.timestamp_millis().to_string()),
            ("expires", &page.expires_at.timestamp_millis().to_string()),
            ("again", &again),
            ("leads_on", leads_on),
            ("went", went),
        ];
        let values: Vec<_> = markup
            .map(|(name, markup)| (name, Value::Markup(markup)))
            .into_iter()
            .chain(texts.map(|(name, text)| (name, Value::Text(text))))
            .collect();
        (told(PAGE, self.language, &values), has_bridge)
    }

    /// Codes are scanned with the phone; and what is paid inside WeChat is opened there.
    fn simulated(&self, page: &PayPage) -> Simulated {
        let Some(phone) = self.phone else { return Simulated::default() };
        let bought = &page.bought;
        let is_scanned = matches!(page.standing, Standing::Waiting(Payable::Code(_)));
        let is_for_wechat =
            matches!(page.standing, Standing::Waiting(Payable::WeChat(_)) | Standing::Elsewhere) || bought.checkout_id.is_some();
        let order = bought.order_id.as_ref().filter(|_| is_scanned);
        let address = format!("{}/pay/{}", self.site, number(bought));
        Simulated {
            phone: order.map(|order_id| format!("{phone}?order={}", url_encoded(order_id.as_str()))),
            wechat: is_for_wechat.then(|| format!("{phone}_wechat/?url={}", url_encoded(&address))),
        }
    }

    fn way(&self, page: &PayPage) -> Option<Way> {
        match &page.standing {
            Standing::Waiting(Payable::Code(code_url)) => Some(Way::Code { link: code_url.clone(), place: self.place }),
            Standing::Waiting(Payable::Browser { .. }) if self.place == Place::Desk => {
                Some(Way::OpenElsewhere { how: "how_open_on_a_phone" })
            }
            Standing::Waiting(Payable::Browser { .. }) if self.place == Place::WeChat => {
                Some(Way::OpenElsewhere { how: "how_open_in_a_browser" })
            }
            Standing::Waiting(Payable::Browser { mweb_url, good_until }) => {
                let back = format!("{}/pay/{}?back=h5{}", self.site, number(&page.bought), self.kept_abroad);
                Some(Way::H5 { url: leading_back(mweb_url, &back), fresh_until: good_until.timestamp_millis() })
            }
            Standing::Waiting(Payable::WeChat(parameters)) if self.place == Place::WeChat => {
                Some(Way::Bridge { parameters: serde_json::to_string(parameters).unwrap_or_default() })
            }
            Standing::Waiting(Payable::App(_)) => Some(Way::OpenElsewhere { how: "how_open_in_the_app" }),
            Standing::Waiting(Payable::WeChat(_)) | Standing::Elsewhere => Some(Way::OpenElsewhere { how: "how_open_in_wechat" }),
            _ => None,
        }
    }

    fn is_freshly_paid(&self, bought: &Bought) -> bool {
        bought.paid_at.is_none_or(|at| (self.now - at).num_seconds() <= FRESHLY_PAID)
    }

    /// What the script says by and by, as attributes.
    fn said(&self, way: Option<&Way>) -> String {
        // Who scans holds another phone; else it is the payer's own that has turned to WeChat.
        let is_paid_here = self.place != Place::Desk && !matches!(way, Some(Way::Code { .. }));
        let word = |name| if name == "paying" && is_paid_here { "paying_here" } else { name };
        let attribute = |name: &&'static str| {
            let values = [("name", Value::Text(name)), ("text", Value::Text(text(self.language, word(name)).unwrap_or_default()))];
            fill(" data-say-{{name}}=\"{{text}}\"", |hole| values.iter().find(|(known, _)| *known == hole).map(|(_, value)| *value))
        };
        SAID.iter().map(attribute).collect()
    }

    /// A line for what has arrived, one for what is on its way, and where to see it.
    fn refunds(&self, standing: &Standing) -> String {
        let Standing::Refunded(GivenBack { arrived, under_way }) = standing else { return String::new() };
        let line = |name, fee: Fen| {
            let (word, fee) = (text(self.language, name).unwrap_or_default(), fee.grouped());
            fill(GIVEN_BACK, |hole| Some(Value::Text(if hole == "fee" { &fee } else { word })))
        };
        let fees = [("refunded_fee", *arrived), ("refunding_fee", *under_way)];
        let lines: String = fees.into_iter().filter_map(|(name, fee)| Some(line(name, fee?))).collect();
        lines + &told(REFUNDED, self.language, &[])
    }
}

fn state(standing: &Standing, has_way: bool) -> &'static str {
    match standing {
        Standing::Elsewhere if has_way => "waiting",
        Standing::Waiting(_) if !has_way => "trouble",
        Standing::Waiting(_) => "waiting",
        Standing::Paid => "paid",
        Standing::Refunded(_) => "refunded",
        Standing::Expired => "expired",
        Standing::Closed => "closed",
        Standing::Taken => "taken",
        Standing::Trouble | Standing::Elsewhere => "trouble",
    }
}

/// Which the page is about: the checkout, or the order.
fn number(bought: &Bought) -> &str {
    let order_id = || bought.order_id.as_ref().map(OrderId::as_str);
    bought.checkout_id.as_ref().map(CheckoutId::as_str).or_else(order_id).unwrap_or_default()
}

fn url_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// `59:59`, `1:59:59`; nothing less than nothing.
fn clock_face(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}
