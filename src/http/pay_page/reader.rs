//! The page of a deal, as one reader gets it.

use crate::config::PageSettings;
use crate::deal::{Fen, Timestamp};
use crate::gateway::{GivenBack, PayPage, Payable, Standing};
use crate::page::{Language, Value, fill};

use super::ways::Ways;
use super::words::{Place, how, text};
use super::{SCRIPT, STYLE, qr};

const PAGE: &str = include_str!("page.html");
const REFRESH: &str = "<meta http-equiv=\"refresh\" content=\"{{seconds}}\">";
const GIVEN_BACK: &str = "<p class=\"on refunded how\">{{word}} <span class=\"fee\">¥{{fee}}</span></p>";
const REFRESH_TO: &str = "<meta http-equiv=\"refresh\" content=\"{{seconds}};url={{to}}\">";

/// Seconds after which a page without JavaScript, or without a link, is asked for again: a twentieth of the deal's age,
/// between these.
const AGAIN: (i64, i64) = (5, 30);
/// Seconds that the payer has to read that it is paid, before the page leads on.
const READING: &str = "3";

/// The payer's language and device, and the time of reading.
pub struct Reader {
    pub language: Language,
    pub place: Place,
    pub now: Timestamp,
}

impl Reader {
    pub fn page(&self, page: &PayPage, settings: &PageSettings) -> String {
        let bought = &page.bought;
        let order_id = bought.order_id.as_ref().map(ToString::to_string).unwrap_or_default();
        let word = |name| text(self.language, name).unwrap_or_default();
        let qr = match &page.standing {
            Standing::Waiting(Payable::Code(code_url)) => qr::svg(code_url, word("qr_label")),
            _ => None,
        };
        let state = match page.standing {
            Standing::Waiting(_) if qr.is_none() => "trouble",
            Standing::Waiting(_) => "waiting",
            Standing::Paid => "paid",
            Standing::Refunded(_) => "refunded",
            Standing::Expired => "expired",
            Standing::Closed => "closed",
            Standing::Trouble | Standing::Taken | Standing::Elsewhere => "trouble",
        };
        let given_back = match page.standing {
            Standing::Refunded(given_back) => self.given_back(given_back),
            _ => String::new(),
        };
        let ways = Ways::of(bought, settings);
        let (return_url, links) = (&ways.return_url, ways.links(self.language));
        let again = ((self.now - bought.created_at).num_seconds() / 20).clamp(AGAIN.0, AGAIN.1).to_string();
        let refresh = match (page.is_undecided, state) {
            (_, "paid") if return_url.is_empty() => String::new(),
            (_, "paid") => fill(REFRESH_TO, |name| Some(Value::Text(if name == "to" { return_url } else { READING }))),
            (true, "waiting" | "expired" | "trouble") => fill(REFRESH, |_| Some(Value::Text(&again))),
            _ => String::new(),
        };
        let amount = bought.price.map_or(word("unknown_amount").to_owned(), Fen::grouped);
        let product = format!("{} {}", word("product_label"), bought.product_id);
        let (heading, about) = match &bought.details.description {
            Some(description) => (description.as_str(), word("heading")),
            None => (word("heading"), product.as_str()),
        };
        let left = clock_face((page.expires_at - self.now).num_seconds());
        let (now, expires) = (self.now.timestamp_millis().to_string(), page.expires_at.timestamp_millis().to_string());
        fill(PAGE, |name| {
            Some(match name {
                "style" => Value::Markup(STYLE),
                "script" => Value::Markup(SCRIPT),
                "qr" => Value::Markup(qr.as_deref().unwrap_or_default()),
                "refresh" => Value::Markup(&refresh),
                "given_back" => Value::Markup(&given_back),
                "ways" => Value::Markup(&links),
                "lang" => Value::Text(self.language.tag()),
                "other_lang" => Value::Text(self.language.other().tag()),
                "merchant" => Value::Text(&settings.merchant_name),
                "order_id" => Value::Text(&order_id),
                "state" => Value::Text(state),
                "status" => Value::Text(word(state)),
                "how" => Value::Text(how(self.language, self.place)),
                "amount" => Value::Text(&amount),
                "heading" => Value::Text(heading),
                "about" => Value::Text(about),
                "left" => Value::Text(&left),
                "now" => Value::Text(&now),
                "expires" => Value::Text(&expires),
                "again" => Value::Text(&again),
                "return_url" => Value::Text(return_url),
                word => Value::Text(text(self.language, word)?),
            })
        })
    }

    /// A line for what has arrived, and one for what is on its way.
    fn given_back(&self, given_back: GivenBack) -> String {
        let line = |name, fee: Fen| {
            let (word, fee) = (text(self.language, name).unwrap_or_default(), fee.grouped());
            fill(GIVEN_BACK, |hole| Some(Value::Text(if hole == "fee" { &fee } else { word })))
        };
        let fees = [("refunded_fee", given_back.arrived), ("refunding_fee", given_back.under_way)];
        fees.into_iter().filter_map(|(name, fee)| Some(line(name, fee?))).collect()
    }
}

/// `59:59`, `1:59:59`; nothing less than nothing.
fn clock_face(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}
