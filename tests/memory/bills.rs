//! What a bill of any length costs: a few hundred kilobytes, wherever it is long.

use std::io::{self, BufReader, Cursor, Read, Write};

use allocation_counter::measure;
use flate2::Compression;
use flate2::write::GzEncoder;
use wechat_pay::channel::wechat::v2::bill::BillReader;

const MIB: u64 = 1 << 20;

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n";
const SUMMARY: &str = "总交易单数,订单总金额\n";

/// A payment of one fen, with so long an attach.
fn row(attach: usize) -> String {
    let before =
        "`2024-01-16 10:01:02,`wxd930ea5d5a258f4f,`10000100,`0,`,`4200002100202401160000000001,`20240116100001,`oUpF8uMEb4qR,`NATIVE";
    let attach = "x".repeat(attach);
    format!("{before},`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`0,`0,`0.00,`0.00,`,`,`茶,`{attach},`0.00000,`0.60%,`0.01,`0.00,`\n")
}

/// The same bytes again and again.
struct Repeated {
    bytes: Vec<u8>,
    at: usize,
}

impl Repeated {
    fn times(bytes: Vec<u8>, times: u64) -> io::Take<Self> {
        let length = bytes.len() as u64 * times;
        Self { bytes, at: 0 }.take(length)
    }
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.bytes[self.at..]).read(buffer)?;
        self.at = (self.at + read) % self.bytes.len();
        Ok(read)
    }
}

#[test]
fn two_hundred_mebibytes_of_a_bill_are_read_in_one() {
    let row = row(1000).into_bytes();
    let rows = 40 * MIB / row.len() as u64;
    // Lines of as many cells as fit into one, and lines that nobody can hold.
    let wide = format!("{}\n", "`x,".repeat(15_000)).into_bytes();
    let long = [vec![b'x'; 2 << 20], vec![b'\n']].concat();
    let summary = format!("{SUMMARY}`{rows},`{}.{:02}\n", rows / 100, rows % 100);
    let file = Cursor::new(HEADER)
        .chain(Repeated::times(row, rows))
        .chain(Repeated::times(wide, 10))
        .chain(Repeated::times(long, 80))
        .chain(Cursor::new(summary));
    let mut end = None;
    let cost = measure(|| {
        let mut bill = BillReader::new(BufReader::new(file)).unwrap();
        let unreadable = bill.by_ref().filter(Result::is_err).count();
        end = Some((unreadable, bill.end().unwrap()));
    });
    let (unreadable, end) = end.unwrap();
    assert_eq!((unreadable, end.unreadable), (90, 90));
    assert_eq!((u64::try_from(end.sums.payments), u64::try_from(end.sums.total_fee)), (Ok(rows), Ok(rows)));
    assert!(end.summary.is_some_and(|sums| sums.iter().all(|sum| sum.agrees())));
    assert!(cost.bytes_max <= MIB, "{} bytes at once", cost.bytes_max);
}

fn packed(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_ref()).unwrap();
    gzip.finish().unwrap()
}

/// As WeChat sends it: the kept file is some megabytes, and what is in it passes by. (It is packed in pieces, so that it need not be made.)
#[test]
fn a_gibibyte_of_a_packed_bill_is_unpacked_in_one_mebibyte() {
    let row = row(30_000).into_bytes();
    let rows_a_piece = MIB / row.len() as u64 + 1;
    let (pieces, rows) = (1024, 1024 * rows_a_piece);
    let piece = packed(row.repeat(usize::try_from(rows_a_piece).unwrap()));
    let summary = format!("{SUMMARY}`{rows},`{}.{:02}\n", rows / 100, rows % 100);
    let (header, summary) = (packed(HEADER), packed(summary));
    assert!(rows * row.len() as u64 >= 1024 * MIB);
    let mut end = None;
    let cost = measure(|| {
        let file = Cursor::new(&header).chain(Repeated::times(piece, pieces)).chain(Cursor::new(&summary));
        let mut bill = BillReader::open(file).unwrap();
        assert!(bill.by_ref().all(|row| row.is_ok()));
        assert_eq!(bill.line_number(), rows + 1);
        end = Some(bill.end().unwrap());
    });
    let end = end.unwrap();
    assert!(end.agrees);
    assert_eq!((u64::try_from(end.sums.payments), u64::try_from(end.sums.total_fee)), (Ok(rows), Ok(rows)));
    assert!(cost.bytes_max <= MIB, "{} bytes at once", cost.bytes_max);
}
