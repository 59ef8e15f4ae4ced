//! What only the console wants, one file a use case.

mod accounts;
mod alarms;
mod audit;
mod bills;
mod board;
mod heard;
mod hours;
mod over;
mod sessions;
mod webhooks;

pub use accounts::{AccountStanding, CertificateStanding};
pub use board::{Board, Boards, EndpointLine, LastCount};
pub use heard::Heard;
pub use over::AlarmLook;
pub use webhooks::StandingEndpoint;
