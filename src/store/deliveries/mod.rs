//! Deliveries: events of the outbox on their way to the merchant's endpoints, each with its due time and its lease.

pub mod backlog;
pub mod delivered;
pub mod due;
pub mod endpoints;
pub mod list;
pub mod note;
pub mod of_order;
pub mod outdated;
pub mod pause;
pub mod resend;
pub mod take;
