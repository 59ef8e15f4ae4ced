//! The schema: its steps and the adoption of a table that the original filled, what is checked before it is relied on, and
//! looks at a database that is not open.

pub mod adopt;
pub mod adoptable;
pub mod check;
pub mod dry_run;
pub mod durability;
pub mod expected;
pub mod foreign_clock;
pub mod inspect;
pub mod keys;
pub mod look;
pub mod merchants;
pub mod migrate;
pub mod probe;
pub mod tables;
pub mod taken;
pub mod unique;
