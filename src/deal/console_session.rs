//! A login to the console, which all instances know.

use super::Timestamp;

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    /// SHA-256 of what the browser's cookie holds, in 64 hexadecimal digits.
    pub token_hash: String,
    /// Who.
    pub user: String,
    /// SHA-256 of the hash of the password that it was opened with, in 64 hexadecimal digits.
    pub password_hash: String,
    /// Host and address of the instance that has opened it.
    pub place: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}
