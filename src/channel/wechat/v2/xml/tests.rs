use proptest::prelude::*;

use super::*;
use crate::channel::wechat::v2::testing::{any_fields, any_value, fields};

mod what_is_read;
mod what_is_refused;

/// Every text is refused, each for the reason beside it.
fn refused<T: AsRef<[u8]>>(cases: impl IntoIterator<Item = (T, XmlError)>) {
    for (message, error) in cases {
        let message = message.as_ref();
        let start = String::from_utf8_lossy(&message[..message.len().min(200)]);
        assert_eq!(parse(message), Err(error), "{start}");
    }
}

/// The value of the only field, which is `a`.
fn value(field: &str) -> String {
    let message = parse(format!("<xml>{field}</xml>").as_bytes()).unwrap_or_else(|error| panic!("{error:?}: {field}"));
    let [("a", value)] = message.iter().collect::<Vec<_>>()[..] else { panic!("not the field a alone: {field}") };
    value.to_owned()
}

#[test]
fn numbers_are_written_plain_and_everything_else_in_cdata() {
    let message = fields("total_fee=88\nbody=腾讯\nattach=\nmch_id=007\nfee=-1\nwide=８８\nsplit=a]]>b]]>\nmarkup=<b>&amp;</b>");
    assert_eq!(
        write(&message),
        "<xml><total_fee>88</total_fee><body><![CDATA[腾讯]]></body><attach><![CDATA[]]></attach><mch_id>007</mch_id>\
         <fee><![CDATA[-1]]></fee><wide><![CDATA[８８]]></wide><split><![CDATA[a]]]]><![CDATA[>b]]]]><![CDATA[>]]></split>\
         <markup><![CDATA[<b>&amp;</b>]]></markup></xml>"
    );
    assert_eq!(write(&Fields::new()), "<xml></xml>");
}

#[test]
fn a_carriage_return_does_not_survive_the_wire() {
    let sent = Fields::new().with("a", "x\r\ny\rz");
    assert_eq!(parse(write(&sent).as_bytes()), Ok(Fields::new().with("a", "x\ny\nz")));
}

/// A value as an XML writer without CDATA would write it, every character in a form of its own choosing.
fn escaped(value: &str, forms: &[u8]) -> String {
    let mut forms = forms.iter().cycle();
    let escape = |c: char| match (c, forms.next()) {
        ('&', _) => "&amp;".to_owned(),
        ('<', _) => "&lt;".to_owned(),
        (_, Some(0)) => format!("&#{};", u32::from(c)),
        (_, Some(1)) => format!("&#x{:x};", u32::from(c)),
        (_, Some(2)) => format!("&#x{:04X};", u32::from(c)),
        _ => c.to_string(),
    };
    value.chars().map(escape).collect()
}

/// Pieces of markup, lawful and not, strung together; some of them within a field, where most are lawful.
fn soup() -> impl Strategy<Value = String> {
    let lawful =
        ["<![CDATA[1]]>", "<![CDATA[ ]]>", "<![CDATA[<a>]]>", "&amp;", "&lt;", "&#49;", "&#13;", "1", "微", "]]>", ">", "\u{feff}"];
    let layout = [" ", "\r", "\n", "</a><b>", "</b>\n<a>", "</a><c/><d>", "</d><!-- --><a>"];
    let marks = [
        "<",
        "</",
        "/>",
        "<a",
        "<a ",
        "</xml>",
        "<xml>",
        "<![CDATA[",
        "]]",
        "<!--",
        "-->",
        "<!",
        "<!DOCTYPE",
        "[",
        "<?xml ",
        "<?",
        "?>",
        "&",
        "&#x",
        ";",
        "=",
    ];
    let piece = |marked| {
        let marks = proptest::sample::select(marks.to_vec());
        prop_oneof![4 => proptest::sample::select(lawful.to_vec()), 3 => proptest::sample::select(layout.to_vec()), marked => marks]
    };
    let field = proptest::collection::vec(piece(1), 0..6).prop_map(|pieces| format!("<xml><a>{}</a></xml>", pieces.concat()));
    let anything = proptest::collection::vec(piece(20), 0..24).prop_map(|pieces| pieces.concat());
    prop_oneof![3 => field, 1 => anything]
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(sent in any_fields()) {
        prop_assert_eq!(parse(write(&sent).as_bytes()), Ok(sent));
    }

    #[test]
    fn however_a_value_is_escaped_it_is_read_once(text in any_value(), forms in proptest::collection::vec(0u8..6, 1..8)) {
        prop_assert_eq!(value(&format!("<a>{}</a>", escaped(&text, &forms))), text);
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused_but_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = parse(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_passes_is_lawful_and_means_the_same_when_written_by_us(text in soup()) {
        if let Ok(read) = parse(text.as_bytes()) {
            let names: std::collections::HashSet<_> = read.iter().map(|(name, _)| name).collect();
            prop_assert_eq!(names.len(), read.len());
            prop_assert!(!names.contains("key"));
            prop_assert!(!text.contains("<!DOCTYPE") || text.contains("<![CDATA[") || text.contains("<!--"));
            if !read.iter().any(|(_, value)| value.contains('\r')) {
                prop_assert_eq!(parse(write(&read).as_bytes()), Ok(read));
            }
        }
    }
}

#[test]
fn sixteen_kilobytes_of_noise_never_panic() {
    let chance = crate::chance::Chance::seeded(1);
    for _ in 0..50 {
        let noise: Vec<u8> = (0..1024).flat_map(|_| chance.draw().to_le_bytes()).collect();
        assert_eq!(parse(&noise), Err(XmlError::Encoding));
    }
}
