use super::*;

fn wrong() -> NoticeError {
    NoticeError::Signature(SignatureError::Wrong)
}

fn missing() -> NoticeError {
    NoticeError::Signature(SignatureError::Missing)
}

fn refusal(sign_type: SignType, body: &str) -> NoticeError {
    let notification = read(&merchant(sign_type), body);
    notification.map(|notification| panic!("believed: {notification:?}\n{body}")).unwrap_err()
}

/// The payment with this element in place of the signature; `{sign}` stands for the right one.
fn with_sign(sign_type: SignType, element: &str) -> String {
    let signer = signer(sign_type);
    let unsigned = String::from_utf8(message(&signer, V5)).unwrap();
    unsigned.replace("</xml>", &element.replace("{sign}", &signer.sign(&fields(V5)))) + "</xml>"
}

#[test]
fn without_a_signature_nothing_else_is_looked_at() {
    for lines in [
        V5,
        &without(V5, "return_code"),
        &without(V5, "appid"),
        &without(&without(V5, "return_code"), "result_code"),
        &with(V5, "return_code", "FAIL"),
        &with(V5, "appid", "wx2421b1c4370ec43b"),
        &with(V5, "sign_type", "NONE"),
        &with(V5, "Sign", "9A0A8659F005D6984697E2CA0A9CF3B7"),
        &with(V5, "return_msg", "localhost"),
        "return_code=FAIL\nreturn_msg=签名错误",
        "return_code=SUCCESS",
        "sign=",
    ] {
        assert_eq!(refused(lines), missing(), "{lines}");
        assert_eq!(refused(&with(lines, "sign", "")), missing(), "{lines}");
        assert_eq!(refused(&with(lines, "sign", "9A0A8659F005D6984697E2CA0A9CF3B7")), wrong(), "{lines}");
    }
    assert_eq!(refusal(SignType::Md5, "<xml/>"), missing());
}

#[test]
fn an_empty_signature_is_none_in_every_form() {
    for sign_type in BOTH {
        for element in ["", "<sign/>", "<sign></sign>", "<sign><![CDATA[]]></sign>", "<sign>\n<![CDATA[]]>\n</sign>", "<Sign>{sign}</Sign>"]
        {
            assert_eq!(refusal(sign_type, &with_sign(sign_type, element)), missing(), "{element}");
        }
        for element in ["<sign> </sign>", "<sign>\n</sign>", "<sign><![CDATA[ ]]></sign>", "<sign>&#32;</sign>"] {
            assert_eq!(refusal(sign_type, &with_sign(sign_type, element)), wrong(), "{element}");
        }
    }
}

#[test]
fn a_signature_is_compared_as_a_whole_and_in_upper_case() {
    for sign_type in BOTH {
        let right = signer(sign_type).sign(&fields(V5));
        let taken = read(&merchant(sign_type), with_sign(sign_type, "<sign>{sign}</sign>"));
        assert!(matches!(taken, Ok(News::Paid(_))));
        let mixed = format!("{}{}", &right[..16], right[16..].to_lowercase());
        for forged in [
            right.to_lowercase(),
            mixed,
            format!("{right} "),
            format!(" {right}"),
            format!("{right}\n"),
            format!("{right}\u{200b}"),
            format!("{right}\u{feff}"),
            format!("{right}0"),
            format!("0{right}"),
            right[1..].to_owned(),
            right[..right.len() - 1].to_owned(),
            right[..1].to_owned(),
            right.repeat(2),
            right.chars().rev().collect(),
            "0".repeat(31),
            "0".repeat(32),
            "0".repeat(33),
            "0".repeat(64),
            "0".repeat(10_000),
            "WECHATPAY/SIGNTEST/".to_owned() + &right,
            "*".to_owned(),
            "true".to_owned(),
        ] {
            assert_eq!(refusal(sign_type, &with_sign(sign_type, &format!("<sign><![CDATA[{forged}]]></sign>"))), wrong(), "{forged}");
        }
    }
}

#[test]
fn no_message_chooses_the_algorithm() {
    for (configured, other) in [(SignType::HmacSha256, SignType::Md5), (SignType::Md5, SignType::HmacSha256)] {
        for claim in [None, Some(configured.as_str()), Some(other.as_str()), Some("NONE"), Some("md5"), Some("")] {
            let lines = claim.map_or(paid_lines(), |claim| with(&paid_lines(), "sign_type", claim));
            let forged = String::from_utf8(message(&signer(other), &lines)).unwrap();
            assert_eq!(refusal(configured, &forged), wrong(), "{other:?} called {claim:?}");
        }
    }
}

#[test]
fn a_second_sign_or_sign_type_is_refused_before_the_signature_is_looked_at() {
    for (element, error) in [
        ("<sign>{sign}</sign><sign>{sign}</sign>", XmlError::Repeated),
        ("<sign>{sign}</sign><sign>0</sign>", XmlError::Repeated),
        ("<sign>0</sign><sign>{sign}</sign>", XmlError::Repeated),
        ("<sign/><sign>{sign}</sign>", XmlError::Repeated),
        ("<sign>{sign}</sign><sign_type>MD5</sign_type><sign_type>HMAC-SHA256</sign_type>", XmlError::Repeated),
        ("<sign>{sign}</sign><sign_type[]>MD5</sign_type[]>", XmlError::Forbidden),
        ("<sign>{sign}</sign><key>192006250b4c09247ec02edce69f6a2d</key>", XmlError::Forbidden),
        ("<sign type='MD5'>{sign}</sign>", XmlError::Forbidden),
        ("<sign><b>{sign}</b></sign>", XmlError::Nested),
        ("<sign>{sign}</sign><total_fee>1</total_fee>", XmlError::Repeated),
        ("<sign>{sign}</sign><total_fee>88</total_fee>", XmlError::Repeated),
    ] {
        assert_eq!(refusal(SignType::Md5, &with_sign(SignType::Md5, element)), NoticeError::Malformed(error.into()), "{element}");
    }
}

#[test]
fn a_repeated_total_is_refused_whichever_of_the_two_was_signed() {
    for signed in ["1", "88"] {
        for (first, second) in [("1", "88"), ("88", "1")] {
            let sign = signer(SignType::Md5).sign(&fields(&with(V5, "total_fee", signed)));
            let lines = with(&without(V5, "total_fee"), "sign", &sign);
            let body = String::from_utf8(message(&signer(SignType::Md5), &lines)).unwrap();
            let doubled = format!("<xml><total_fee>{first}</total_fee><total_fee>{second}</total_fee>");
            assert_eq!(refusal(SignType::Md5, &body.replace("<xml>", &doubled)), NoticeError::Malformed(XmlError::Repeated.into()));
        }
    }
}

#[test]
fn the_signature_of_another_merchant_is_wrong() {
    for sign_type in BOTH {
        let theirs = Signer::new(ApiKey::new("8934e7d15453e97507ef794cf7b0519d").unwrap(), sign_type);
        let body = String::from_utf8(message(&theirs, &paid_lines())).unwrap();
        assert_eq!(refusal(sign_type, &body), wrong());
    }
}

#[test]
fn an_unknown_field_is_signed_or_the_message_is_wrong() {
    let merchant = merchant(SignType::Md5);
    for name in ["future_field", "Sign", "SIGN", "sign_", "Key", "KEY"] {
        let body = String::from_utf8(message(&merchant.signer, &with(&paid_lines(), name, "x"))).unwrap();
        assert!(matches!(read(&merchant, &body), Ok(News::Paid(_))), "{name}");
        assert_eq!(refusal(SignType::Md5, &body.replace(&format!("<{name}><![CDATA[x]]></{name}>"), "")), wrong(), "{name} left out");
        let added = with_sign(SignType::Md5, &format!("<sign>{{sign}}</sign><{name}>x</{name}>"));
        assert_eq!(refusal(SignType::Md5, &added), wrong(), "{name} put in");
    }
}

/// `a=1&b=2` is what both `a`, `b` and the single value `1&b=2` of `a` are signed as, so an attacker who holds a signed
/// message can pass some of its fields off as a part of another one.
#[test]
fn fields_drawn_into_one_value_under_the_same_signature_forge_nothing() {
    let more = ["trade_state=SUCCESS", "version=1.0", "zone=1"];
    let lines = more.iter().filter_map(|line| line.split_once('=')).fold(V5.to_owned(), |lines, (name, value)| with(&lines, name, value));
    let merchant = merchant(SignType::Md5);
    let pairs = canonical(&fields(&lines));
    let sign = merchant.signer.sign(&fields(&lines));
    let mut believed = 0;
    for first in 0..pairs.len() {
        for last in first + 1..pairs.len() {
            let drawn = pairs[first..=last].iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
            let drawn = drawn.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            let forged: Fields = pairs[..first].iter().cloned().chain(drawn).chain(pairs[last + 1..].iter().cloned()).collect();
            let forged = forged.with("sign", sign.as_str());
            assert_eq!(merchant.signer.verify(&forged), Ok(()), "the signature does not tell");
            if let Ok(News::Paid(paid)) = read(&merchant, xml::write(&forged)) {
                assert_eq!(facts(&paid), expected_facts(), "{:?}", canonical(&forged));
                believed += 1;
            }
        }
    }
    assert!(believed > 0);
}

/// Whatever is believed after a change says what was signed.
fn assert_forges_nothing(merchant: &Merchant, original: &[u8], changed: &[u8]) {
    if UnverifiedNotice::parse(changed).is_ok_and(|notice| merchant.read_notification(&notice).is_ok()) {
        let meaning = |body: &[u8]| canonical(&xml::parse(body).unwrap());
        assert_eq!(meaning(changed), meaning(original), "{}", String::from_utf8_lossy(changed));
    }
}

fn original(merchant: &Merchant) -> Vec<u8> {
    let body = String::from_utf8(message(&merchant.signer, &with(&paid_lines(), "device_info", ""))).unwrap();
    body.replace("><", ">\n<").into_bytes()
}

#[test]
fn no_flipped_bit_and_no_missing_or_doubled_byte_forges_anything() {
    for merchant in BOTH.map(merchant) {
        let original = original(&merchant);
        assert!(matches!(read(&merchant, &original), Ok(News::Paid(_))));
        for at in 0..original.len() {
            for bit in 0..8 {
                let mut changed = original.clone();
                changed[at] ^= 1 << bit;
                assert_forges_nothing(&merchant, &original, &changed);
            }
            let (before, after) = original.split_at(at);
            assert_forges_nothing(&merchant, &original, &[before, &after[1..]].concat());
            assert_forges_nothing(&merchant, &original, &[before, &after[..1], after].concat());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_other_byte_forges_anything(at in any::<proptest::sample::Index>(), byte: u8, inserted: bool, hmac: bool) {
        let merchant = merchant(if hmac { SignType::HmacSha256 } else { SignType::Md5 });
        let original = original(&merchant);
        let (before, after) = original.split_at(at.index(original.len()));
        let changed = [before, &[byte], if inserted { after } else { &after[1..] }].concat();
        assert_forges_nothing(&merchant, &original, &changed);
    }
}
