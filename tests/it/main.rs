//! Stories on the real service: its listener, its store on both engines, a simulated WeChat, a clock set by hand.
//!
//! `tests/run` starts the throwaway MariaDB that half of them need, and says so when it is missing.

mod support;

mod adoption;
mod costs;
mod network;
mod schema;
mod stories;
