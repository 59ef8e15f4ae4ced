//! What only the console wants, one file a use case.

mod accounts;
mod alarms;
mod ask;
mod audit;
mod bills;
mod board;
mod close;
mod doable;
mod dossier;
mod heard;
mod hours;
mod over;
mod search;
mod second_look;
mod sessions;
mod webhooks;

pub use accounts::{AccountStanding, CertificateStanding};
pub use board::{Board, Boards, EndpointLine, LastCount};
pub use doable::Doable;
pub use dossier::Dossier;
pub use heard::Heard;
pub use over::AlarmLook;
pub use search::Found;
pub use second_look::{SecondLook, is_attempt};
pub use webhooks::StandingEndpoint;
