//! The tables `console_session` and `console_totp`: who is logged in to the console, and which codes have been used.

pub mod end;
pub mod find;
pub mod open;
pub mod totp;
