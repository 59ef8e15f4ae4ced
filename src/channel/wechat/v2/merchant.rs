//! Merchant identity, and the signed requests of ours.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Serialize;

use crate::chance::Chance;
use crate::channel::notice::Addressee;
use crate::channel::order::{Order, RefundOrder, Way};
use crate::channel::outcome::RefundSubject;
use crate::deal::{AccountId, BeijingTime, Day, Fen, Openid, OrderId, Refund, TradeType};

use super::fields::Fields;
use super::rotation::PreviousKey;
use super::sign::{ApiKey, SignType, Signer};
use super::xml;

/// A merchant number with its key: signs what goes out, and what comes in is held against it.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// Which of our accounts it is.
    pub account: AccountId,
    /// `appid`: `wx` and 16 characters.
    pub appid: String,
    /// `mch_id`: digits.
    pub mch_id: String,
    /// `sub_mch_id`: the sub-merchant (特约商户) in whose name a service provider (服务商) asks. `None`: it asks in its own.
    pub sub_mch_id: Option<String>,
    /// `sub_appid`: the sub-merchant's own appid, if it has one.
    pub sub_appid: Option<String>,
    /// Key and algorithm.
    pub signer: Signer,
    /// The key before this one, while it is still believed.
    pub previous_key: Option<PreviousKey>,
    /// Where WeChat shall post the result.
    pub notify_url: String,
    /// Where WeChat shall post the end of a refund.
    pub refund_notify_url: String,
}

impl Merchant {
    /// The exact bytes of a `unifiedorder` request (NATIVE). A repeat must be these bytes again, so keep them.
    pub fn unified_order_request(&self, order: &Order<'_>, chance: &Chance) -> String {
        let mut fields = self.envelope(chance);
        fields.push("body", cut(&legible(order.body), 127));
        fields.push("out_trade_no", order.order_id.as_str());
        fields.push("total_fee", order.total_fee.get().to_string());
        fields.push("spbill_create_ip", unmapped(order.payer).to_string());
        if let Some(time) = order.time_expire {
            fields.push("time_expire", BeijingTime::from(time).compact());
        }
        fields.push("notify_url", self.notify_url.as_str());
        fields.push("trade_type", order.way.trade_type().as_str());
        match order.way {
            Way::Native { product_id } => fields.push("product_id", product_id.to_string()),
            // A payer has a name for each appid; the one that the payer pays in is the sub-merchant's own where it has one.
            Way::Jsapi { openid } if self.sub_appid.is_some() => fields.push("sub_openid", openid.as_str()),
            Way::Jsapi { openid } => fields.push("openid", openid.as_str()),
            Way::Mweb { site_url, site_name } => fields.push("scene_info", scene_info(site_url, site_name)),
            Way::App => {}
        }
        xml::write(&self.signer.signed(fields))
    }

    /// A request about one order and nothing else: `orderquery` and `closeorder`.
    pub(crate) fn order_request(&self, order_id: &OrderId, chance: &Chance) -> String {
        let fields = self.envelope(chance).with("out_trade_no", order_id.as_str());
        xml::write(&self.signer.signed(fields))
    }

    /// The exact bytes of a `refund` request. A repeat must be these bytes again, so keep them.
    pub fn refund_request(&self, refund: &RefundOrder<'_>, chance: &Chance) -> String {
        let mut fields = self.envelope(chance);
        match refund.transaction_id {
            Some(transaction_id) => fields.push("transaction_id", transaction_id),
            None => fields.push("out_trade_no", refund.order_id.as_str()),
        }
        fields.push("out_refund_no", refund.refund_id.as_str());
        fields.push("total_fee", refund.total_fee.get().to_string());
        fields.push("refund_fee", refund.fee.get().to_string());
        if let Some(reason) = refund.reason {
            fields.push("refund_desc", legible(reason.as_str()));
        }
        fields.push("notify_url", self.refund_notify_url.as_str());
        xml::write(&self.signer.signed(fields))
    }

    /// A `refundquery` request.
    pub(super) fn refund_query_request(&self, order_id: &OrderId, subject: RefundSubject<'_>, chance: &Chance) -> String {
        let fields = self.envelope(chance);
        let fields = match subject {
            RefundSubject::Refund(refund_id) => fields.with("out_refund_no", refund_id.as_str()),
            RefundSubject::OfOrder(0) => fields.with("out_trade_no", order_id.as_str()),
            RefundSubject::OfOrder(offset) => fields.with("out_trade_no", order_id.as_str()).with("offset", offset.to_string()),
        };
        xml::write(&self.signer.signed(fields))
    }

    /// A `downloadbill` request: all rows of a day, packed.
    pub(super) fn bill_request(&self, day: Day, chance: &Chance) -> String {
        let fields = self.envelope(chance).with("bill_date", compact(day)).with("bill_type", "ALL").with("tar_type", "GZIP");
        xml::write(&self.signer.signed(fields))
    }

    /// A `downloadfundflow` request: that of the account that payments go to. WeChat takes HMAC-SHA256 alone. It is asked for as a text,
    /// of which there is no doubt what its digest means.
    pub(super) fn fund_flow_request(&self, day: Day, chance: &Chance) -> String {
        let merchant = self.by(SignType::HmacSha256);
        let fields = merchant.envelope(chance).with("bill_date", compact(day)).with("account_type", "Basic");
        xml::write(&merchant.signer.signed(fields))
    }

    fn envelope(&self, chance: &Chance) -> Fields {
        let mut fields = Fields::new().with("appid", self.appid.as_str()).with("mch_id", self.mch_id.as_str());
        for (name, value) in [("sub_appid", &self.sub_appid), ("sub_mch_id", &self.sub_mch_id)] {
            if let Some(value) = value {
                fields.push(name, value.as_str());
            }
        }
        let fields = fields.with("nonce_str", chance.nonce());
        match self.signer.sign_type() {
            // MD5 is what WeChat assumes; the field is left out, as the original did.
            SignType::Md5 => fields,
            SignType::HmacSha256 => fields.with("sign_type", SignType::HmacSha256.as_str()),
        }
    }

    /// The field of a verified message that shows that it is about another appid or merchant, if any.
    pub(super) fn foreign_field(&self, fields: &Fields) -> Option<&'static str> {
        let Addressee { appid, mch_id, sub_mch_id } = addressee(fields);
        if appid != self.appid {
            Some("appid")
        } else if mch_id != self.mch_id {
            Some("mch_id")
        } else if sub_mch_id != self.sub_mch_id {
            Some("sub_mch_id")
        } else if self.sub_appid.is_some() && fields.get("sub_appid").is_some_and(|appid| Some(appid) != self.sub_appid.as_deref()) {
            // Not every message has it, and without it the sub-merchant is known all the same.
            Some("sub_appid")
        } else {
            None
        }
    }

    /// By which numbers its messages say whose they are.
    pub fn addressee(&self) -> Addressee {
        Addressee { appid: self.appid.clone(), mch_id: self.mch_id.clone(), sub_mch_id: self.sub_mch_id.clone() }
    }
}

/// Whose a message says that it is. A direct merchant is sometimes named as its own sub-merchant (so in WeChat's own example).
pub(super) fn addressee(fields: &Fields) -> Addressee {
    let value = |name| fields.get(name).unwrap_or_default().to_owned();
    let (appid, mch_id, sub_mch_id) = (value("appid"), value("mch_id"), fields.get("sub_mch_id").map(str::to_owned));
    Addressee { sub_mch_id: sub_mch_id.filter(|sub_mch_id| *sub_mch_id != mch_id), appid, mch_id }
}

/// For which numbers a stored request of ours was written.
pub fn numbers_in(request: &str) -> Option<Addressee> {
    Some(addressee(&xml::parse(request.as_bytes()).ok()?)).filter(|numbers| !numbers.mch_id.is_empty())
}

/// Whether a stored request is the one for this refund: by its number, its amount, and the payment or the order that it names.
pub(in crate::channel) fn is_request_for(request: &str, refund: &Refund) -> bool {
    let Ok(fields) = xml::parse(request.as_bytes()) else { return false };
    let is_of_the_payment = match fields.get("transaction_id") {
        Some(transaction_id) => refund.transaction_id.as_deref() == Some(transaction_id),
        None => fields.get("out_trade_no") == Some(refund.order_id.as_str()),
    };
    is_of_the_payment
        && fields.get("out_refund_no") == Some(refund.refund_id.as_str())
        && fields.get("refund_fee").and_then(Fen::from_total_fee) == Some(refund.fee)
}

/// Whether a stored request of ours was signed with this key, by the request's own algorithm.
pub fn is_signed_with(request: &str, key: &str) -> bool {
    let signer = ApiKey::new(key).ok().zip(SignType::of_request(request)).map(|(key, sign_type)| Signer::new(key, sign_type));
    let fields = xml::parse(request.as_bytes()).ok();
    fields.zip(signer).is_some_and(|(fields, signer)| signer.verify(&fields).is_ok())
}

/// Whether WeChat can be sent this text, and the signature over it read in one way only: no characters beyond
/// U+FFFF (v2 knows none), no control characters, and none of `&` and `=`, which separate fields in the string
/// to sign.
pub fn is_sendable(text: &str) -> bool {
    text.chars().all(|c| c <= '\u{ffff}' && !c.is_control() && c != '&' && c != '=')
}

/// `yyyyMMdd`.
fn compact(day: Day) -> String {
    day.to_string().replace('-', "")
}

/// `scene_info` of an order that a phone's browser pays. The members in WeChat's own order.
fn scene_info(site_url: &str, site_name: &str) -> String {
    #[derive(Serialize)]
    struct Scene<'a> {
        h5_info: Wap<'a>,
    }
    #[derive(Serialize)]
    struct Wap<'a> {
        r#type: &'static str,
        wap_url: &'a str,
        wap_name: &'a str,
    }
    let scene = Scene { h5_info: Wap { r#type: "Wap", wap_url: site_url, wap_name: &legible(site_name) } };
    // Texts in structs are always JSON.
    serde_json::to_string(&scene).unwrap_or_default()
}

/// The word for how a request's order is paid, if it is one that opens an order.
pub(super) fn trade_type_of(request: &str) -> Option<TradeType> {
    xml::parse(request.as_bytes()).ok()?.get("trade_type")?.parse().ok()
}

/// Whether a request opens an order that can be paid from this address.
pub(in crate::channel) fn is_for_address(request: &str, address: IpAddr) -> bool {
    let ordered = xml::parse(request.as_bytes()).ok().and_then(|fields| fields.get("spbill_create_ip")?.parse::<IpAddr>().ok());
    ordered.map(unmapped) == Some(unmapped(address))
}

/// Whether a request opens an order for this payer.
pub(in crate::channel) fn is_for_payer(request: &str, openid: &Openid) -> bool {
    let Ok(fields) = xml::parse(request.as_bytes()) else { return false };
    fields.get("sub_openid").or(fields.get("openid")) == Some(openid.as_str())
}

/// The same text in characters that WeChat knows: one beyond U+FFFF, as most emoji are, would have the order refused, so its
/// place is taken by a box. (U+FFFE and U+FFFF are none that XML can carry.)
fn legible(text: &str) -> Cow<'_, str> {
    const BOX: char = '\u{25a1}';
    let is_known = |c: char| c < '\u{fffe}';
    if text.chars().all(is_known) {
        return text.into();
    }
    text.chars().map(|c| if is_known(c) { c } else { BOX }).collect()
}

/// At most `bytes` bytes, cut between two characters: WeChat counts bytes, not characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// `::ffff:1.2.3.4` is refused by WeChat (`invalid spbill_create_ip`); `1.2.3.4` is meant.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::wechat::v2::testing::{BOTH, canonical, fields, merchant, provider};
    use crate::channel::wechat::v2::vectors::{B1, B2};
    use crate::deal::testing::refund;

    /// That of all vectors.
    const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";

    #[test]
    fn a_body_is_cut_to_bytes_between_characters() {
        let long = "微".repeat(60);
        assert_eq!(cut(&long, 127), "微".repeat(42));
        assert_eq!(cut("12,34", 127), "12,34");
    }

    #[test]
    fn a_description_of_emoji_is_sent_in_characters_that_wechat_knows() {
        let order_id = "20150806125346".parse().unwrap();
        let sent = |body: &str| {
            let (merchant, total_fee, payer) = (merchant(SignType::Md5), Fen::new(1).unwrap(), "1.2.3.4".parse().unwrap());
            let order = Order { order_id: &order_id, total_fee, body, way: Way::Native { product_id: 1 }, payer, time_expire: None };
            let request = xml::parse(merchant.unified_order_request(&order, &Chance::System).as_bytes()).unwrap();
            assert_eq!(merchant.signer.verify(&request), Ok(()));
            request.get("body").unwrap().to_owned()
        };
        for (body, expected) in [
            ("红茶 😀", "红茶 □"),
            ("😀", "□"),
            ("\u{1f468}\u{200d}\u{1f467}", "□\u{200d}□"),
            ("\u{fffd}\u{fffe}\u{ffff}\u{10000}", "\u{fffd}□□□"),
            ("☕ & 茶", "☕ & 茶"),
        ] {
            assert_eq!(sent(body), expected);
        }
        assert_eq!(sent(&"😀".repeat(43)), "□".repeat(42), "then it is cut");
    }

    #[test]
    fn a_provider_names_its_sub_merchant_in_every_request() {
        let order_id = "20150806125346".parse().unwrap();
        let order = Order {
            order_id: &order_id,
            total_fee: Fen::new(1990).unwrap(),
            body: "茶",
            way: Way::Native { product_id: 12 },
            payer: "123.12.12.123".parse().unwrap(),
            time_expire: None,
        };
        for provider in BOTH.map(provider) {
            let without_appid = Merchant { sub_appid: None, ..provider.clone() };
            let direct = Merchant { sub_mch_id: None, ..without_appid.clone() };
            for (merchant, ids) in [
                (&provider, [Some("wx2421b1c4370ec43b"), Some("1900000109")]),
                (&without_appid, [None, Some("1900000109")]),
                (&direct, [None, None]),
            ] {
                let day = "2024-01-16".parse().unwrap();
                for request in [
                    merchant.unified_order_request(&order, &Chance::System),
                    merchant.order_request(&order_id, &Chance::System),
                    merchant.bill_request(day, &Chance::System),
                    merchant.fund_flow_request(day, &Chance::System),
                ] {
                    let sent = xml::parse(request.as_bytes()).unwrap();
                    assert_eq!(merchant.of_request(&request).signer.verify(&sent), Ok(()));
                    assert_eq!(["sub_appid", "sub_mch_id"].map(|name| sent.get(name)), ids);
                }
            }
        }
    }

    #[test]
    fn separators_controls_and_emoji_are_not_sendable() {
        assert!(is_sendable("腾讯充值中心-QQ会员充值,12"));
        for text in ["a&total_fee=1", "a=b", "line\nbreak", "\u{0}", "😀"] {
            assert!(!is_sendable(text), "{text:?}");
        }
    }

    #[test]
    fn a_request_has_the_documented_fields_and_no_others_and_is_signed() {
        let order_id = "20150806125346".parse().unwrap();
        for sign_type in BOTH {
            let merchant = merchant(sign_type);
            let order = Order {
                order_id: &order_id,
                total_fee: Fen::new(1990).unwrap(),
                body: "微]]></body><total_fee>1</total_fee>",
                way: Way::Native { product_id: 12 },
                payer: "::ffff:123.12.12.123".parse().unwrap(),
                time_expire: Some("2015-08-06T05:00:00Z".parse().unwrap()),
            };
            let no_sign_type = |line: &&str| sign_type != SignType::Md5 || !line.starts_with("sign_type");
            let common = "appid=wxd930ea5d5a258f4f\nmch_id=10000100\nsign_type=HMAC-SHA256\nout_trade_no=20150806125346";
            let ordered = "body=微]]></body><total_fee>1</total_fee>\ntotal_fee=1990\nspbill_create_ip=123.12.12.123\n\
                           time_expire=20150806130000\nnotify_url=https://example.com/wxPay/callback\ntrade_type=NATIVE\nproduct_id=12";
            let without_expiry = ordered.replace("time_expire=20150806130000\n", "");
            for (request, lines) in [
                (merchant.unified_order_request(&order, &Chance::System), format!("{common}\n{ordered}")),
                (
                    merchant.unified_order_request(&Order { time_expire: None, ..order.clone() }, &Chance::System),
                    format!("{common}\n{without_expiry}"),
                ),
                (merchant.order_request(&order_id, &Chance::System), common.to_owned()),
            ] {
                let sent = xml::parse(request.as_bytes()).unwrap();
                assert_eq!(merchant.signer.verify(&sent), Ok(()));
                assert_eq!(sent.get("nonce_str").unwrap().len(), 32);
                let expected = fields(&lines.lines().filter(no_sign_type).collect::<Vec<_>>().join("\n"));
                let drawn = ["nonce_str", "sign"];
                let sent: Fields = sent.iter().filter(|(name, _)| !drawn.contains(name)).collect();
                assert_eq!(canonical(&sent), canonical(&expected));
            }
        }
    }

    /// The fields of a request in the name of this merchant that opens the order of the vectors, paid in this way.
    fn opened(merchant: &Merchant, way: Way<'_>) -> Fields {
        let (order_id, payer) = ("20150806125346".parse().unwrap(), "123.12.12.123".parse().unwrap());
        let (total_fee, body) = (Fen::new(88).unwrap(), "腾讯充值中心-QQ会员充值");
        let order = Order { order_id: &order_id, total_fee, body, way, payer, time_expire: None };
        let sent = xml::parse(merchant.unified_order_request(&order, &Chance::System).as_bytes()).unwrap();
        assert_eq!(merchant.signer.verify(&sent), Ok(()));
        sent
    }

    #[test]
    fn orders_of_payers_in_wechat_and_in_browsers_get_the_signatures_that_are_known_from_elsewhere() {
        let openid = "oUpF8uMEb4qRXf22hE3X68TekukE".parse().unwrap();
        let (jsapi, mweb) = (Way::Jsapi { openid: &openid }, Way::Mweb { site_url: "https://example.com", site_name: "腾讯充值" });
        for (way, md5, hmac_sha256) in [
            (jsapi, "9C79BE4297782DCE8A3B310313134128", "87E6A4E96F6263A784605B52E46088793159BB447F4AF25CE2512C15DBE6DF45"),
            (mweb, "0995D31829275E1FC107D6F2BA9B143D", "545F6ECA4BC1ABB4A1AD42C6BAABD59B4127A1536EF0FFD0147D3C8390EE95C3"),
        ] {
            for (sign_type, expected) in [(SignType::Md5, md5), (SignType::HmacSha256, hmac_sha256)] {
                let merchant = merchant(sign_type);
                // T1 and T5 have this nonce, and do not name their algorithm.
                let of_the_vector = |(name, value)| (name, if name == "nonce_str" { NONCE } else { value });
                let sent = opened(&merchant, way);
                let sent: Fields = sent.iter().filter(|(name, _)| !["sign", "sign_type"].contains(name)).map(of_the_vector).collect();
                assert_eq!(merchant.signer.sign(&sent), expected, "{way:?}");
            }
        }
    }

    #[test]
    fn each_way_names_what_wechat_wants_for_it_and_nothing_of_another_s() {
        let openid: Openid = "oUpF8uMEb4qRXf22hE3X68TekukE".parse().unwrap();
        let own = ["product_id", "openid", "sub_openid", "scene_info"];
        let site = (r#"a "shop" 😀"#, r#"{"h5_info":{"type":"Wap","wap_url":"https://example.com","wap_name":"a \"shop\" □"}}"#);
        let provider = provider(SignType::Md5);
        let without_appid = Merchant { sub_appid: None, ..provider.clone() };
        for (merchant, way, expected) in [
            (&provider, Way::Jsapi { openid: &openid }, [None, None, Some(openid.as_str()), None]),
            (&without_appid, Way::Jsapi { openid: &openid }, [None, Some(openid.as_str()), None, None]),
            (&provider, Way::Mweb { site_url: "https://example.com", site_name: site.0 }, [None, None, None, Some(site.1)]),
            (&provider, Way::App, [None; 4]),
            (&provider, Way::Native { product_id: 12 }, [Some("12"), None, None, None]),
        ] {
            let sent = opened(merchant, way);
            assert_eq!(own.map(|name| sent.get(name)), expected, "{way:?}");
            assert_eq!(sent.get("trade_type"), Some(way.trade_type().as_str()));
            let request = xml::write(&sent);
            assert_eq!(trade_type_of(&request), Some(way.trade_type()));
            assert_eq!(is_for_payer(&request, &openid), matches!(way, Way::Jsapi { .. }));
            assert!(!is_for_payer(&request, &"oSomebodyElse".parse().unwrap()));
        }
    }

    #[test]
    fn a_stored_request_is_for_the_refund_whose_number_amount_and_payment_it_names() {
        let refund = refund();
        let total_fee = Fen::new(1990).unwrap();
        for transaction_id in [refund.transaction_id.as_deref(), None] {
            let (refund_id, order_id, fee) = (&refund.refund_id, &refund.order_id, refund.fee);
            let order = RefundOrder { refund_id, order_id, transaction_id, total_fee, fee, reason: None };
            let request = merchant(SignType::Md5).refund_request(&order, &Chance::System);
            assert!(is_request_for(&request, &refund));
            let other = "20990101000000000000000000000001";
            let of_another_number = Refund { refund_id: other.parse().unwrap(), ..refund.clone() };
            let of_another_amount = Refund { fee: Fen::new(501).unwrap(), ..refund.clone() };
            let of_another_payment = Refund { order_id: other.parse().unwrap(), transaction_id: None, ..refund.clone() };
            for changed in [of_another_number, of_another_amount, of_another_payment] {
                assert!(!is_request_for(&request, &changed), "{changed:?}");
            }
        }
        assert!(!is_request_for("", &refund));
    }

    #[test]
    fn a_refund_is_asked_for_and_about_with_these_fields_and_no_others() {
        let (order_id, refund_id) = ("20150806125346".parse().unwrap(), "R20150806125346_1".parse().unwrap());
        let reason = "商品已售完😀".parse().unwrap();
        let (total_fee, fee) = (Fen::new(88).unwrap(), Fen::new(30).unwrap());
        let order = RefundOrder { refund_id: &refund_id, order_id: &order_id, transaction_id: None, total_fee, fee, reason: Some(&reason) };
        let amounts = "out_refund_no=R20150806125346_1\ntotal_fee=88\nrefund_fee=30";
        let told = "notify_url=https://example.com/wxPay/refund";
        for merchant in BOTH.map(merchant) {
            let asked = |order: &RefundOrder<'_>| merchant.refund_request(order, &Chance::System);
            let queried = |subject| merchant.refund_query_request(&order_id, subject, &Chance::System);
            for (request, lines) in [
                (asked(&order), format!("out_trade_no=20150806125346\n{amounts}\nrefund_desc=商品已售完□\n{told}")),
                (
                    asked(&RefundOrder { transaction_id: Some("1004400740201409030005092168"), reason: None, ..order.clone() }),
                    format!("transaction_id=1004400740201409030005092168\n{amounts}\n{told}"),
                ),
                (queried(RefundSubject::Refund(&refund_id)), "out_refund_no=R20150806125346_1".to_owned()),
                (queried(RefundSubject::OfOrder(0)), "out_trade_no=20150806125346".to_owned()),
                (queried(RefundSubject::OfOrder(10)), "out_trade_no=20150806125346\noffset=10".to_owned()),
            ] {
                let sent = xml::parse(request.as_bytes()).unwrap();
                assert_eq!(merchant.signer.verify(&sent), Ok(()));
                let of_the_envelope = ["appid", "mch_id", "nonce_str", "sign_type", "sign"];
                let own: Fields = sent.iter().filter(|(name, _)| !of_the_envelope.contains(name)).collect();
                assert_eq!(canonical(&own), canonical(&fields(&lines)));
            }
        }
    }

    #[test]
    fn bills_are_asked_for_with_the_fields_of_the_vectors_and_no_others() {
        let day = "2024-01-16".parse().unwrap();
        for merchant in BOTH.map(merchant) {
            let (bill, flow) = (merchant.bill_request(day, &Chance::System), merchant.fund_flow_request(day, &Chance::System));
            for (request, vector) in [(bill, B1), (flow, B2)] {
                let sent = xml::parse(request.as_bytes()).unwrap();
                let own = merchant.of_request(&request);
                assert_eq!(own.signer.verify(&sent), Ok(()));
                // B1 does not name its algorithm, as in the other vectors.
                let is_drawn = |name: &str| ["sign", "nonce_str"].contains(&name) || (vector == B1 && name == "sign_type");
                let sent: Fields = sent.iter().filter(|(name, _)| !is_drawn(name)).chain([("nonce_str", NONCE)]).collect();
                assert_eq!(canonical(&sent), canonical(&fields(vector)));
                let sign = if vector == B2 { SignType::HmacSha256 } else { merchant.signer.sign_type() };
                assert_eq!(own.signer.sign_type(), sign, "the fund flow is signed by this one alone");
            }
        }
    }

    #[test]
    fn a_stored_request_is_for_the_address_that_it_names() {
        let request = xml::write(&opened(&merchant(SignType::Md5), Way::Mweb { site_url: "https://example.com", site_name: "茶" }));
        let is_for = |address: &str| is_for_address(&request, address.parse().unwrap());
        assert!(is_for("123.12.12.123") && is_for("::ffff:123.12.12.123"));
        for other in ["123.12.12.124", "::1", "2001:db8::1"] {
            assert!(!is_for(other), "{other}");
        }
        for request in ["", "<xml></xml>", "<xml><spbill_create_ip>x</spbill_create_ip></xml>"] {
            assert!(!is_for_address(request, "123.12.12.123".parse().unwrap()), "{request}");
        }
    }

    #[test]
    fn a_mapped_address_is_unwrapped() {
        assert_eq!(unmapped("::ffff:1.2.3.4".parse().unwrap()).to_string(), "1.2.3.4");
        assert_eq!(unmapped("2001:db8::1".parse().unwrap()).to_string(), "2001:db8::1");
    }
}
