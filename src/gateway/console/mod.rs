//! What only the console wants, one file a use case.

mod accounts;
mod board;
mod heard;
mod hours;

pub use accounts::{AccountStanding, CertificateStanding};
pub use board::{Board, Boards, EndpointLine};
pub use heard::Heard;
