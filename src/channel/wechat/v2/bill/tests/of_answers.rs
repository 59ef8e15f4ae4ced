//! What comes instead of a text: gzip, error documents, other things, and files that break off.

use std::io::{self, BufRead, Write};

use flate2::{Compression, GzBuilder};

use super::samples::{ALL, FUND_FLOW, on_the_wire};
use super::*;
use crate::channel::error::{Ground, Refusal};

/// As WeChat packs a file, with its name in it.
fn packed(text: &[u8]) -> Vec<u8> {
    let mut gzip = GzBuilder::new().filename("1480780492All2017-07-12.csv").write(Vec::new(), Compression::fast());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

/// Gives one byte at a time.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn gzip_and_text_are_told_apart_by_their_first_bytes() {
    let text = on_the_wire(ALL);
    let packed_text = packed(&text);
    assert_eq!(read_through(BillReader::open(&packed_text[..]).unwrap()), read(&text));
    assert_eq!(read_through(BillReader::open(&text[..]).unwrap()), read(&text));
    assert_eq!(read_through(BillReader::open(Drops(&packed_text)).unwrap()), read(&text));
    let flow = on_the_wire(FUND_FLOW);
    assert!(read_through(FundFlowReader::open(&flow[..]).unwrap()).2.agrees);
    assert!(matches!(BillReader::open(&packed(&packed_text)[..]), Err(BillError::MissingColumn("交易时间"))), "nobody unpacks twice");
}

#[test]
fn what_is_packed_in_several_pieces_is_one_file() {
    let text = on_the_wire(ALL);
    for at in [0, 1, 500, 1500, text.len()] {
        let (one, other) = text.split_at(at);
        assert_eq!(read_through(BillReader::open(&[packed(one), packed(other)].concat()[..]).unwrap()), read(&text), "{at}");
    }
}

#[test]
fn a_broken_gzip_has_no_end() {
    let whole = packed(&on_the_wire(ALL));
    let broken = |bytes: Vec<u8>| BillReader::open(&bytes[..]).map_or(true, |bill| bill.end().is_err());
    for length in 2..whole.len() {
        assert!(broken(whole[..length].to_vec()), "cut behind {length} bytes");
    }
    // The checksum and the length stand at the end.
    for at in whole.len() - 8..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(broken(changed), "byte {at}");
    }
    assert!(broken([&whole[..], b"</html>"].concat()), "something stands behind it");
    assert!(!broken(whole));
}

#[test]
fn a_row_is_found_again_by_the_line_it_stands_in() {
    let text = replaced(ALL, "`2024-01-16 11:05:06", "\r\nnonsense\n`2024-01-16 11:05:06");
    let mut bill = BillReader::new(text.as_bytes()).unwrap();
    assert_eq!(bill.line_number(), 0);
    let mut lines = Vec::new();
    while let Some(row) = bill.next() {
        lines.push((bill.line_number(), row.is_ok()));
    }
    assert_eq!(lines, [(2, true), (4, false), (5, true), (6, true), (7, true), (8, true)]);
    assert_eq!(bill.line_number(), 8, "the summary is none");
}

fn document(fields: &str) -> Vec<u8> {
    format!("<xml>{fields}</xml>").into_bytes()
}

#[test]
fn a_day_without_a_bill() {
    for text in ["No Bill Exist", "NO Bill Exist", "no bill exist"] {
        let fields =
            format!("<return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[{text}]]></return_msg><error_code>20002</error_code>");
        for bytes in [document(&fields), [b"\xef\xbb\xbf\r\n", &document(&fields)[..], b"\n"].concat()] {
            assert!(matches!(refused(&bytes), BillError::NoBillExists), "{text}");
            assert!(matches!(BillReader::open(&bytes[..]), Err(BillError::NoBillExists)));
            assert!(matches!(BillReader::open(&packed(&bytes)[..]), Err(BillError::NoBillExists)));
        }
    }
    let lines = document("<return_code>FAIL</return_code>\n<return_msg>No Bill Exist</return_msg>\n");
    assert!(matches!(refused(&lines), BillError::NoBillExists));
    let flow = document("<return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>NO_BILL_EXIST</err_code>");
    assert!(matches!(FundFlowReader::new(&flow[..]), Err(BillError::NoBillExists)));
}

#[test]
fn what_is_worth_asking_again() {
    let said =
        |text: &str| document(&format!("<return_code>FAIL</return_code><return_msg>{text}</return_msg><error_code>20003</error_code>"));
    assert!(matches!(refused(&said("Bill Creating")), BillError::BillCreating));
    assert!(matches!(refused(&document("<err_code>BILL_CREATING</err_code>")), BillError::BillCreating));
    for text in ["SYSTEMERROR", "system error", "CompressGZip Error", "UnCompressGZip Error"] {
        assert!(matches!(refused(&said(text)), BillError::SystemError), "{text}");
    }
}

#[test]
fn refusals_are_told_in_wechat_s_words() {
    let fields =
        |code, text| document(&format!("<return_code>FAIL</return_code><return_msg>{text}</return_msg><error_code>{code}</error_code>"));
    let refusal = |code: &str, text: &str, ground| Refusal { ground, err_code: Some(code.to_owned()), description: text.to_owned() };
    for (code, text, ground) in [
        ("20001", "invalid bill_date", Ground::Other),
        ("20007", "当前商户号账单API权限已经关闭", Ground::Other),
        ("20001", "sign error", Ground::OurSignature),
    ] {
        match refused(&fields(code, text)) {
            BillError::Refused(given) => assert_eq!(given, refusal(code, text, ground)),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(refused(&fields("20001", "invalid bill_date")).to_string(), "WeChat refused: 20001: invalid bill_date");
}

#[test]
fn anything_else_is_no_bill() {
    let long = format!("<xml><a>{}</a></xml>", "x".repeat(1 << 20));
    let entity = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><return_msg>&a;</return_msg></xml>";
    for nothing in ["", "\r\n\r\n", "\u{feff}", "<html><body>502 Bad Gateway</body></html>", "<", "<xml>", &long, entity] {
        assert!(matches!(refused(nothing.as_bytes()), BillError::NotABill), "{}", &nothing[..nothing.len().min(40)]);
    }
    for other in ["ok", "{\"code\":1}", "资金流水总笔数", FUND_FLOW, "\u{0}\u{1}"] {
        assert!(matches!(refused(other.as_bytes()), BillError::MissingColumn("交易时间")), "{other}");
    }
}

/// The connection, or the archive, breaks off.
struct Breaks<'a>(&'a [u8]);

impl Read for Breaks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

#[test]
fn what_cannot_be_read_to_its_end_has_none() {
    let text = on_the_wire(ALL);
    for length in [0, 1, 2, 100] {
        assert!(matches!(BillReader::open(Breaks(&text[..length])), Err(BillError::Read(_))), "{length}");
    }
    for length in [700, text.len()] {
        let mut bill = BillReader::new(BufReader::new(Breaks(&text[..length]))).unwrap();
        let rows = bill.by_ref().filter(Result::is_ok).count();
        assert!(rows >= 1 && bill.next().is_none());
        assert_eq!(bill.end().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

/// A caller waits for its store between two rows, on whatever thread that goes on.
#[test]
fn an_opened_bill_may_be_sent_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let opened: BillReader<Box<dyn BufRead + Send>> = BillReader::open(Cursor::new(on_the_wire(ALL))).unwrap();
    is_send(&opened);
    assert_eq!(std::thread::spawn(|| opened.end().unwrap()).join().unwrap().sums.payments, 2);
}
