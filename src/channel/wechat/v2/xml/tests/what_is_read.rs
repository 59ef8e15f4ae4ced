use super::*;

#[test]
fn layout_between_the_elements_does_not_matter() {
    let expected = fields("return_code=SUCCESS\ntotal_fee=88");
    for text in [
        "<xml><return_code><![CDATA[SUCCESS]]></return_code><total_fee>88</total_fee></xml>",
        "<xml><return_code><![CDATA[SUCCESS]]></return_code>\n<total_fee>88</total_fee>\n</xml>\n",
        "<xml>\r\n\t<return_code>SUCCESS</return_code>\r\n\t<total_fee>88</total_fee>\r\n</xml>\r\n",
        " \n<xml >\n<return_code >SUCCESS</return_code ><total_fee\n>88</total_fee\t></xml > ",
        "<?xml version=\"1.0\"?><xml><return_code>SUCCESS</return_code><total_fee>88</total_fee></xml>",
        "<?xml version='1.0' encoding='utf-8'?>\n<xml><return_code>SUCCESS</return_code><total_fee>88</total_fee></xml>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><xml><return_code>SUCCESS</return_code><total_fee>88</total_fee></xml>",
        "<!-- 1 --><xml><!-- 2 --><return_code>SUCCESS</return_code><!-- 3 --><total_fee>88</total_fee></xml><!-- 4 -->",
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(expected.clone()), "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_taken_off_once_and_only_at_the_start() {
    assert_eq!(parse("\u{feff}<xml><a>1</a></xml>".as_bytes()), Ok(fields("a=1")));
    assert_eq!(parse("\u{feff}<?xml version='1.0'?><xml><a>1</a></xml>".as_bytes()), Ok(fields("a=1")));
    assert_eq!(value("<a>\u{feff}</a>"), "\u{feff}");
    refused([
        ("\u{feff}\u{feff}<xml><a>1</a></xml>", XmlError::Malformed),
        (" \u{feff}<xml><a>1</a></xml>", XmlError::Malformed),
        ("<xml>\u{feff}<a>1</a></xml>", XmlError::Malformed),
        ("<xml><a>1</a></xml>\u{feff}", XmlError::Malformed),
    ]);
}

#[test]
fn an_empty_element_has_three_forms_and_the_field_is_there_without_a_value() {
    for text in ["<a/>", "<a />", "<a></a>", "<a><![CDATA[]]></a>", "<a>\n<![CDATA[]]>\n</a>"] {
        assert_eq!(value(text), "", "{text}");
    }
    let message = parse(b"<xml><a/></xml>").unwrap();
    assert!(message.contains("a"));
    assert_eq!(message.get("a"), None);
}

#[test]
fn a_message_may_have_no_fields() {
    for text in ["<xml/>", "<xml></xml>", "<xml>\n</xml>"] {
        assert_eq!(parse(text.as_bytes()), Ok(Fields::new()), "{text}");
    }
}

#[test]
fn text_cdata_and_character_references_are_joined() {
    for (field, expected) in [
        ("<a>1&amp;2</a>", "1&2"),
        ("<a>&lt;&gt;&quot;&apos;&amp;amp;</a>", "<>\"'&amp;"),
        ("<a>&#x31;&#48;&#x5FAE;&#24494;</a>", "10微微"),
        ("<a>&#x1F600;</a>", "😀"),
        ("<a>腾<![CDATA[讯]]>&#x5145;值</a>", "腾讯充值"),
        ("<a><![CDATA[a]]><![CDATA[b]]></a>", "ab"),
        ("<a><![CDATA[]]]]><![CDATA[>]]></a>", "]]>"),
        ("<a><![CDATA[<b>&amp;&#49;</b>]]></a>", "<b>&amp;&#49;</b>"),
        ("<a><![CDATA[<!-- no comment -->]]></a>", "<!-- no comment -->"),
        ("<a>x > y</a>", "x > y"),
    ] {
        assert_eq!(value(field), expected, "{field}");
    }
}

#[test]
fn white_space_around_cdata_is_layout_and_within_it_or_without_it_is_the_value() {
    for (field, expected) in [
        ("<a>\n  <![CDATA[x]]>\n</a>", "x"),
        ("<a> <![CDATA[ x ]]> </a>", " x "),
        ("<a> <![CDATA[ ]]> </a>", " "),
        ("<a>\n<![CDATA[x]]>\n<![CDATA[y]]>\n</a>", "xy"),
        ("<a> x </a>", " x "),
        ("<a> </a>", " "),
        ("<a>\t\n</a>", "\t\n"),
        ("<a> &amp; </a>", " & "),
        ("<a>&#32;<![CDATA[x]]>&#x20;</a>", " x "),
        ("<a>\u{a0}<![CDATA[x]]>\u{3000}</a>", "\u{a0}x\u{3000}"),
    ] {
        assert_eq!(value(field), expected, "{field:?}");
    }
}

#[test]
fn every_line_end_is_one_line_feed_before_anything_is_verified() {
    for (field, expected) in [
        ("<a>x\r\ny</a>", "x\ny"),
        ("<a>x\ry</a>", "x\ny"),
        ("<a><![CDATA[x\r\n\r\ny\r]]></a>", "x\n\ny\n"),
        ("<a>x&#13;\ny</a>", "x\r\ny"),
    ] {
        assert_eq!(value(field), expected, "{field:?}");
    }
}

#[test]
fn characters_that_mislead_the_eye_are_kept_for_the_signature() {
    for c in ['\u{2028}', '\u{202e}', '\u{200b}', '\u{7f}', '\u{85}', '\u{fffd}', '\u{e000}', '\u{10ffff}'] {
        assert_eq!(value(&format!("<a>{c}</a>")), String::from(c), "U+{:X}", u32::from(c));
    }
}

#[test]
fn names_differ_by_case_and_by_what_is_appended() {
    let message = parse(b"<xml><total_fee>88</total_fee><Total_Fee>1</Total_Fee><total_fee_0>2</total_fee_0><Key>3</Key></xml>").unwrap();
    assert_eq!(message, fields("total_fee=88\nTotal_Fee=1\ntotal_fee_0=2\nKey=3"));
    assert_eq!(message.get("total_fee"), Some("88"));
}

#[test]
fn ten_times_the_fields_cost_about_ten_times_as_much() {
    let message = |count: usize| format!("<xml>{}</xml>", (0..count).map(|i| format!("<a{i:x}/>")).collect::<String>());
    let (few, many) = (message(750), message(7_500));
    let cost = |message: &str, times: usize| {
        let started = std::time::Instant::now();
        for _ in 0..times {
            parse(message.as_bytes()).unwrap();
        }
        started.elapsed()
    };
    // The same number of fields either way; what is worse than linear is far off in each round, a busy machine only in some.
    let rounds: Vec<_> = (0..10).map(|_| (cost(&few, 10), cost(&many, 1))).collect();
    assert!(rounds.iter().any(|(few, many)| *many < *few * 3), "{rounds:?}");
}

#[test]
fn as_much_is_read_as_the_limits_allow() {
    let many: Fields = (0..4_000).map(|i| (format!("f{i}"), "1")).collect();
    assert_eq!(parse(write(&many).as_bytes()), Ok(many));
    let long_name = Fields::new().with(&"n".repeat(10_000), "x");
    assert_eq!(parse(write(&long_name).as_bytes()), Ok(long_name));
    let long_value = Fields::new().with("a", "x".repeat(MAX_BYTES - "<xml><a><![CDATA[]]></a></xml>".len()));
    let longest = write(&long_value);
    assert_eq!(longest.len(), MAX_BYTES);
    assert_eq!(parse(longest.as_bytes()), Ok(long_value));
}
