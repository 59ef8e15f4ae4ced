//! What only the console wants, one file a use case.

mod alarms;
mod audit;
mod bills;
mod over;
mod sessions;
mod webhooks;

pub use over::AlarmLook;
pub use webhooks::StandingEndpoint;
