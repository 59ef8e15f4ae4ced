//! The console as people use it, and as strangers attack it.

mod accounts;
mod board;
mod today;
