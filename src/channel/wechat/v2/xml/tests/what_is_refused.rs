use super::XmlError::*;
use super::*;

#[test]
fn a_document_type_in_any_place_or_spelling() {
    refused([
        (r#"<!DOCTYPE xml [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><xml><return_code>&xxe;</return_code></xml>"#, Forbidden),
        (r#"<!DOCTYPE xml [<!ENTITY % d SYSTEM "http://127.0.0.1:9/x.dtd"> %d;]><xml><a>1</a></xml>"#, Forbidden),
        (r#"<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml><a>1</a></xml>"#, Forbidden),
        (r#"<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><v>&b;</v></xml>"#, Forbidden),
        (r#"<!DOCTYPE xml PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd"><xml><a>1</a></xml>"#, Forbidden),
        ("<!DOCTYPE xml><xml><a>1</a></xml>", Forbidden),
        ("<!doctype xml><xml><a>1</a></xml>", Forbidden),
        ("<!DocType xml><xml><a>1</a></xml>", Forbidden),
        ("<!-- hello --><!DOCTYPE xml><xml><a>1</a></xml>", Forbidden),
        ("<!-- hello -->\n<!doctype xml [<!ENTITY e 'x'>]><xml><a>&e;</a></xml>", Forbidden),
        ("<?xml version='1.0'?><!DOCTYPE xml><xml><a>1</a></xml>", Forbidden),
        ("<xml><!DOCTYPE xml><a>1</a></xml>", Forbidden),
        ("<xml><a><!DOCTYPE xml>1</a></xml>", Forbidden),
        ("<xml><a>1</a></xml><!DOCTYPE xml>", Forbidden),
        ("<!DOCTYPE xml", Malformed),
        ("<!ENTITY e 'x'><xml><a>1</a></xml>", Malformed),
        ("<xml><a><![INCLUDE[x]]></a></xml>", Malformed),
    ]);
}

#[test]
fn processing_instructions_and_a_declaration_that_is_not_first() {
    refused([
        ("<?xml-stylesheet href='http://127.0.0.1:9/x.xsl'?><xml><a>1</a></xml>", Forbidden),
        ("<xml><?php exit ?><a>1</a></xml>", Forbidden),
        ("<xml><a>1<?pi?>2</a></xml>", Forbidden),
        ("<xml><a>1</a></xml><?pi?>", Forbidden),
        ("<?XML version='1.0'?><xml><a>1</a></xml>", Forbidden),
        ("\n<?xml version='1.0'?><xml><a>1</a></xml>", Malformed),
        ("<!-- hello --><?xml version='1.0'?><xml><a>1</a></xml>", Malformed),
        ("<?xml version='1.0'?><?xml version='1.0'?><xml><a>1</a></xml>", Malformed),
        ("<xml><?xml version='1.0'?><a>1</a></xml>", Malformed),
        ("<xml><a><?xml version='1.0'?>1</a></xml>", Malformed),
    ]);
}

#[test]
fn a_comment_within_a_value() {
    refused([
        ("<xml><total_fee>1<!-- -->00</total_fee></xml>", Forbidden),
        ("<xml><a><!-- --></a></xml>", Forbidden),
        ("<xml><a><![CDATA[1]]><!-- --></a></xml>", Forbidden),
    ]);
}

#[test]
fn attributes_namespaces_and_prefixes() {
    let all_at_once =
        |attribute: fn(usize) -> String, count| format!("<xml{}><a>1</a></xml>", (0..count).map(attribute).collect::<String>());
    refused([
        ("<xml a='1'><a>1</a></xml>", Forbidden),
        ("<xml><a b='1'>1</a></xml>", Forbidden),
        ("<xml><a b='1'/></xml>", Forbidden),
        ("<xml><a b>1</a></xml>", Forbidden),
        ("<xml xmlns='http://example.com'><a>1</a></xml>", Forbidden),
        ("<xml xmlns:w='http://example.com'><w:total_fee>1</w:total_fee></xml>", Forbidden),
        ("<xml><w:total_fee>1</w:total_fee></xml>", Forbidden),
        ("<xml xml:base='http://127.0.0.1:9/'><a>1</a></xml>", Forbidden),
        ("<xml><xi:include href='file:///etc/passwd'/></xml>", Forbidden),
        ("<w:xml><a>1</a></w:xml>", Root),
    ]);
    refused([
        (all_at_once(|i| format!(" a{i}=''"), 5_000), Forbidden),
        (all_at_once(|i| format!(" xmlns:n{i}='u'"), 3_000), Forbidden),
        (all_at_once(|i| format!(" xmlns:n{i}='u'"), 10_000), TooLarge),
    ]);
    for attributes in [" a=''".repeat(80_000), " xmlns:n='u'".repeat(10_000)] {
        assert_eq!(Parser::of("xml").run(&format!("<xml{attributes}><a>1</a></xml>")), Err(Forbidden));
    }
}

#[test]
fn names_that_are_no_names_of_fields() {
    refused([
        ("<xml><key>1</key></xml>", Forbidden),
        ("<xml><key/></xml>", Forbidden),
        ("<xml><a>1</a><key><![CDATA[192006250b4c09247ec02edce69f6a2d]]></key></xml>", Forbidden),
        ("<xml><sign_type[]>NONE</sign_type[]></xml>", Forbidden),
        ("<xml><0>1</0></xml>", Forbidden),
        ("<xml><-a>1</-a></xml>", Forbidden),
        ("<xml><a&b>1</a&b></xml>", Forbidden),
        ("<xml><a=b>1</a=b></xml>", Forbidden),
        ("<xml><金额>1</金额></xml>", Forbidden),
        ("<xml><а>1</а></xml>", Forbidden),
        ("<xml><>1</></xml>", Forbidden),
    ]);
}

#[test]
fn elements_within_fields_however_deep() {
    refused([("<xml><a><b>1</b></a></xml>", Nested), ("<xml><a>1<b/></a></xml>", Nested), ("<xml><xml><a>1</a></xml></xml>", Nested)]);
    refused([
        (format!("<xml>{}{}</xml>", "<a>".repeat(5_000), "</a>".repeat(5_000)), Nested),
        ("<a>".repeat(20_000), Root),
        (format!("<xml>{}", "<a>".repeat(1_000_000)), TooLarge),
    ]);
    assert_eq!(Parser::of("xml").run(&format!("<xml>{}", "<a>".repeat(1_000_000))), Err(Nested), "whatever the limit of the size is");
}

#[test]
fn repeated_fields_whatever_their_values_forms_and_places() {
    refused([
        ("<xml><total_fee>1</total_fee><total_fee>1</total_fee></xml>", Repeated),
        ("<xml><total_fee>1</total_fee><total_fee>100</total_fee></xml>", Repeated),
        ("<xml><total_fee>100</total_fee><total_fee>1</total_fee></xml>", Repeated),
        ("<xml><a>1</a><b>2</b><c>3</c><a>1</a></xml>", Repeated),
        ("<xml><sign>A</sign><sign>A</sign></xml>", Repeated),
        ("<xml><sign>A</sign><a>1</a><sign></sign></xml>", Repeated),
        ("<xml><a></a><a>1</a></xml>", Repeated),
        ("<xml><a/><a/></xml>", Repeated),
        ("<xml><a>1</a><a/></xml>", Repeated),
        ("<xml><a>1</a><a ><![CDATA[1]]></a></xml>", Repeated),
        ("<xml><a>1</a><a b=''>1</a></xml>", Forbidden),
    ]);
}

#[test]
fn anything_before_after_or_beside_the_one_root() {
    refused([
        ("", Malformed),
        (" \n", Malformed),
        ("<!-- nothing -->", Malformed),
        ("<?xml version='1.0'?>", Malformed),
        ("garbage<xml><a>1</a></xml>", Malformed),
        ("<xml><a>1</a></xml>garbage", Malformed),
        ("<xml><a>1</a></xml>&amp;", Malformed),
        ("&#32;<xml><a>1</a></xml>", Malformed),
        ("<![CDATA[]]><xml><a>1</a></xml>", Malformed),
        ("<xml><a>1</a></xml><![CDATA[]]>", Malformed),
        ("<xml><a>1</a></xml><xml><a>2</a></xml>", Malformed),
        ("<xml><a>1</a></xml><xml/>", Malformed),
        ("<xml/><xml/>", Malformed),
        ("<xml>text<a>1</a></xml>", Malformed),
        ("<xml><a>1</a>text</xml>", Malformed),
        ("<xml><a>1</a>&#49;</xml>", Malformed),
        ("<xml><![CDATA[1]]><a>1</a></xml>", Malformed),
        ("\u{a0}<xml><a>1</a></xml>", Malformed),
        ("<xml><a>1</a>\u{3000}</xml>", Malformed),
    ]);
}

#[test]
fn tags_that_do_not_match_or_do_not_end() {
    refused([
        ("</xml>", Malformed),
        ("</xml><xml><a>1</a></xml>", Malformed),
        ("<xml>", Malformed),
        ("<xml><a>1</a>", Malformed),
        ("<xml><a>1</xml>", Malformed),
        ("<xml><a>1</a></xml></xml>", Malformed),
        ("<xml><a>1</b></xml>", Malformed),
        ("<xml><a>1</A></xml>", Malformed),
        ("<xml><a>1</a></XML>", Malformed),
        ("<xml><a>1</a b='1'></xml>", Malformed),
        ("<xml><a>1</a></xml", Malformed),
        ("<xml><a>1</", Malformed),
        ("<xml><a", Malformed),
        ("<", Malformed),
        ("<xml><a><![CDATA[1</a></xml>", Malformed),
        ("<xml><a><![CDATA[1]]</a></xml>", Malformed),
        ("<xml><a><![cdata[1]]></a></xml>", Malformed),
        ("<xml><!-- <a>1</a></xml>", Malformed),
        ("<?xml version='1.0'", Malformed),
    ]);
}

#[test]
fn any_other_root() {
    refused([
        ("<root><a>1</a></root>", Root),
        ("<XML><a>1</a></XML>", Root),
        ("<Xml><a>1</a></Xml>", Root),
        ("<xml1/>", Root),
        ("<soap/>", Root),
        ("<html><head><title>404 Not Found</title></head><body><hr>nginx<br></body></html>", Root),
    ]);
}

#[test]
fn references_to_what_is_not_defined_or_not_a_character() {
    for reference in [
        "&e;",
        "&nbsp;",
        "&AMP;",
        "&xxe;",
        "&;",
        "&amp",
        "& ",
        "&",
        "&&amp;",
        "&#;",
        "&#x;",
        "&#0;",
        "&#x0;",
        "&#1;",
        "&#x1F;",
        "&#xB;",
        "&#xD800;",
        "&#55357;&#56832;",
        "&#xFFFE;",
        "&#xFFFF;",
        "&#x110000;",
        "&#99999999999;",
        "&#+49;",
        "&#-49;",
        "&#x+31;",
        "&#X31;",
        "&# 49;",
        "&#49 ;",
        "&#4９;",
        "&#x 31;",
    ] {
        refused([(format!("<xml><a>{reference}</a></xml>"), Malformed)]);
    }
}

#[test]
fn other_encodings_declared_or_not() {
    let text = "<xml><a>1</a></xml>";
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<_>>();
    let utf32 = |to_bytes: fn(u32) -> [u8; 4]| text.chars().map(u32::from).flat_map(to_bytes).collect::<Vec<_>>();
    refused([
        ("<?xml version='1.0' encoding='GBK'?><xml><a>1</a></xml>", Encoding),
        ("<?xml version='1.0' encoding='gb2312'?><xml><a>1</a></xml>", Encoding),
        ("<?xml version='1.0' encoding='UTF-16'?><xml><a>1</a></xml>", Encoding),
        ("<?xml version='1.0' encoding='utf8'?><xml><a>1</a></xml>", Encoding),
        ("<?xml version='1.0' encoding=''?><xml><a>1</a></xml>", Encoding),
        ("<?xml version='1.0' encoding=UTF-8?><xml><a>1</a></xml>", Encoding),
        ("+ADw-xml+AD4-+ADw-a+AD4-1+ADw-/a+AD4-+ADw-/xml+AD4-", Malformed),
    ]);
    refused([
        ([b"\xff\xfe".as_slice(), &utf16(u16::to_le_bytes)].concat(), Encoding),
        ([b"\xfe\xff".as_slice(), &utf16(u16::to_be_bytes)].concat(), Encoding),
        (utf16(u16::to_le_bytes), Encoding),
        (utf16(u16::to_be_bytes), Encoding),
        ([b"\xff\xfe\0\0".as_slice(), &utf32(u32::to_le_bytes)].concat(), Encoding),
        ([b"\0\0\xfe\xff".as_slice(), &utf32(u32::to_be_bytes)].concat(), Encoding),
        (utf32(u32::to_le_bytes), Encoding),
    ]);
}

#[test]
fn bytes_that_are_no_utf8_and_characters_that_are_no_xml() {
    for (name, bytes) in [
        ("GBK", b"\xce\xa2\xd0\xc5".as_slice()),
        ("a lone continuation byte", b"\x80"),
        ("a character cut short", b"\xe5\xbe"),
        ("an overlong NUL", b"\xc0\x80"),
        ("an overlong <", b"\xc0\xbc"),
        ("an overlong < of three bytes", b"\xe0\x80\xbc"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("a pair of surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
        ("beyond U+10FFFF", b"\xf4\x90\x80\x80"),
        ("NUL", b"\0"),
        ("a bell", b"\x07"),
        ("a vertical tab", b"\x0b"),
        ("a form feed", b"\x0c"),
        ("escape", b"\x1b"),
        ("the last C0 control", b"\x1f"),
        ("U+FFFE", b"\xef\xbf\xbe"),
        ("U+FFFF", b"\xef\xbf\xbf"),
    ] {
        for (before, after) in
            [("<xml><a>", "</a></xml>"), ("<xml><a><![CDATA[", "]]></a></xml>"), ("", "<xml><a>1</a></xml>"), ("<xml><a>1</a></xml>", "")]
        {
            assert_eq!(parse(&[before.as_bytes(), bytes, after.as_bytes()].concat()), Err(Encoding), "{name} after {before:?}");
        }
    }
}

#[test]
fn more_than_the_limits_allow() {
    refused([
        (write(&Fields::new().with("a", "x".repeat(MAX_BYTES))), TooLarge),
        (format!("<xml><a>1</a></xml>{}", " ".repeat(MAX_BYTES)), TooLarge),
        ("x".repeat(MAX_BYTES + 1), TooLarge),
    ]);
    refused([(vec![0xff; MAX_BYTES + 1], TooLarge)]);
}

#[test]
fn what_is_no_xml_at_all() {
    refused([
        (r#"{"return_code":"SUCCESS","total_fee":1}"#, Malformed),
        ("return_code=SUCCESS&total_fee=1", Malformed),
        ("<!DOCTYPE html><html><body>404</body></html>", Forbidden),
        ("<?php echo 1;", Malformed),
        ("success", Malformed),
    ]);
    refused([(b"\x0a\x07SUCCESS\x10\x58".as_slice(), Encoding), (b"\x1f\x8b\x08\0\0\0\0\0".as_slice(), Encoding)]);
}

#[test]
fn nothing_of_the_input_is_echoed() {
    for error in [TooLarge, Encoding, Malformed, Forbidden, Root, Nested, Repeated] {
        let text = crate::channel::Malformed::from(error).to_string();
        assert!(text.is_ascii() && !text.contains(['<', '>', '&', '\n']), "{text}");
    }
    let shown = format!("{:?}", fields("openid=oUpF8uMEb4qRXf22hE3X68TekukE\nsign=9A0A8659F005D6984697E2CA0A9CF3B7"));
    assert_eq!(shown, r#"["openid", "sign"]"#);
}
