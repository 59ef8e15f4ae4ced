//! What comes instead of a text: gzip, error documents, other things, and files that break off.

use std::io::{self, BufRead};

use super::samples::{ALL, FUND_FLOW, on_the_wire};
use super::*;
use crate::channel::error::{Ground, Refusal};

/// Unpacks what only begins as gzip does.
struct Unwrap;

impl Gunzip for Unwrap {
    fn gunzip<'a>(&self, mut packed: Box<dyn Read + Send + 'a>) -> Box<dyn Read + Send + 'a> {
        let mut magic = [0; 2];
        packed.read_exact(&mut magic).unwrap();
        assert_eq!(magic, [0x1f, 0x8b], "it is given the whole");
        packed
    }
}

/// Must not be asked.
struct Never;

impl Gunzip for Never {
    fn gunzip<'a>(&self, _packed: Box<dyn Read + Send + 'a>) -> Box<dyn Read + Send + 'a> {
        panic!("this is no gzip")
    }
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
    let packed = [&[0x1f, 0x8b][..], &text].concat();
    assert_eq!(read_through(BillReader::open(&packed[..], &Unwrap).unwrap()), read(&text));
    assert_eq!(read_through(BillReader::open(&text[..], &Never).unwrap()), read(&text));
    assert_eq!(read_through(BillReader::open(Drops(&packed), &Unwrap).unwrap()), read(&text));
    let flow = on_the_wire(FUND_FLOW);
    assert!(read_through(FundFlowReader::open(&flow[..], &Never).unwrap()).2.agrees);
    // Packed twice, it is no bill.
    let twice = [&[0x1f, 0x8b][..], &packed].concat();
    assert!(matches!(BillReader::open(&twice[..], &Unwrap), Err(BillError::MissingColumn("交易时间"))));
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
            assert!(matches!(BillReader::open(&bytes[..], &Never), Err(BillError::NoBillExists)));
            let packed = [&[0x1f, 0x8b][..], &bytes].concat();
            assert!(matches!(BillReader::open(&packed[..], &Unwrap), Err(BillError::NoBillExists)));
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
        assert!(matches!(BillReader::open(Breaks(&text[..length]), &Never), Err(BillError::Read(_))), "{length}");
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
    let opened: BillReader<Box<dyn BufRead + Send>> = BillReader::open(Cursor::new(on_the_wire(ALL)), &Never).unwrap();
    is_send(&opened);
    assert_eq!(std::thread::spawn(|| opened.end().unwrap()).join().unwrap().sums.payments, 2);
}
