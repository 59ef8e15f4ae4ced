//! What only the console wants, one file a use case.

mod alarms;
mod over;

pub use over::AlarmLook;
