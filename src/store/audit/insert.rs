//! The SQL that stores a row of the trail.

use sqlx::Error;

use crate::deal::NewAudit;
use crate::store::columns::{column, cut};
use crate::store::engine::connection::Conn;
use crate::store::engine::values::Values;

/// Characters that the columns hold.
const USER: usize = 64;
const SUBJECT: usize = 128;
const DETAIL: usize = 500;

/// Stores it.
pub async fn insert(entry: &NewAudit, conn: &mut Conn) -> Result<u64, Error> {
    const INSERT: &str = "INSERT INTO audit (at, user, role, action, order_id, subject, detail, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let NewAudit { user, role, action, order_id, subject, detail, address, at } = entry;
    let values = Values::of([
        column(*at).into(),
        cut(user, USER).into(),
        role.as_str().into(),
        action.as_str().into(),
        order_id.as_ref().map(|order_id| order_id.as_str()).into(),
        subject.as_deref().map(|subject| cut(subject, SUBJECT)).into(),
        detail.as_deref().map(|detail| cut(detail, DETAIL)).into(),
        address.as_str().into(),
    ]);
    conn.change(INSERT, values).await
}
