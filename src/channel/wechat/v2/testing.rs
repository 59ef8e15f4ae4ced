//! What the tests of this folder share: one merchant, messages written as lines, and arbitrary fields.

use proptest::prelude::*;

use crate::channel::error::SignatureError;
use crate::channel::notice::{News, NoticeError, Reading};
use crate::deal::AccountId;

use super::fields::Fields;
use super::merchant::Merchant;
use super::notification::UnverifiedNotice;
use super::sign::{ApiKey, SignType, Signer};
use super::xml;

/// The key of WeChat's worked example.
pub(super) const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
pub(super) const BOTH: [SignType; 2] = [SignType::Md5, SignType::HmacSha256];

pub(super) fn signer(sign_type: SignType) -> Signer {
    Signer::new(ApiKey::new(KEY).unwrap(), sign_type)
}

pub(super) fn merchant(sign_type: SignType) -> Merchant {
    Merchant {
        account: AccountId::default(),
        appid: "wxd930ea5d5a258f4f".to_owned(),
        mch_id: "10000100".to_owned(),
        sub_mch_id: None,
        sub_appid: None,
        signer: signer(sign_type),
        previous_key: None,
        notify_url: "https://example.com/wxPay/callback".to_owned(),
        refund_notify_url: "https://example.com/wxPay/refund".to_owned(),
    }
}

/// A service provider that asks in the name of a sub-merchant.
pub(super) fn provider(sign_type: SignType) -> Merchant {
    let (sub_mch_id, sub_appid) = (Some("1900000109".to_owned()), Some("wx2421b1c4370ec43b".to_owned()));
    Merchant { account: "shop2".parse().unwrap(), sub_mch_id, sub_appid, ..merchant(sign_type) }
}

/// Reads a notification by the configured algorithm only.
pub(super) fn read(merchant: &Merchant, body: impl AsRef<[u8]>) -> Result<News, NoticeError> {
    match merchant.read_notification(&UnverifiedNotice::parse(body.as_ref())?)? {
        Reading::Verified(news) => Ok(news),
        Reading::OtherAlgorithm(_) => Err(SignatureError::Wrong.into()),
    }
}

/// Fields from lines of the form `name=value`.
pub(super) fn fields(lines: &str) -> Fields {
    lines.lines().map(|line| line.split_once('=').unwrap()).collect()
}

/// Lines with one more field, or with another value of a field that they have.
pub(super) fn with(lines: &str, name: &str, value: &str) -> String {
    assert!(!value.contains('\n'), "one line a field");
    let line = format!("{name}={value}");
    if !fields(lines).contains(name) {
        return format!("{lines}\n{line}");
    }
    let keep = |old: &str| if names(old, name) { line.clone() } else { old.to_owned() };
    lines.lines().map(keep).collect::<Vec<_>>().join("\n")
}

/// Lines without a field that they have.
pub(super) fn without(lines: &str, name: &str) -> String {
    assert!(fields(lines).contains(name), "{name} is not there to be left out");
    lines.lines().filter(|line| !names(line, name)).collect::<Vec<_>>().join("\n")
}

fn names(line: &str, name: &str) -> bool {
    line.split_once('=').is_some_and(|(n, _)| n == name)
}

/// The message of these lines. The line `sign=?` gets the right signature; without that line the message is unsigned.
pub(super) fn message(signer: &Signer, lines: &str) -> Vec<u8> {
    let fields = fields(lines);
    let sign = signer.sign(&fields);
    let filled: Fields = fields.iter().map(|field| if field == ("sign", "?") { ("sign", sign.as_str()) } else { field }).collect();
    xml::write(&filled).into_bytes()
}

/// What the signature is over: the fields that are not empty, in order.
pub(super) fn canonical(fields: &Fields) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    pairs.sort();
    pairs
}

/// Any lawful fields but `sign`, in any order. Their values are made of everything that XML can carry and of
/// everything that means something in it, except for a carriage return, which XML cannot carry as it is.
pub(super) fn any_fields() -> impl Strategy<Value = Fields> {
    let names = "[A-Za-z_][A-Za-z0-9_.-]{0,20}".prop_filter("not a field", |name| name != "key" && name != "sign");
    let fields = proptest::collection::btree_map(names, any_value(), 0..12).prop_map(|map| map.into_iter().collect::<Vec<_>>());
    fields.prop_shuffle().prop_map(Fields::from_iter)
}

pub(super) fn any_value() -> impl Strategy<Value = String> {
    let markup = ["]]>", "]]", ">", "&", "&amp;", "&#49;", "<", "<![CDATA[", "</a>", "</xml>", "<!--", "<?", "=", "\"", "'"];
    let plain = ["", " ", "\n", "\t", "0", "88", "微信支付", "😀", "\u{feff}", "\u{2028}", "\u{202e}", "\u{85}", "\u{7f}"];
    let piece = prop_oneof![
        proptest::sample::select(markup.to_vec()).prop_map(str::to_owned),
        proptest::sample::select(plain.to_vec()).prop_map(str::to_owned),
        any::<char>().prop_filter("not an XML character", |c| is_text(*c)).prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// XML 1.0's characters, but for the carriage return.
fn is_text(c: char) -> bool {
    matches!(u32::from(c), 0x9 | 0xA | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10_FFFF)
}
