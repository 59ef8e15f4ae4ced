//! The journal, an audit log: what happened to a deal and why. Append-only; an event is stored in one transaction with the
//! change that it tells of, or neither is.

pub mod entry;
pub mod event;
pub mod insert;
pub mod journaled;
pub mod read;
pub mod record;
