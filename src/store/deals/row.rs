//! Rows of `deal`, and what they mean.

use crate::deal::{
    AccountId, Deal, DealStatus, Details, Fen, Mode, OrderId, Prepay, Refunded, Ticket, Timestamp, TradeType, UnknownStatus,
};

use crate::store::columns::time;
use crate::store::schema::foreign_clock::ForeignClock;

/// A row that cannot be a deal: another program has written what neither the original nor this service writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImpossibleRow {
    /// The `order_id` is none.
    #[error("row {0} of deal has an impossible order_id")]
    OrderId(i64),
    /// The `status` is none of 0, 1, 2 and NULL.
    #[error("row {0} of deal: {1}")]
    Status(i64, UnknownStatus),
}

/// The question for rows of `deal`, in either engine's words.
pub fn select(condition: &str) -> String {
    select_from("deal", condition)
}

/// The same when other tables are joined.
pub fn select_from(tables: &str, condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM {tables} WHERE {condition}")
}

/// The columns of a [`DealRow`]. A decimal becomes the double that it is nearest to.
pub const COLUMNS: &str = "\
    CAST(id AS SIGNED) AS id, order_id, CAST(merchant_id AS SIGNED) AS merchant_id, \
    CAST(product_id AS SIGNED) AS product_id, CAST(status AS SIGNED) AS status, CAST(mode AS SIGNED) AS mode, transaction_id, \
    transaction_key, price + 0e0 AS price, price_last + 0e0 AS price_last, total_fee, prepay_request, code_url, mweb_url, prepay_id, refusal, \
    trade_type, checkout_id, \
    account, CAST(account_named AS SIGNED) AS account_named, description, reference, return_url, cancel_url, \
    refunded_fee, refund_count, CAST(refund_last_at AS CHAR(19)) AS refund_last_at, \
    CAST(refunds_due_at AS CHAR(19)) AS refunds_due_at, \
    CAST(refunded_at AS CHAR(19)) AS refunded_at, CAST(create_at AS CHAR(19)) AS create_at, \
    CAST(update_at AS CHAR(19)) AS update_at, CAST(expires_at AS CHAR(19)) AS expires_at, CAST(due_at AS CHAR(19)) AS due_at, \
    CAST(asking_until AS CHAR(19)) AS asking_until";

/// One row as both engines give it. Times come as text, since a table of the original may hold `0000-00-00`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DealRow {
    pub id: i64,
    pub order_id: String,
    pub status: Option<i64>,
    mode: Option<i64>,
    merchant_id: i64,
    product_id: i64,
    pub transaction_id: Option<String>,
    transaction_key: Option<String>,
    price: f64,
    price_last: f64,
    total_fee: Option<i64>,
    create_at: Option<String>,
    update_at: Option<String>,
    expires_at: Option<String>,
    pub due_at: Option<String>,
    prepay_request: Option<String>,
    asking_until: Option<String>,
    code_url: Option<String>,
    mweb_url: Option<String>,
    prepay_id: Option<String>,
    trade_type: Option<String>,
    checkout_id: Option<String>,
    refusal: Option<String>,
    refunded_at: Option<String>,
    refunded_fee: Option<i64>,
    refund_count: Option<i64>,
    refund_last_at: Option<String>,
    pub refunds_due_at: Option<String>,
    account: Option<String>,
    account_named: Option<i64>,
    description: Option<String>,
    reference: Option<String>,
    return_url: Option<String>,
    cancel_url: Option<String>,
}

impl DealRow {
    /// The one of several with this number that counts: the paid one, else the newest. Collations of old tables find too much
    /// ('AbC ' for 'abc'), so the bytes are compared here.
    pub fn of_record(mut rows: Vec<Self>, order_id: &OrderId) -> Option<Self> {
        rows.retain(|row| row.order_id == order_id.as_str());
        rows.into_iter().max_by_key(|row| (row.status == Some(DealStatus::Paid.code()), row.id))
    }

    /// The deal that the row stands for; `clock` is that of the other programs' sessions.
    pub fn into_deal(self, clock: ForeignClock) -> Result<Deal, ImpossibleRow> {
        let status = DealStatus::from_code(self.status).map_err(|unknown| ImpossibleRow::Status(self.id, unknown))?;
        let charged = self.charged();
        let trade_type = TradeType::from_column(self.trade_type.as_deref());
        let created_at = time(self.create_at).unwrap_or(Timestamp::UNIX_EPOCH);
        let is_ours = self.total_fee.is_some() || self.prepay_request.is_some() || self.expires_at.is_some();
        Ok(Deal {
            order_id: self.order_id.parse::<OrderId>().map_err(|_| ImpossibleRow::OrderId(self.id))?,
            id: self.id,
            account: AccountId::from_column(self.account),
            account_named: self.account_named == Some(1),
            merchant_id: self.merchant_id,
            product_id: self.product_id,
            details: Details {
                description: self.description.and_then(|text| text.parse().ok()),
                reference: self.reference.and_then(|text| text.parse().ok()),
                return_url: self.return_url.map(Into::into),
                cancel_url: self.cancel_url.map(Into::into),
            },
            trade_type,
            checkout_id: self.checkout_id.and_then(|text| text.parse().ok()),
            charged,
            status,
            transaction_id: self.transaction_id.filter(|id| !id.is_empty()),
            transaction_key: self.transaction_key,
            mode: Mode::from_code(self.mode),
            created_at,
            foreign: (!is_ours).then(|| clock.read(created_at)),
            paid_at: if status == DealStatus::Paid { time(self.update_at) } else { None },
            refunded_at: time(self.refunded_at),
            refunded: Refunded {
                fee: self.refunded_fee.and_then(Fen::new),
                count: self.refund_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
                last_at: time(self.refund_last_at),
                list_due_at: time(self.refunds_due_at),
            },
            expires_at: time(self.expires_at),
            due_at: time(self.due_at),
            prepay: Prepay {
                request: self.prepay_request,
                asking_until: time(self.asking_until),
                ticket: Ticket::from_columns(trade_type, [self.code_url, self.mweb_url, self.prepay_id]),
                refusal: self.refusal,
            },
        })
    }

    /// When a row that the original has just inserted is first looked at: it is due from the start, unless it is decided or
    /// WeChat knows nothing of it.
    pub fn first_look(&self, clock: ForeignClock) -> Option<Timestamp> {
        let is_followed = self.status.unwrap_or(0) == DealStatus::Unpaid.code() && Mode::from_code(self.mode).is_wechat();
        if is_followed { time(self.create_at.clone()).map(|created_at| clock.earliest(created_at)) } else { None }
    }

    fn charged(&self) -> Option<Fen> {
        charged(self.total_fee, self.price, self.price_last)
    }
}

/// `total_fee` in rows of ours; in those of the original `price_last`, or `price` where it is 0.
pub fn charged(total_fee: Option<i64>, price: f64, price_last: f64) -> Option<Fen> {
    match total_fee {
        Some(fen) => Fen::new(fen),
        None if price_last == 0.0 => Fen::from_price(price),
        None => Fen::from_price(price_last),
    }
}
