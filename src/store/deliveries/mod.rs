//! Deliveries: events of the outbox on their way to the merchant's endpoints, each with its due time and its lease.

pub mod backlog;
pub mod due;
pub mod note;
pub mod pause;
pub mod take;
