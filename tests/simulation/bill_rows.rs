//! Bills and their differences as they are stored, and what may become of a row: each change is one of a known statement, by the
//! instance that holds the bill's lease.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use chrono::TimeDelta;
use flate2::read::GzDecoder;
use sqlx::{FromRow, SqliteConnection};
use wechat_pay::deal::Timestamp;

use super::bill_calls::sha256;
use super::invariants::{Row, time};
use super::outbox_rows::Outbox;
use super::refund_rows::RefundRow;

/// For so long a bill is taken, at most, when nothing says who takes it.
const LEASE: TimeDelta = TimeDelta::seconds(360);

/// A bill as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct BillRow {
    pub id: i64,
    pub account: String,
    pub day: String,
    due_at: Option<String>,
    pub outcome: Option<String>,
    pub file_id: Option<i64>,
    pub fund_flow_id: Option<i64>,
    pub payments: i64,
    pub paid_fee: i64,
    pub refunds: i64,
    pub refunded_fee: i64,
    pub fee: i64,
    pub differences: i64,
    unlisted: i64,
    detail: Option<String>,
    at: Option<String>,
    untold: Option<i64>,
}

/// A difference as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct DifferenceRow {
    pub id: i64,
    pub bill_id: i64,
    pub kind: String,
    pub subject: String,
    pub state: String,
    pub finding: Option<String>,
    pub order_id: Option<String>,
    pub ours_fee: Option<i64>,
    theirs_fee: Option<i64>,
    detail: Option<String>,
    explained_by: Option<String>,
    note: Option<String>,
}

/// A file that is a bill's.
#[derive(Debug, Clone)]
pub struct KeptFile {
    pub bill_id: i64,
    pub sha256: String,
    pub received: i64,
    /// As it is given to an operator: unpacked, where it was packed on its way in.
    pub bytes: Vec<u8>,
}

/// Which statement of which instance is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acting {
    pub instance: usize,
    pub statement: &'static str,
}

/// What the books had when a bill was taken.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub deals: BTreeMap<String, Row>,
    pub refunds: BTreeMap<String, RefundRow>,
}

/// All of one history, as they were read last, and what has been seen of how they came about.
#[derive(Default)]
pub struct Bills {
    /// Whether there is anything to read.
    pub is_kept: bool,
    pub rows: BTreeMap<i64, BillRow>,
    pub differences: BTreeMap<i64, DifferenceRow>,
    pub files: BTreeMap<i64, KeptFile>,
    pub acting: Option<Acting>,
    /// Whether somebody works without being stopped at each statement.
    pub undisturbed: bool,
    /// Who holds the lease on each.
    holders: BTreeMap<i64, usize>,
    pub snapshots: BTreeMap<i64, Snapshot>,
    /// Those that were finished since they were looked at before.
    pub finished: BTreeSet<i64>,
    /// Files that became a bill's since then.
    pub named: BTreeSet<i64>,
    /// How often each was told of.
    told: BTreeMap<i64, usize>,
}

impl BillRow {
    pub fn due_at(&self) -> Option<Timestamp> {
        self.due_at.clone().map(time)
    }

    /// Whether it was finished otherwise than before.
    fn is_news(&self, after: &Self) -> bool {
        let come = |row: &Self| {
            let sums = (row.payments, row.paid_fee, row.refunds, row.refunded_fee, row.fee, row.differences, row.unlisted);
            (row.outcome.clone(), sums, row.detail.clone(), row.at.clone())
        };
        come(self) != come(after)
    }
}

impl Bills {
    /// Reads them, and holds them against what they were.
    pub async fn read(
        &mut self,
        conn: &mut SqliteConnection,
        (deals, refunds): (&BTreeMap<String, Row>, &BTreeMap<String, RefundRow>),
        outbox: Option<&Outbox>,
        now: Timestamp,
    ) {
        const BILLS: &str = "SELECT id, account, day, due_at, outcome, file_id, fund_flow_id, payments, paid_fee, refunds, refunded_fee, fee, \
            differences, unlisted, detail, at, untold FROM bill WHERE day >= '2026-04-01'";
        if !self.is_kept {
            return;
        }
        let read: Vec<BillRow> = sqlx::query_as(BILLS).fetch_all(&mut *conn).await.unwrap();
        let rows: BTreeMap<_, _> = read.into_iter().map(|row| (row.id, row)).collect();
        let days: BTreeSet<_> = rows.values().map(|row| (&row.account, &row.day)).collect();
        assert_eq!(days.len(), rows.len(), "a day of an account has two bills: {rows:?}");
        for before in self.rows.values().cloned().collect::<Vec<_>>() {
            let after = rows.get(&before.id).unwrap_or_else(|| panic!("its bill is gone: {before:?}"));
            assert_eq!((&before.account, &before.day), (&after.account, &after.day), "a bill is another one");
            if before != *after {
                self.becomes(&before, after, (deals, refunds), outbox.is_some(), now);
            }
        }
        for id in rows.keys().filter(|id| !self.rows.contains_key(id)) {
            self.snapshots.insert(*id, Snapshot { deals: deals.clone(), refunds: refunds.clone() });
        }
        let is_explained = self.acting.is_some_and(|acting| acting.statement == "explain difference");
        if self.rows != rows || is_explained {
            self.read_differences(deals, conn).await;
        }
        self.rows = rows;
        for file in std::mem::take(&mut self.named) {
            if let Some(kept) = KeptFile::read(file, conn).await {
                self.files.insert(file, kept);
                self.named.insert(file);
            }
        }
        self.check_told(outbox);
    }

    /// One statement has changed it, or somebody who is not stopped at each.
    fn becomes(
        &mut self,
        before: &BillRow,
        after: &BillRow,
        (deals, refunds): (&BTreeMap<String, Row>, &BTreeMap<String, RefundRow>),
        is_told: bool,
        now: Timestamp,
    ) {
        let statement = self.acting.map_or("", |acting| acting.statement);
        let is_due = before.due_at().is_none_or(|due| due <= now);
        let changes_files = (before.file_id, before.fund_flow_id) != (after.file_id, after.fund_flow_id);
        let is_taken = after.due_at().is_some_and(|due| due > now && due <= now + LEASE) && !before.is_news(after);
        let is_finished =
            if self.undisturbed { !is_taken && before.due_at != after.due_at || before.is_news(after) } else { statement == "finish bill" };
        if changes_files {
            let is_it = self.undisturbed || statement == "end bill file";
            assert!(is_it, "its file is another one by {statement}: {before:?} became {after:?}");
            self.is_by_its_holder(before, after);
            self.named.extend(
                [(before.file_id, after.file_id), (before.fund_flow_id, after.fund_flow_id)]
                    .iter()
                    .filter_map(|(before, after)| after.filter(|_| before != after)),
            );
        }
        if is_finished {
            self.is_by_its_holder(before, after);
            self.holders.remove(&after.id);
            self.finished.insert(after.id);
            let is_done = after.due_at.is_none() && before.is_news(after);
            assert!(!is_told || !is_done || after.untold == Some(1), "finished, and not told of: {before:?} became {after:?}");
        } else if before.due_at != after.due_at {
            assert!(self.undisturbed || statement == "take bill", "due otherwise by {statement}: {before:?} became {after:?}");
            let holder = self.acting.map(|acting| acting.instance).unwrap_or_default();
            self.holders.insert(after.id, holder);
            if is_due || !self.snapshots.contains_key(&after.id) {
                self.snapshots.insert(after.id, Snapshot { deals: deals.clone(), refunds: refunds.clone() });
            }
        }
        if !is_finished {
            assert!(!before.is_news(after), "another bill by {statement}: {before:?} became {after:?}");
            assert!(after.untold == before.untold || after.untold.is_none(), "to be told by {statement}: {before:?} became {after:?}");
        }
        if before.untold == Some(1) && after.untold.is_none() {
            *self.told.entry(after.id).or_default() += 1;
        }
    }

    /// Nobody else changes a bill.
    fn is_by_its_holder(&self, before: &BillRow, after: &BillRow) {
        let Some(acting) = self.acting.filter(|_| !self.undisturbed) else { return };
        let holder = self.holders.get(&after.id).copied();
        assert_eq!(holder, Some(acting.instance), "by another than holds its lease: {before:?} became {after:?}");
    }

    async fn read_differences(&mut self, deals: &BTreeMap<String, Row>, conn: &mut SqliteConnection) {
        const DIFFERENCES: &str = "SELECT id, bill_id, kind, subject, state, finding, order_id, ours_fee, theirs_fee, detail, \
                                   explained_by, note FROM bill_difference";
        let read: Vec<DifferenceRow> = sqlx::query_as(DIFFERENCES).fetch_all(&mut *conn).await.unwrap();
        let rows: BTreeMap<_, _> = read.into_iter().map(|row| (row.id, row)).collect();
        for before in self.differences.values() {
            let after = rows.get(&before.id).unwrap_or_else(|| panic!("a difference is lost: {before:?}"));
            let fixed = |row: &DifferenceRow| (row.bill_id, row.kind.clone(), row.subject.clone());
            assert_eq!(fixed(before), fixed(after), "a difference is another one");
            let is_as_it_was = before == after || before.differs_otherwise(after);
            assert!(!before.is_noted() || is_as_it_was, "what an operator has explained stays: {before:?} became {after:?}");
        }
        for row in rows.values().filter(|row| row.kind == "PAID_THERE_ONLY" && row.ours_fee.is_some()) {
            let deal = row.order_id.as_ref().and_then(|order_id| deals.get(order_id));
            assert!(deal.is_some_and(|deal| deal.status == 1), "what is not paid has an amount in our books: {row:?}");
        }
        self.differences = rows;
    }

    /// Each is told of as often as it was to be, and once each time.
    fn check_told(&self, outbox: Option<&Outbox>) {
        let Some(outbox) = outbox else { return };
        for row in self.rows.values() {
            let events = outbox.events.iter().filter(|event| event.is_of_bill(&row.account, &row.day)).count();
            assert_eq!(events, self.told.get(&row.id).copied().unwrap_or_default(), "told of {events} times: {row:?}");
        }
    }

    /// Whether there is one to be told of.
    pub fn has_untold(&self) -> bool {
        self.rows.values().any(|row| row.untold == Some(1))
    }

    pub fn of_day(&self, account: &str, day: &str) -> Option<&BillRow> {
        self.rows.values().find(|row| row.account == account && row.day == day)
    }

    /// What differs from a bill.
    pub fn of_bill(&self, bill_id: i64) -> impl Iterator<Item = &DifferenceRow> {
        self.differences.values().filter(move |row| row.bill_id == bill_id)
    }
}

impl DifferenceRow {
    /// Whether an operator has explained it.
    pub fn is_noted(&self) -> bool {
        self.finding.as_deref() == Some("noted")
    }

    /// Whether it is by other amounts, for which nobody has explained it; what was said of it is still to be read.
    fn differs_otherwise(&self, after: &Self) -> bool {
        let differs = |row: &Self| (row.ours_fee, row.theirs_fee, row.detail.clone());
        let said = |row: &Self| (row.explained_by.clone(), row.note.clone());
        differs(self) != differs(after) && said(self) == said(after) && !after.is_noted()
    }
}

impl KeptFile {
    async fn read(file: i64, conn: &mut SqliteConnection) -> Option<Self> {
        const FILE: &str = "SELECT bill_id, sha256, received, packed_here, parts FROM bill_file WHERE id = ?";
        const PARTS: &str = "SELECT data FROM bill_part WHERE file_id = ? ORDER BY part";
        type Stored = (i64, Option<String>, i64, i64, Option<i64>);
        let (bill_id, sha256, received, packed_here, parts): Stored = sqlx::query_as(FILE).bind(file).fetch_one(&mut *conn).await.unwrap();
        // Another one has taken its place at once.
        let parts = parts?;
        let data: Vec<(Vec<u8>,)> = sqlx::query_as(PARTS).bind(file).fetch_all(conn).await.unwrap();
        assert_eq!(i64::try_from(data.len()).unwrap(), parts, "a file that is not whole is a bill's");
        let (stored, mut bytes): (Vec<u8>, _) = (data.into_iter().flat_map(|(data,)| data).collect(), Vec::new());
        if packed_here == 0 {
            bytes = stored;
        } else {
            GzDecoder::new(&stored[..]).read_to_end(&mut bytes).expect("what was packed here can be unpacked");
        }
        Some(Self { bill_id, sha256: sha256.expect("a file that is whole"), received, bytes })
    }

    /// Whether it is byte for byte what its row says.
    pub fn is_as_stated(&self) -> bool {
        sha256(&self.bytes) == self.sha256 && i64::try_from(self.bytes.len()).unwrap() == self.received
    }
}
