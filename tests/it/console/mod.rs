//! The console as people use it, and as strangers attack it.

mod entry;
mod lockout;
mod made;
mod roles;
mod sessions;
