//! Pruning: events that are older than anybody wants, in small bites.

use sqlx::Error;

use crate::deal::Timestamp;
use crate::store::columns::time;
use crate::store::engine::connection::Conn;
use crate::store::engine::statement::{Change, Query};
use crate::store::engine::values::Values;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// Events that one transaction deletes at most.
const BITE: usize = 200;

impl Store {
    /// Up to which position the first events of the outbox happened before `before`; at most a bite of them. `None`: the first one did
    /// not. The last event of all is none of them, since its position is the one that counting goes on from.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn outdated_outbox(&self, before: Timestamp, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let first = self.engine().report(First).await?;
        Ok(last_outdated(&first, before, now))
    }

    /// Deletes the events up to this position, with their deliveries, but none with a delivery that still waits; how many.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn prune_outbox(&self, position: i64) -> Result<u64, StoreError> {
        Ok(self.engine().change(Prune { position }).await?)
    }
}

/// Events are pruned from the beginning on, up to the first one that is wanted: when they happened does not rise quite as their positions
/// do, and one that is told late, or by a clock that is wrong, must not take younger ones before it along. What happens in the future is
/// no younger for it.
fn last_outdated(first: &[(i64, Option<Timestamp>)], before: Timestamp, now: Timestamp) -> Option<i64> {
    let (_, but_the_last) = first.split_last()?;
    let is_outdated = |at: &Option<Timestamp>| at.is_none_or(|at| at < before);
    let is_wanted = |at: &Option<Timestamp>| !is_outdated(at) && at.is_none_or(|at| at <= now);
    let outdated = but_the_last.iter().take_while(|(_, at)| !is_wanted(at)).filter(|(_, at)| is_outdated(at));
    outdated.last().map(|(position, _)| *position)
}

struct First;

impl Query for First {
    type Answer = Vec<(i64, Option<Timestamp>)>;
    const NAME: &'static str = "outdated outbox";

    async fn run(&self, conn: &mut Conn) -> Result<Self::Answer, Error> {
        const SELECT: &str = "SELECT position, CAST(at AS CHAR(19)) AS at FROM outbox ORDER BY position LIMIT ?";
        let limit = i64::try_from(BITE + 1).unwrap_or(i64::MAX);
        let rows: Vec<(i64, String)> = conn.rows(SELECT, Values::of([limit.into()])).await?;
        Ok(rows.into_iter().map(|(position, at)| (position, time(Some(at)))).collect())
    }
}

struct Prune {
    position: i64,
}

impl Change for Prune {
    const NAME: &'static str = "prune outbox";

    async fn apply(rows: &[&Self], conn: &mut Conn) -> Result<u64, Error> {
        const DELIVERIES: &str = "DELETE FROM webhook_delivery WHERE position <= ? AND due_at IS NULL";
        const EVENTS: &str = "DELETE FROM outbox WHERE position <= ? AND position NOT IN \
                              (SELECT waiting.position FROM webhook_delivery waiting WHERE waiting.position <= ?)";
        let mut deleted = 0;
        for Self { position } in rows {
            conn.change(DELIVERIES, Values::of([(*position).into()])).await?;
            deleted += conn.change(EVENTS, Values::of([(*position).into(), (*position).into()])).await?;
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// How old the first events are, in days, by their positions; which is the last that goes when it is older than ten?
    fn last(ages: &[i64]) -> Option<i64> {
        let now = Timestamp::UNIX_EPOCH;
        let events: Vec<_> = (1..).zip(ages.iter().map(|days| Some(now - TimeDelta::days(*days)))).collect();
        last_outdated(&events, now - TimeDelta::days(10), now)
    }

    #[test]
    fn old_events_go_from_the_beginning_on_and_the_last_of_all_stays() {
        assert_eq!((last(&[]), last(&[20]), last(&[20, 20])), (None, None, Some(1)));
        assert_eq!(last(&[20, 19, 18, 10, 9, 1]), Some(3));
        assert_eq!(last(&[9, 1, 1]), None);
    }

    #[test]
    fn one_from_a_wrong_clock_takes_no_younger_ones_along_and_keeps_no_older_ones() {
        assert_eq!(last(&[20, 9, 2000, 1]), Some(1), "the past");
        assert_eq!(last(&[20, -2000, 20, 1]), Some(3), "the future");
        assert_eq!(last(&[-2000, 1, 1]), None);
    }
}
