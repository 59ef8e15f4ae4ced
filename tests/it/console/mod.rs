//! The console as people use it, and as strangers attack it.

mod accounts;
mod alarms;
mod bills;
mod board;
mod entry;
mod lockout;
mod made;
mod roles;
mod sessions;
mod today;
mod webhooks;
