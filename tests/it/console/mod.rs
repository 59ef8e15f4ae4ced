//! The console as people use it, and as strangers attack it.

mod alarms;
mod bills;
mod deal;
mod deals;
mod entry;
mod lockout;
mod made;
mod refunding;
mod roles;
mod sessions;
mod webhooks;
