//! What only the console wants, one file a use case.

mod accounts;
mod alarms;
mod audit;
mod board;
mod heard;
mod hours;
mod over;
mod sessions;

pub use accounts::{AccountStanding, CertificateStanding};
pub use board::{Board, Boards, EndpointLine, LastCount};
pub use heard::Heard;
pub use over::AlarmLook;
