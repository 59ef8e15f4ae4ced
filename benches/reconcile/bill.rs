//! The bill of the day as WeChat sends it, with a row for each deal.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use wechat_pay::simulator::DEFAULT_MERCHANT;

use crate::books::{Books, Deal};

const HEADER: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";
const SUMMARY: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n";
/// The price of a deal, and WeChat's 0.60 % of it, in fen.
const FEN: u64 = 1990;
const FEE: u64 = 12;

/// How the day is written in the question for it.
pub fn date(books: &Books) -> String {
    books.day.to_string().replace('-', "")
}

/// The file, packed. WeChat's rows are in no order (PROTOCOL.md, 16.2), so that a batch of them is scattered over all pages of a table; or they are in that of
/// the books.
pub fn packed(books: &Books, is_in_order: bool) -> Vec<u8> {
    let mut file = GzEncoder::new(Vec::new(), Compression::default());
    file.write_all(HEADER.as_bytes()).unwrap();
    // Without a divisor in common with the rows, so that each comes once.
    let factor = if is_in_order { 1 } else { (7_368_787..).find(|factor| gcd(*factor, books.rows) == 1).unwrap() };
    for place in 0..books.rows {
        let number = place * factor % books.rows + 1;
        write_row(&mut file, number, &books.deal(number));
    }
    let (sum, fees) = (yuan(books.rows * FEN), yuan(books.rows * FEE));
    file.write_all(SUMMARY.as_bytes()).unwrap();
    write!(file, "`{},`{sum},`0.00,`0.00,`{fees}000,`{sum},`0.00\r\n", books.rows).unwrap();
    file.finish().unwrap()
}

fn write_row(file: &mut impl Write, number: u64, deal: &Deal) {
    let Deal { paid_at, order_id, transaction_id } = deal;
    let (appid, mch_id, payer) = (DEFAULT_MERCHANT.appid, DEFAULT_MERCHANT.mch_id, number * 2_654_435_761 % 1_000_000_000_000);
    write!(
        file,
        "`{},`{appid},`{mch_id},`0,`,`{transaction_id},`{order_id},`oUpF8uM{payer:021},`NATIVE,`SUCCESS,`OTHERS,`CNY,`{price},`0.00,`0,`0,\
         `0.00,`0.00,`,`,`红茶 2 盒,`,`{fee}000,`0.60%,`{price},`0.00,`\r\n",
        paid_at.format("%Y-%m-%d %H:%M:%S"),
        price = yuan(FEN),
        fee = yuan(FEE),
    )
    .unwrap();
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}
