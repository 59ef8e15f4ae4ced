//! Bills as a bookkeeper leaves them, stored through the service's own store.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use wechat_pay::deal::{AccountId, BillKind, BillSums, Day, DifferenceKind, DifferenceState, Finding, Found, Timestamp};
use wechat_pay::store::{BillOutcome, FinishedBill, Store, StoredBill, WholeFile};

/// When all of them were stored.
pub fn noon() -> Timestamp {
    "2026-04-01T04:00:00Z".parse().unwrap()
}

/// In lines as on the wire: a payment of this order at this time, and a refund of it.
pub fn text(order_id: &str, at: &str) -> Vec<u8> {
    let header = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,\
                  微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    let row = |state: &str, amounts: &str| {
        format!("`{at},`wxd930ea5d5a258f4f,`10000100,`0,`,`4200000001,`{order_id},`oUpF8u,`NATIVE,`{state},`CMB_CREDIT,`CNY,{amounts}")
    };
    let lines = [
        header.to_owned(),
        row("SUCCESS", "`19.90,`0.00,`0,`0,`0.00,`0.00,`,`,`红茶,`,`0.12000,`0.60%,`19.90,`0.00,`"),
        row("REFUND", "`0.00,`0.00,`5030000001,`R-1,`5.00,`0.00,`ORIGINAL,`SUCCESS,`红茶,`,`-0.03000,`0.60%,`0.00,`5.00,`"),
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额".to_owned(),
        "`2,`19.90,`5.00,`0.00,`0.09000,`19.90,`5.00".to_owned(),
    ];
    format!("\u{feff}{}\r\n", lines.join("\r\n")).into_bytes()
}

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::default());
    packing.write_all(text).unwrap();
    packing.finish().unwrap()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A difference about an order, which the bill has for 19.90.
pub fn differs(kind: DifferenceKind, state: DifferenceState, finding: Option<Finding>, order_id: &str) -> Found {
    Found {
        kind,
        state,
        finding,
        subject: order_id.to_owned(),
        order_id: Some(order_id.to_owned()),
        transaction_id: Some("4200000001".to_owned()),
        refund_id: None,
        ours_fee: None,
        theirs_fee: Some(1990),
        detail: None,
    }
}

/// Bills of one database.
pub struct Bills<'s>(pub &'s Store);

impl Bills<'_> {
    async fn planned(&self, account: &str, day: &str) -> StoredBill {
        let (account, day): (AccountId, Day) = (account.parse().unwrap(), day.parse().unwrap());
        self.0.plan_bills(vec![(account.clone(), day, noon())]).await.unwrap();
        self.0.find_bill(&account, day).await.unwrap().unwrap()
    }

    /// A bill with what came of it: its number.
    pub async fn finished(&self, account: &str, day: &str, outcome: BillOutcome, found: Vec<Found>, detail: Option<&str>) -> i64 {
        let bill = self.planned(account, day).await;
        let until = noon() + chrono::TimeDelta::minutes(10);
        assert!(self.0.take_bill(&bill, until).await.unwrap());
        let has_lines = outcome == BillOutcome::Compared;
        let sums = BillSums { payments: 2, paid_fee: 3980, refunds: 1, refunded_fee: 500, fee: 21_000 };
        let finished = FinishedBill {
            outcome,
            sums: if has_lines { sums } else { BillSums::default() },
            differences: i64::try_from(found.len()).unwrap(),
            unlisted: 0,
            found,
            reopened: Vec::new(),
            detail: detail.map(str::to_owned),
            at: noon(),
            due_at: None,
            announces: false,
        };
        assert!(self.0.finish_bill(&bill, until, finished).await.unwrap());
        bill.id
    }

    /// Keeps this file of a bill, in parts of so many bytes.
    pub async fn file(&self, account: &str, day: &str, text: &[u8], packed_here: bool, part: usize) -> (i64, Vec<u8>) {
        let (bill, packed) = (self.planned(account, day).await, gzip(text));
        let received = if packed_here { text } else { &packed };
        let id = self.0.begin_bill_file(bill.id, BillKind::Trade, packed_here, noon()).await.unwrap();
        let mut parts = 0;
        for piece in packed.chunks(part) {
            self.0.add_bill_part(id, parts, piece.to_vec()).await.unwrap();
            parts += 1;
        }
        let received_bytes = i64::try_from(received.len()).unwrap();
        let file = WholeFile { id, kind: BillKind::Trade, parts, received: received_bytes, sha256: sha256(received) };
        assert!(self.0.end_bill_file(&bill, &file).await.unwrap());
        (id, received.to_vec())
    }
}
