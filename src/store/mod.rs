//! Where deals are kept: MySQL/MariaDB, or SQLite as the embedded default. All SQL of the crate lives in here.
//!
//! [`Store`] is what callers hold. Each of its methods stands in the room of its table (`deals`, `journal`), beside the
//! statement that it hands to the `engine` and beside that statement's SQL. The engine's own workers, each of which owns one
//! connection, carry it out while the caller waits; changes of one type that wait together travel together. No caller ever holds a
//! connection, so one that goes away abandons the wait and never the work, and no connection can be left in the middle of
//! something. (sqlx's pool loses acknowledged writes after a cancelled `begin()` and does not recover from black-holed
//! connections; here there is no pool, and a worker that is interrupted in a transaction drops its connection.)
//!
//! Every change is one statement whose WHERE names the state that it expects, and whose affected rows are looked at.
//! What the journal must tell of is committed together with its event, or neither is.

mod alarms;
mod audit;
mod bills;
mod books;
mod checkouts;
mod cluster;
mod columns;
mod condition;
mod deals;
mod deliveries;
mod engine;
mod error;
mod handle;
mod journal;
mod lists;
mod open;
mod outbox;
#[cfg(test)]
mod plans;
mod refunds;
mod schema;
mod sessions;
mod takings;

pub use bills::booked_deals::BookedDeal;
pub use bills::booked_refunds::BookedRefund;
pub use bills::file::{BillFile, WholeFile};
pub use bills::finish::FinishedBill;
pub use bills::kept::KeptBills;
pub use bills::list::BillWish;
pub use bills::row::{BillOutcome, StoredBill};
pub use books::Books;
pub use checkouts::insert::NewCheckout;
pub use checkouts::story::CheckoutStory;
pub use cluster::{Cluster, LookedAt, NodeState, Said};
pub use condition::Condition;
pub use deals::claim::Unclaimed;
pub use deals::insert::NewDeal;
pub use deals::prepay::PrepayNote;
pub use deals::row::ImpossibleRow;
pub use deals::story::Story;
pub use deals::undecided::Undecided;
pub use deliveries::backlog::Backlog;
pub use deliveries::due::Delivery;
pub use deliveries::endpoints::{EndpointStanding, LastFailure};
pub use deliveries::note::{NextTry, TriedDelivery};
pub use deliveries::outdated::WaitingDelivery;
pub use engine::cannot_open::{CannotOpen, Reason};
pub use engine::database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use engine::driver_error::DriverError;
pub use engine::error::Cause;
pub use engine::fault::{Decision, Fault, FaultHook, Try};
pub use engine::lane::CONNECTIONS;
pub use engine::metrics::StoreMetrics;
pub use engine::sizes::LARGEST as LARGEST_BATCH;
pub use engine::table_names::{InvalidTablePrefix, TableNames};
pub use error::{NotMigrated, Refused, StoreError};
pub use handle::Store;
pub use journal::event::{Event, EventKind, Origin, StoredEvent};
pub use outbox::publish::{NewAlarm, NewEvent, Source};
pub use outbox::row::OutboxEvent;
pub use outbox::untold::{Untold, UntoldEntries};
pub use refunds::due::DueRefunds;
pub use refunds::plan::NextRefundStep;
pub use refunds::reserve::NewRefund;
pub use refunds::row::ImpossibleRefund;
pub use refunds::settle::Verdict;
pub use refunds::undecided::RefundCounts;
pub use schema::adopt::FOLLOWED;
pub use schema::dry_run::{Adoption, DryRun};
pub use schema::durability::Durability;
pub use schema::foreign_clock::ForeignClock;
pub use schema::inspect::rows::{Found, Leftovers};
pub use schema::inspect::{Inspection, Server};
pub use takings::heard::HeardPayment;
pub use takings::opened::Purchases;
