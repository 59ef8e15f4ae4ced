//! A writer of bills, from the protocol's description and not from the reader: each generation and type, with any rows.

use proptest::prelude::*;

use super::*;
use crate::deal::{BeijingTime, Fen, RefundState, Timestamp};

/// A generation and a type of bill, as its header and its summary's.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    header: &'static str,
    summary: &'static str,
}

const OF_C: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

pub const FORMS: [Form; 6] = [
    Form {
        header: "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率",
        summary: "总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额",
    },
    Form {
        header: "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率",
        summary: "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额",
    },
    Form {
        header: "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
        summary: OF_C,
    },
    // SUCCESS, with the sums of the documents; REFUND; RECHARGE_REFUND.
    Form {
        header: "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注",
        summary: "总交易单数,应结订单总金额,手续费总金额,订单总金额",
    },
    Form {
        header: "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
        summary: OF_C,
    },
    Form {
        header: "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,返还手续费,费率,订单金额,申请退款金额",
        summary: OF_C,
    },
];

impl Form {
    fn has(self, column: &str) -> bool {
        self.header.split(',').any(|name| name == column)
    }

    /// The row as this form can tell it; `None`: it has no such rows.
    fn told(self, row: Row) -> Option<Row> {
        match row {
            Row::Payment(_) if self.has("退款申请时间") => None,
            Row::Refund(_) if !self.has("退款金额") => None,
            Row::Payment(mut row) => {
                if !self.has("应结订单金额") {
                    row.settlement_fee = row.total_fee.get();
                }
                Some(Row::Payment(row))
            }
            Row::Refund(mut row) => {
                if !self.has("申请退款金额") {
                    row.settlement_refund_fee = row.refund_fee.get();
                }
                if !self.has("退款申请时间") {
                    (row.requested_at, row.refunded_at) = (None, None);
                }
                Some(Row::Refund(row))
            }
        }
    }
}

/// A row and what nobody reads of it.
#[derive(Debug, Clone)]
pub struct Written {
    pub row: Row,
    openid: String,
    goods: String,
    attach: String,
}

/// A whole file.
#[derive(Debug, Clone)]
pub struct File {
    pub rows: Vec<Written>,
    form: Form,
    has_mark: bool,
    line_end: &'static str,
    is_short: bool,
}

impl File {
    pub fn text(&self) -> String {
        let summary = self.form.summary.split(',').map(|name| format!("`{}", self.sum(name))).collect::<Vec<_>>().join(",");
        let rows = self.rows.iter().map(|written| {
            let cells = self.form.header.split(',').map(|name| format!("`{}", self.cell(name, written)));
            cells.collect::<Vec<_>>().join(",")
        });
        let lines = std::iter::once(self.form.header.to_owned()).chain(rows).chain([self.form.summary.to_owned(), summary]);
        let lines: String = lines.map(|line| line + self.line_end).collect();
        if self.has_mark { format!("\u{feff}{lines}") } else { lines }
    }

    fn money(&self, amount: i64, decimals: usize) -> String {
        let sign = if amount < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", amount.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let short = fraction.trim_end_matches('0');
        match (self.is_short, short) {
            (true, "") if amount == 0 => "0".to_owned(),
            (true, "") => format!("{sign}{whole}.0"),
            (true, short) => format!("{sign}{whole}.{short}"),
            (false, _) => format!("{sign}{whole}.{fraction}"),
        }
    }

    fn cell(&self, name: &str, written: &Written) -> String {
        let yuan = |fen: i64| self.money(fen, 2);
        let or_nought = |number: &Option<String>| number.clone().unwrap_or_else(|| "0".to_owned());
        let time = |time: Timestamp| BeijingTime::from(time).naive().format("%Y-%m-%d %H:%M:%S").to_string();
        match (name, &written.row) {
            ("用户标识", _) => written.openid.clone(),
            ("商品名称", _) => written.goods.clone(),
            ("商户数据包", _) => written.attach.clone(),
            ("费率", _) => "0.60%".to_owned(),
            ("设备号" | "付款银行" | "费率备注", _) => String::new(),
            ("交易类型", _) => "NATIVE".to_owned(),
            ("交易时间", Row::Payment(row)) => time(row.paid_at),
            ("公众账号ID", Row::Payment(PaymentRow { appid, .. }) | Row::Refund(RefundRow { appid, .. })) => appid.clone(),
            ("商户号", Row::Payment(PaymentRow { mch_id, .. }) | Row::Refund(RefundRow { mch_id, .. })) => mch_id.clone(),
            ("特约商户号" | "子商户号", Row::Payment(PaymentRow { sub_mch_id, .. }) | Row::Refund(RefundRow { sub_mch_id, .. })) => {
                or_nought(sub_mch_id)
            }
            ("微信订单号", Row::Payment(PaymentRow { transaction_id, .. }) | Row::Refund(RefundRow { transaction_id, .. })) => {
                transaction_id.clone()
            }
            ("商户订单号", Row::Payment(PaymentRow { order_id, .. }) | Row::Refund(RefundRow { order_id, .. })) => order_id.clone(),
            ("货币种类", Row::Payment(PaymentRow { is_cny, .. }) | Row::Refund(RefundRow { is_cny, .. })) => {
                if *is_cny { "CNY" } else { "HKD" }.to_owned()
            }
            ("手续费" | "返还手续费", Row::Payment(PaymentRow { fee, .. }) | Row::Refund(RefundRow { fee, .. })) => {
                self.money(*fee, 5)
            }
            ("交易状态", Row::Payment(_)) => "SUCCESS".to_owned(),
            ("应结订单金额" | "总金额", Row::Payment(row)) => yuan(row.settlement_fee),
            ("代金券金额" | "企业红包金额" | "代金券或立减优惠金额", Row::Payment(row)) => yuan(row.coupon_fee),
            ("订单金额", Row::Payment(row)) => yuan(row.total_fee.get()),
            ("微信退款单号" | "商户退款单号", Row::Payment(_)) => "0".to_owned(),
            ("退款类型" | "退款状态", Row::Payment(_)) => String::new(),
            (_, Row::Payment(_)) => yuan(0),
            ("交易时间", Row::Refund(row)) => time(row.booked_at),
            ("退款申请时间", Row::Refund(row)) => row.requested_at.map(time).unwrap_or_default(),
            ("退款成功时间", Row::Refund(row)) => row.refunded_at.map(time).unwrap_or_default(),
            ("交易状态", Row::Refund(row)) => if row.is_reversal { "REVOKED" } else { "REFUND" }.to_owned(),
            ("微信退款单号", Row::Refund(row)) => or_nought(&row.wechat_refund_id),
            ("商户退款单号", Row::Refund(row)) => or_nought(&row.refund_id),
            ("退款金额", Row::Refund(row)) => yuan(row.settlement_refund_fee),
            ("充值券退款金额" | "企业红包退款金额" | "代金券或立减优惠退款金额", Row::Refund(row)) => {
                yuan(row.coupon_refund_fee)
            }
            ("申请退款金额", Row::Refund(row)) => yuan(row.refund_fee.get()),
            ("退款类型", Row::Refund(_)) => "ORIGINAL".to_owned(),
            ("退款状态", Row::Refund(row)) => match row.state {
                None => "",
                Some(RefundState::Failed) => "FAIL",
                Some(RefundState::Abnormal) => "CHANGE",
                Some(RefundState::Closed) => "REFUNDCLOSE",
                Some(state) => state.as_str(),
            }
            .to_owned(),
            (_, Row::Refund(_)) => yuan(0),
        }
    }

    fn sum(&self, name: &str) -> String {
        let over_payments = |of: fn(&PaymentRow) -> i64| -> i64 {
            self.rows.iter().map(|written| if let Row::Payment(row) = &written.row { of(row) } else { 0 }).sum()
        };
        let over_refunds = |of: fn(&RefundRow) -> i64| -> i64 {
            self.rows.iter().map(|written| if let Row::Refund(row) = &written.row { of(row) } else { 0 }).sum()
        };
        match name {
            "总交易单数" if self.is_short => format!("{}.0", self.rows.len()),
            "总交易单数" => self.rows.len().to_string(),
            "应结订单总金额" | "总交易额" => self.money(over_payments(|row| row.settlement_fee), 2),
            "退款总金额" | "总退款金额" => self.money(over_refunds(|row| row.settlement_refund_fee), 2),
            "手续费总金额" => self.money(over_payments(|row| row.fee) + over_refunds(|row| row.fee), 5),
            "订单总金额" => self.money(over_payments(|row| row.total_fee.get()), 2),
            "申请退款总金额" => self.money(over_refunds(|row| row.refund_fee.get()), 2),
            _ => self.money(over_refunds(|row| row.coupon_refund_fee), 2),
        }
    }
}

/// What stands in goods and attach: the separator, quotes, anything but line ends.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = ["`", ",", ",`", "0.60%", "总交易单数", "\"", "{\"a\":1}", "<xml>", "会员", "\u{feff}", "\t", "\\n", "😀", "0"];
    let piece = prop_oneof![
        proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        any::<char>().prop_filter("a line end", |c| !matches!(c, '\r' | '\n')).prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (1_400_000_000i64..2_000_000_000).prop_map(|seconds| Timestamp::from_timestamp(seconds, 0).unwrap())
}

fn any_number() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.8, "[1-9][0-9A-Za-z]{0,27}")
}

fn any_amount() -> impl Strategy<Value = i64> {
    prop_oneof![0i64..3, 0i64..100_000, 0i64..=99_999_999_999]
}

fn any_fen() -> impl Strategy<Value = Fen> {
    any_amount().prop_map(|fen| Fen::new(fen.max(1)).unwrap())
}

fn any_payment() -> impl Strategy<Value = Row> {
    let numbers = ("wx[0-9a-f]{16}", "[1-9][0-9]{7,9}", any_number(), "[1-9][0-9]{27}", "[0-9A-Za-z_|*@-]{1,32}");
    (any_time(), numbers, any::<bool>(), any_fen(), any_amount(), any_amount(), 0i64..10_000_000_000).prop_map(
        |(paid_at, (appid, mch_id, sub_mch_id, transaction_id, order_id), is_cny, total_fee, settlement_fee, coupon_fee, fee)| {
            let order = PaymentRow {
                paid_at,
                appid,
                mch_id,
                sub_mch_id,
                transaction_id,
                order_id,
                is_cny,
                total_fee,
                settlement_fee,
                coupon_fee,
                fee,
            };
            Row::Payment(order)
        },
    )
}

fn any_refund() -> impl Strategy<Value = Row> {
    let state = proptest::option::of(proptest::sample::select(RefundState::ALL.to_vec()));
    let times = (proptest::option::of(any_time()), proptest::option::of(any_time()));
    let (numbers, amounts) = ((any_number(), any_number()), (any_fen(), any_amount(), any_amount(), -10_000_000_000i64..=0));
    (any_payment(), times, numbers, amounts, state).prop_map(|(of, times, (refund_id, wechat_refund_id), amounts, state)| {
        let Row::Payment(of) = of else { unreachable!() };
        Row::Refund(RefundRow {
            booked_at: of.paid_at,
            requested_at: times.0,
            refunded_at: times.1,
            appid: of.appid,
            mch_id: of.mch_id,
            sub_mch_id: of.sub_mch_id,
            transaction_id: of.transaction_id,
            order_id: of.order_id,
            is_reversal: wechat_refund_id.is_none(),
            refund_id,
            wechat_refund_id,
            is_cny: of.is_cny,
            refund_fee: amounts.0,
            settlement_refund_fee: amounts.1,
            coupon_refund_fee: amounts.2,
            fee: amounts.3,
            state,
        })
    })
}

/// Any rows in any form, with its rows only.
pub fn any_file() -> impl Strategy<Value = File> {
    let written = (prop_oneof![any_payment(), any_refund()], "[0-9A-Za-z_-]{0,28}", any_text(), any_text());
    let written = written.prop_map(|(row, openid, goods, attach)| Written { row, openid, goods, attach });
    let form = (proptest::sample::select(FORMS.to_vec()), any::<bool>(), proptest::sample::select(vec!["\n", "\r\n"]), any::<bool>());
    (proptest::collection::vec(written, 0..6), form).prop_map(|(rows, (form, has_mark, line_end, is_short))| {
        let told = rows.into_iter().filter_map(|written| Some(Written { row: form.told(written.row)?, ..written }));
        File { rows: told.collect(), form, has_mark, line_end, is_short }
    })
}
