//! Deals: each file has some changes of, or questions for, the table `deal`, with their SQL, binds and guards.
//!
//! SQL is written once for both engines: `?` placeholders, times bound from our clock in whole seconds of Beijing time, no
//! `NOW()`, the expected state in every WHERE. Every change is one statement whose affected rows are looked at, and what the
//! journal must tell of is committed together with its event.
//!
//! `COALESCE(status, 0)` because the original's NULL means unpaid. `create_at = create_at` and `update_at = update_at`
//! because some installations of the original gave these columns ON UPDATE CURRENT_TIMESTAMP: the one says when the deal was
//! opened, the other when it was paid, and neither may change by anything else.

pub mod accounts;
pub mod by_reference;
pub mod claim;
pub mod decided;
pub mod dossier;
pub mod due;
pub mod expire;
pub mod find;
pub mod followed_accounts;
pub mod given_back;
pub mod insert;
pub mod list;
pub mod listed;
pub mod look;
pub mod newest;
pub mod numbered;
pub mod prepay;
pub mod row;
pub mod sellers;
pub mod settle;
pub mod story;
pub mod try_write;
pub mod undecided;
