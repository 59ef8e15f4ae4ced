//! The console as people use it, and as strangers attack it.

mod accounts;
mod alarms;
mod bills;
mod board;
mod deal;
mod deals;
mod entry;
mod lockout;
mod made;
mod refunding;
mod roles;
mod sessions;
mod today;
mod webhooks;
