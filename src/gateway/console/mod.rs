//! What only the console wants, one file a use case.

mod alarms;
mod bills;
mod over;
mod webhooks;

pub use over::AlarmLook;
pub use webhooks::StandingEndpoint;
