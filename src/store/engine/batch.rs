//! Group commit: changes of one type that waited at the same time are carried out as one, in one transaction. A commit costs
//! the same whether it holds one row or sixty-four.
//!
//! A batch is all or nothing: unless every row of it changes, it is rolled back. Those that would change nothing (of payments,
//! most are repeats) are then left out, once; if that does not help, or a unique index refuses a row, the batch is taken apart
//! and each goes by itself, so that only the bad one fails. None of it is told before the commit that holds it.

use sqlx::Error;

use super::connection::Conn;
use super::sizes::parts;
use super::statement::Change;

/// What came of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batched {
    /// Committed: the rows that each of its changes has changed.
    Done(Vec<u64>),
    /// Nothing was changed; each must go by itself.
    Apart,
}

/// Carries out a change by itself, and returns how many rows it has changed.
pub async fn change_one<C: Change>(change: &C, conn: &mut Conn) -> Result<u64, Error> {
    conn.begin().await?;
    let affected = C::apply(&[change], conn).await;
    conn.end(affected.map(|affected| (affected > 0, affected))).await
}

/// Carries out changes of different keys.
pub async fn change_many<C: Change>(batch: &[&C], conn: &mut Conn) -> Result<Batched, Error> {
    if change_all(batch, conn).await? {
        return Ok(Batched::Done(vec![1; batch.len()]));
    }
    let Some(changeable) = changeable(batch, conn).await? else { return Ok(Batched::Apart) };
    let would_change = |change: &C| change.key().is_some_and(|key| changeable.iter().any(|changeable| changeable == key));
    let left: Vec<_> = batch.iter().copied().filter(|change| would_change(change)).collect();
    if left.len() == batch.len() || !(left.is_empty() || change_all(&left, conn).await?) {
        return Ok(Batched::Apart);
    }
    Ok(Batched::Done(batch.iter().map(|change| u64::from(would_change(change))).collect()))
}

/// `false`: not every row would have changed, so none has.
async fn change_all<C: Change>(batch: &[&C], conn: &mut Conn) -> Result<bool, Error> {
    conn.begin().await?;
    let all = apply_all(batch, conn).await;
    conn.end(all.map(|all| (all, all))).await
}

async fn apply_all<C: Change>(batch: &[&C], conn: &mut Conn) -> Result<bool, Error> {
    for part in parts(batch) {
        if C::apply(part, conn).await? != part.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The keys of those that would change; `None`: that cannot be asked.
async fn changeable<C: Change>(batch: &[&C], conn: &mut Conn) -> Result<Option<Vec<String>>, Error> {
    conn.begin().await?;
    let keys = changeable_keys(batch, conn).await;
    conn.end(keys.map(|keys| (false, keys))).await
}

async fn changeable_keys<C: Change>(batch: &[&C], conn: &mut Conn) -> Result<Option<Vec<String>>, Error> {
    let mut found = Vec::with_capacity(batch.len());
    for part in parts(batch) {
        match C::changeable(part, conn).await? {
            Some(keys) => found.extend(keys),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}
