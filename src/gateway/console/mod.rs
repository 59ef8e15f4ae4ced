//! What only the console wants, one file a use case.

mod ask;
mod audit;
mod close;
mod doable;
mod dossier;
mod search;
mod second_look;
mod sessions;

pub use doable::Doable;
pub use search::Found;
pub use second_look::{SecondLook, is_attempt};
