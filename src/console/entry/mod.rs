//! The way in: who may look at a page, and how that is proved.

pub mod attempts;
pub mod confirm;
pub mod cookie;
pub mod guard;
pub mod language;
pub mod login;
pub mod logout;
pub mod origin;
pub mod proof;
pub mod token;

use attempts::Attempts;
use proof::Tries;

/// What is known of logins that failed, and the room for those that are being tried.
#[derive(Debug, Default)]
pub struct Entry {
    attempts: Attempts,
    tries: Tries,
}
