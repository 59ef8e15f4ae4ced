//! Alarms: of each that the journal has announced one row, from its publication on, until a person has answered it or it is over. Rows
//! stay.

pub mod answer;
pub mod count;
pub mod insert;
pub mod list;
pub mod resolve;
pub mod row;
