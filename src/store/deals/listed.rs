//! The SQL of lists: ranges of an index, read from their newer ends, and what else must be true of a row.

use crate::deal::{DealStatus, Fen, ListedBy, Listing, OrderId, Place, Sellers};
use crate::store::columns::column;
use crate::store::engine::connection::{Conn, by_engine};
use crate::store::engine::index_hints::by_index;
use crate::store::engine::values::Values;

use super::row::{COLUMNS, DealRow};
use super::{accounts, sellers};

/// A row and its place.
#[derive(sqlx::FromRow)]
pub struct ListedRow {
    place_time: String,
    /// The row.
    #[sqlx(flatten)]
    pub row: DealRow,
}

impl ListedRow {
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { time: self.place_time.clone(), id: self.row.id }
    }
}

/// The time of a [`ListedRow`]'s place, with what an old table has of a second.
pub fn place_time(time: &str) -> String {
    format!("CAST({time} AS CHAR(26)) AS place_time")
}

/// In rows of the original a double says what is charged. To a tenth of a fen: it is noisy.
const OF_FEE: &str = "(total_fee = ? OR (total_fee IS NULL AND ABS(CASE WHEN price_last = 0 THEN price ELSE price_last END - ?) < 0.001))";

/// What must be true of a row of record, whichever index it was found by; filled by [`Bounds::filter`].
pub fn filter(is_mysql: bool) -> String {
    let (of_accounts, of_sellers) = (accounts::is_in_set(is_mysql), sellers::is_in_set(is_mysql));
    format!(
        "order_key IS NOT NULL AND (? IS NULL OR COALESCE(status, 0) = ?) AND (? IS NULL OR merchant_id = ?) \
         AND (? IS NULL OR {of_accounts}) AND (? IS NULL OR {of_sellers}) AND (? IS NULL OR {OF_FEE}) \
         AND (? IS NULL OR INSTR(order_key, ?) > 0)"
    )
}

/// What rows are read in the order of.
#[derive(Debug, Clone, Copy)]
pub enum Line {
    /// All, by when they were opened.
    Created,
    /// The paid ones, by when they were paid.
    Paid,
    /// Those of one seller, by when they were opened.
    Seller(i64),
}

/// A part of a line: the range of one question, for no optimizer reads a pair of columns as one range.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Of one time, with lower numbers than this.
    Beside,
    /// Of earlier times.
    Below,
}

/// The texts of one part of one line.
pub struct Texts {
    /// The place of the last row that may be looked at; its time and number, by the index alone.
    pub last: String,
    /// The rows down to that place of which the rest is true.
    pub rows: String,
}

impl Texts {
    /// An optimizer that hopes for one of the newest rows would walk through them all, so it is told the index.
    pub fn new(is_mysql: bool, line: Line, part: Part) -> Self {
        let (index, time, beginning) = match line {
            Line::Created => ("deal_create_at", "create_at", ""),
            Line::Paid => ("deal_status_update_at", "update_at", "status = 1 AND "),
            Line::Seller(_) => ("deal_seller_create_at", "create_at", "merchant_id = ? AND "),
        };
        let table = format!("deal {}", by_index(index, is_mysql));
        // With a bound of its own beside the equation, SQLite would take that for the range.
        let (range, bound, floor) = match part {
            Part::Beside => (format!("{beginning}{time} = ? AND id < ?"), String::new(), "id >= ?".to_owned()),
            Part::Below => {
                let bound = format!(" AND {time} >= ?");
                (format!("{beginning}{time} < ?"), bound, format!("{time} >= ? AND ({time} > ? OR id >= ?)"))
            }
        };
        let (place, filter) = (place_time(time), filter(is_mysql));
        // By the columns' whole names, for the short ones are those of what is selected, and nothing is in the order of these.
        let order = format!("ORDER BY deal.{time} DESC, deal.id DESC");
        Self {
            last: format!("SELECT {place}, CAST(id AS SIGNED) AS place_id FROM {table} WHERE {range}{bound} {order} LIMIT 1 OFFSET ?"),
            rows: format!("SELECT {place}, {COLUMNS} FROM {table} WHERE {range} AND {floor} AND {filter} {order} LIMIT ?"),
        }
    }

    /// Those of a line's part.
    pub fn of(conn: &Conn, line: Line, part: Part) -> &'static Self {
        match (line, part) {
            (Line::Created, Part::Beside) => by_engine!(conn, Texts, |is_mysql| Texts::new(is_mysql, Line::Created, Part::Beside)),
            (Line::Created, Part::Below) => by_engine!(conn, Texts, |is_mysql| Texts::new(is_mysql, Line::Created, Part::Below)),
            (Line::Paid, Part::Beside) => by_engine!(conn, Texts, |is_mysql| Texts::new(is_mysql, Line::Paid, Part::Beside)),
            (Line::Paid, Part::Below) => by_engine!(conn, Texts, |is_mysql| Texts::new(is_mysql, Line::Paid, Part::Below)),
            (Line::Seller(_), Part::Beside) => by_engine!(conn, Texts, |is_mysql| Texts::new(is_mysql, Line::Seller(0), Part::Beside)),
            (Line::Seller(_), Part::Below) => by_engine!(conn, Texts, |is_mysql| Texts::new(is_mysql, Line::Seller(0), Part::Below)),
        }
    }
}

/// What the texts are filled with, for one listing.
pub struct Bounds {
    /// Before this, as the columns have it.
    pub until: String,
    /// From this on, likewise.
    pub from: String,
    status: Option<i64>,
    merchant_id: Option<i64>,
    accounts: Option<String>,
    sellers: Option<String>,
    fee: Option<Fen>,
    part: Option<OrderId>,
}

impl Bounds {
    /// Those of a listing.
    pub fn of(listing: &Listing) -> Self {
        let written = |time| column(time).to_string();
        Self {
            until: listing.until.map_or_else(|| "9999-12-31 23:59:59".to_owned(), written),
            // A table of the original may hold this.
            from: listing.from.map_or_else(|| "0000-00-00 00:00:00".to_owned(), written),
            status: listing.status.map(DealStatus::code),
            merchant_id: listing.merchant_id,
            accounts: listing.accounts().map(accounts::set),
            sellers: listing.reach.sellers.as_ref().map(sellers::set),
            fee: listing.fee,
            part: listing.part.clone(),
        }
    }

    /// Of [`Texts::last`]: the `allowed`-th row of the part.
    pub fn last<'v>(&'v self, line: Line, from: PartFrom<'v>, allowed: u32) -> Values<'v> {
        let mut values = from.values(line);
        if let Part::Below = from.part() {
            values.add(self.from.as_str());
        }
        values.add(allowed.saturating_sub(1));
        values
    }

    /// Of [`Texts::rows`]: so many, down to that place.
    pub fn rows<'v>(&'v self, line: Line, from: PartFrom<'v>, down_to: Option<&'v Place>, limit: u32) -> Values<'v> {
        let mut values = from.values(line);
        let (time, id) = down_to.map_or((self.from.as_str(), 0), |place| (place.time.as_str(), place.id));
        if let Part::Below = from.part() {
            values.extend([time.into(), time.into()]);
        }
        values.add(id);
        self.filter(&mut values);
        values.add(limit);
        values
    }

    /// Of [`filter`].
    pub fn filter<'v>(&'v self, values: &mut Values<'v>) {
        for number in [self.status, self.merchant_id] {
            values.extend([number.into(), number.into()]);
        }
        for set in [&self.accounts, &self.sellers] {
            values.extend([set.as_deref().into(), set.as_deref().into()]);
        }
        let (fee, part) = (self.fee.map(Fen::get), self.part.as_ref().map(OrderId::as_str));
        values.extend([fee.into(), fee.into(), self.fee.map_or(0.0, Fen::to_price).into(), part.into(), part.into()]);
    }
}

/// Where a part begins.
#[derive(Debug, Clone, Copy)]
pub enum PartFrom<'p> {
    /// Beside this place.
    Place(&'p Place),
    /// Below this time.
    Time(&'p str),
}

impl<'p> PartFrom<'p> {
    /// Which part it is.
    pub fn part(self) -> Part {
        match self {
            Self::Place(_) => Part::Beside,
            Self::Time(_) => Part::Below,
        }
    }

    fn values(self, line: Line) -> Values<'p> {
        let mut values = Values::default();
        if let Line::Seller(seller) = line {
            values.add(seller);
        }
        match self {
            Self::Place(place) => values.extend([place.time.as_str().into(), place.id.into()]),
            Self::Time(time) => values.add(time),
        }
        values
    }
}

/// The lines in which all deals of a listing stand. A few sellers have one each; of many, all deals are looked through.
pub fn lines(listing: &Listing) -> Vec<Line> {
    const MOST_SELLERS: i64 = 8;
    let few = |sellers: &Sellers| {
        let count: i64 = sellers.ranges().iter().map(|range| range.end() - range.start() + 1).sum();
        (count <= MOST_SELLERS).then(|| sellers.ranges().iter().flat_map(Clone::clone).map(Line::Seller).collect())
    };
    match (listing.by, listing.merchant_id) {
        (ListedBy::Paid, _) => vec![Line::Paid],
        (ListedBy::Created, Some(seller)) => vec![Line::Seller(seller)],
        (ListedBy::Created, None) => listing.reach.sellers.as_ref().and_then(few).unwrap_or_else(|| vec![Line::Created]),
    }
}
