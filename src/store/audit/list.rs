//! A report: the trail, the newest first.

use sqlx::Error;

use crate::deal::{AuditAction, AuditEntry, AuditWish, Timestamp};
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::Query;
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

impl Store {
    /// Rows of the trail, the newest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn audit(&self, wish: AuditWish) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(self.engine().report(List(wish)).await?)
    }
}

struct List(AuditWish);

/// The question, by what the rows are wanted. An order has few rows, which are looked through for the user.
pub fn select(of_user: bool, of_order: bool) -> &'static str {
    macro_rules! of {
        ($condition:literal) => {
            concat!(
                "SELECT id, CAST(at AS CHAR(19)) AS at, user, role, action, order_id, subject, detail, address FROM audit WHERE ",
                $condition,
                "id < ? ORDER BY id DESC LIMIT ?"
            )
        };
    }
    match (of_user, of_order) {
        (false, false) => of!(""),
        (true, false) => of!("user = ? AND "),
        (false, true) => of!("order_id = ? AND "),
        (true, true) => of!("user = ? AND order_id = ? AND "),
    }
}

impl Query for List {
    type Answer = Vec<AuditEntry>;
    const NAME: &'static str = "audit";

    async fn run(&self, conn: &mut Conn) -> Result<Vec<AuditEntry>, Error> {
        let AuditWish { user, order_id, before, limit } = &self.0;
        let mut values = Values::default();
        for named in [user, order_id].into_iter().flatten() {
            values.add(named.as_str());
        }
        values.extend([before.unwrap_or(i64::MAX).into(), (*limit).into()]);
        let rows: Vec<AuditRow> = conn.rows(select(user.is_some(), order_id.is_some()), values).await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: i64,
    at: String,
    user: String,
    role: String,
    action: String,
    order_id: Option<String>,
    subject: Option<String>,
    detail: Option<String>,
    address: String,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            user: row.user,
            role: row.role.parse().ok(),
            action: AuditAction::from_word(&row.action),
            order_id: row.order_id,
            subject: row.subject,
            detail: row.detail,
            address: row.address,
            at: time(Some(row.at)).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}
