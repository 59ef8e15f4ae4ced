//! What only the console wants, one file a use case.

mod alarms;
mod ask;
mod audit;
mod bills;
mod close;
mod doable;
mod dossier;
mod over;
mod search;
mod second_look;
mod sessions;
mod webhooks;

pub use doable::Doable;
pub use over::AlarmLook;
pub use search::Found;
pub use second_look::{SecondLook, is_attempt};
pub use webhooks::StandingEndpoint;
