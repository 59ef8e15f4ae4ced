//! The outbox (a transactional outbox with publication behind the commit): what the merchant's back ends are told, in an order without
//! holes.
//!
//! A change that is to be told of says so in its entry of the journal, in its own transaction: no change without its event, no event
//! without its change, and no statement more. Numbers that a database draws are committed out of order (a reader that keeps the highest
//! one it has seen misses a lower one that is committed later), so readers are not given those: once the change is committed, a
//! publisher moves what there is to tell into the table `outbox`, under the position behind the highest that it sees. Of two that take
//! the same position the primary key lets one through. So a position is committed only when all lower ones are, and a reader of
//! everything behind a position misses nothing, ever.

pub mod changes;
pub mod head;
pub mod prune;
pub mod publish;
pub mod row;
pub mod untold;
