//! Bills as texts: what one says, read by the names of its columns and by nothing of the service's.

use std::fmt;
use std::io::Read;

use flate2::read::MultiGzDecoder;

/// A bill of either kind.
#[derive(Debug, Clone)]
pub struct Text {
    /// The byte order mark, if it has one.
    mark: &'static str,
    line_end: &'static str,
    has_final_line_end: bool,
    header: Vec<String>,
    rows: Vec<Row>,
    names: String,
    sums: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Row {
    pub is_refund: bool,
    cells: Vec<String>,
}

/// A payment that a bill has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentLine {
    pub day: String,
    pub mch_id: String,
    pub order_id: String,
    pub transaction_id: String,
    /// In fen.
    pub fee: i64,
}

/// A refund that a bill has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundLine {
    pub order_id: String,
    pub transaction_id: String,
    pub refund_id: String,
    pub wechat_refund_id: String,
    /// In fen.
    pub fee: i64,
}

/// What a trade bill says.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    pub payments: Vec<PaymentLine>,
    pub refunds: Vec<RefundLine>,
    /// Lines that nobody can read.
    pub unreadable: usize,
}

impl Text {
    /// `None`: it is no whole bill.
    pub fn read(text: &str) -> Option<Self> {
        let (mark, text) = text.strip_prefix('\u{feff}').map_or(("", text), |text| ("\u{feff}", text));
        if text.starts_with('<') {
            return None;
        }
        let mut lines = text.trim_end().split('\n').map(|line| line.trim_end_matches('\r'));
        let header: Vec<_> = lines.next()?.split(',').map(str::to_owned).collect();
        let (mut rows, mut names, mut sums) = (Vec::new(), None, None);
        for line in lines {
            match line.strip_prefix('`').map(|line| line.split(",`").map(str::to_owned).collect::<Vec<_>>()) {
                None => names = Some(line.to_owned()),
                Some(cells) if names.is_some() => sums = Some(cells),
                Some(cells) => rows.push(Row { is_refund: cells.iter().any(|cell| cell == "REFUND"), cells }),
            }
        }
        Some(Self {
            mark,
            line_end: if text.contains('\r') { "\r\n" } else { "\n" },
            has_final_line_end: text.ends_with('\n'),
            header,
            rows,
            names: names?,
            sums: sums?,
        })
    }

    /// What was sent, packed or plain. `None`: it is broken, or was cut.
    pub fn received(bytes: &[u8]) -> Option<Self> {
        let mut text = String::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            MultiGzDecoder::new(bytes).read_to_string(&mut text).ok()?;
        } else {
            text.push_str(str::from_utf8(bytes).ok()?);
        }
        Self::read(&text)
    }

    /// Both in one.
    pub fn with(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.sums = self.sums.iter().zip(&other.sums).map(|(one, other)| sum(one, other)).collect();
        self
    }

    /// The first such row says something else in this column.
    pub fn changed(mut self, column: &str, is_meant: impl Fn(&Row) -> bool, change: impl FnOnce(&mut String)) -> Self {
        let place = self.header.iter().position(|name| name == column);
        let row = self.rows.iter_mut().find(|row| is_meant(row));
        if let Some(cell) = place.zip(row).and_then(|(place, row)| row.cells.get_mut(place)) {
            change(cell);
        }
        self
    }

    /// What it says.
    pub fn lines(&self) -> Lines {
        let mut lines = Lines::default();
        for row in &self.rows {
            if row.cells.len() != self.header.len() {
                lines.unreadable += 1;
                continue;
            }
            let place = |names: &[&str]| names.iter().find_map(|name| self.header.iter().position(|column| column == name));
            let cell = |names: &[&str]| row.cells[place(names).expect("a column that every bill has")].clone();
            let (order_id, transaction_id) = (cell(&["商户订单号"]), cell(&["微信订单号"]));
            if row.is_refund {
                let (refund_id, wechat_refund_id) = (cell(&["商户退款单号"]), cell(&["微信退款单号"]));
                let fee = fen(&cell(&["申请退款金额", "退款金额"]));
                lines.refunds.push(RefundLine { order_id, transaction_id, refund_id, wechat_refund_id, fee });
            } else {
                let (day, mch_id) = (cell(&["交易时间"])[..10].to_owned(), cell(&["商户号"]));
                lines.payments.push(PaymentLine { day, mch_id, order_id, transaction_id, fee: fen(&cell(&["订单金额", "总金额"])) });
            }
        }
        lines
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.line_end;
        write!(f, "{}{}{end}", self.mark, self.header.join(","))?;
        for row in &self.rows {
            write!(f, "`{}{end}", row.cells.join(",`"))?;
        }
        write!(f, "{}{end}`{}{}", self.names, self.sums.join(",`"), if self.has_final_line_end { end } else { "" })
    }
}

/// Of two numbers with decimals.
fn sum(one: &str, other: &str) -> String {
    let decimals = |number: &str| number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let most = decimals(one).max(decimals(other));
    let sum = scaled(one, most) + scaled(other, most);
    let (sign, digits) = (if sum < 0 { "-" } else { "" }, format!("{:0width$}", sum.abs(), width = most + 1));
    let (whole, rest) = digits.split_at(digits.len() - most);
    if most == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

fn scaled(number: &str, decimals: usize) -> i64 {
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    format!("{whole}{rest:0<decimals$}").parse().unwrap_or_else(|_| panic!("{number} is no number"))
}

fn fen(yuan: &str) -> i64 {
    scaled(yuan, 2)
}
