//! The console as people use it, and as strangers attack it.

mod alarms;
mod bills;
mod entry;
mod lockout;
mod made;
mod roles;
mod sessions;
mod webhooks;
