//! The board: how the till stands today, counted in the lane of reports by short questions, at most every 15 s however many look.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tracing::debug;

use crate::deal::{AccountId, Alarm, Day, EndpointName, HourlyTakings, Timestamp};
use crate::store::{Backlog, Purchases, RefundCounts, StoreError, Undecided};

use super::super::throttle::Throttle;
use super::super::{Gateway, NotReady};
use super::heard::Heard;
use super::hours::{CountedHour, Hours};

/// It is counted at most so often.
const COUNTED_EVERY: TimeDelta = TimeDelta::seconds(15);
/// The days beside today: yesterday, and the same day of the week.
const BESIDE: [u32; 2] = [1, 7];
/// How soon payments become known is told of so many, and of none that is older.
const HEARD: u32 = 200;
const HEARD_SINCE: TimeDelta = TimeDelta::days(1);

/// So many of the alarms that nobody has answered are shown.
const LATEST: u32 = 5;

/// How the till stands.
#[derive(Debug, Clone)]
pub struct Board {
    /// When it was counted.
    pub at: Timestamp,
    /// Today,
    pub today: HourlyTakings,
    /// yesterday,
    pub yesterday: HourlyTakings,
    /// and a week ago.
    pub week_ago: HourlyTakings,
    /// What was opened today.
    pub purchases: Purchases,
    /// The same of yesterday.
    pub purchases_yesterday: Purchases,
    /// Deals that are neither paid nor expired.
    pub undecided: Undecided,
    /// Refunds that WeChat has not decided.
    pub refunds: RefundCounts,
    /// How soon payments became known.
    pub heard: Heard,
    /// Differences between bills and books that nobody has explained.
    pub differences: i64,
    /// Days of the last seven whose bill is missing, by the accounts that have any.
    pub missing_bills: Vec<(AccountId, i64)>,
    /// What waits for each endpoint.
    pub endpoints: Vec<EndpointLine>,
    /// Alarms that nobody has answered,
    pub open_alarms: i64,
    /// and the latest of them.
    pub latest_alarms: Vec<Alarm>,
    /// Since when the oldest change waits that is to be told of and has not come into the outbox.
    pub untold: Option<Timestamp>,
}

/// What waits for an endpoint.
#[derive(Debug, Clone)]
pub struct EndpointLine {
    /// Its name.
    pub name: EndpointName,
    /// What waits.
    pub backlog: Backlog,
}

/// What came of the last counts.
#[derive(Debug, Clone, Default)]
pub struct LastCount {
    /// The last board; `None`: none was counted yet.
    pub board: Option<Arc<Board>>,
    /// What was wrong with the database.
    pub not_ready: Option<Arc<NotReady>>,
    /// Whether the last count came to no end, so that the board is an older one.
    pub has_failed: bool,
}

/// The last count, and what it was counted from.
#[derive(Debug)]
pub struct Boards {
    throttle: Throttle,
    /// Held by whoever counts.
    hours: tokio::sync::Mutex<Hours>,
    last: Mutex<LastCount>,
}

impl Default for Boards {
    fn default() -> Self {
        Self { throttle: Throttle::once_in(COUNTED_EVERY), hours: tokio::sync::Mutex::default(), last: Mutex::default() }
    }
}

impl Boards {
    fn with_last<T>(&self, look: impl FnOnce(&mut LastCount) -> T) -> T {
        look(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Gateway {
    /// What is known of today, without waiting.
    pub fn last_count(&self) -> LastCount {
        self.boards.with_last(|last| last.clone())
    }

    /// Counts another one, unless the last is a new one or somebody is at it. A database that is away leaves what was known.
    pub async fn count_board(&self) {
        let now = self.clock.now();
        if !self.boards.throttle.admits(now) {
            return;
        }
        let Ok(mut hours) = self.boards.hours.try_lock() else { return };
        let not_ready = self.readiness(false).await.err().map(Arc::new);
        self.boards.with_last(|last| last.not_ready = not_ready);
        let counted = self.counted_board(&mut hours, now).await;
        self.boards.with_last(|last| {
            last.has_failed = counted.is_err();
            match counted {
                Ok(board) => last.board = Some(Arc::new(board)),
                Err(error) => debug!(%error, "the console's board could not be counted"),
            }
        });
    }

    async fn counted_board(&self, hours: &mut Hours, now: Timestamp) -> Result<Board, StoreError> {
        let (undecided, refunds) = (self.store.undecided().await?, self.store.undecided_refunds().await?);
        let heard = Heard::of(&self.store.payments_heard(now - HEARD_SINCE, HEARD).await?);
        let open = self.store.open_differences().await?;
        let (open_alarms, latest_alarms) = (self.store.count_open_alarms().await?, self.store.alarms(true, None, LATEST).await?);
        let mut endpoints = Vec::with_capacity(self.endpoints.len());
        for endpoint in &self.endpoints {
            let backlog = self.store.backlog(&endpoint.name, self.now_by_database()).await?;
            endpoints.push(EndpointLine { name: endpoint.name.clone(), backlog });
        }
        let untold = self.store.oldest_untold().await?;
        let missing_bills = self.missing_bills().await?.into_iter().filter(|(account, _)| self.has_account(account)).collect();
        let today = Day::of(now);
        let [yesterday, week_ago] = BESIDE.map(|days| today.before(days));
        let mut books = self.store.books();
        for hour in hours.wanted(&[today, yesterday, week_ago], now) {
            let takings = books.takings_of_hour(hour).await?;
            // Nothing is told of what was opened a week ago.
            let purchases = if hour.day() == week_ago { Purchases::default() } else { books.purchases_of_hour(hour).await? };
            hours.note(hour, now, CountedHour { takings, purchases });
        }
        Ok(Board {
            at: now,
            today: hours.takings(today),
            yesterday: hours.takings(yesterday),
            week_ago: hours.takings(week_ago),
            purchases: hours.purchases(today),
            purchases_yesterday: hours.purchases(yesterday),
            undecided,
            refunds,
            heard,
            differences: open.into_iter().map(|(_, count)| count).sum(),
            missing_bills,
            endpoints,
            open_alarms,
            latest_alarms,
            untold,
        })
    }
}
