//! What the doctor says: each finding with its remedy, in both languages side by side.

pub mod certificate;
pub mod cluster;
pub mod configuration;
pub mod database;
pub mod files;
pub mod hosts;
pub mod login;
pub mod notify_url;
pub mod port;
pub mod rows;
pub mod webhooks;

use crate::language::Text;

use super::finding::Trouble;

fn trouble(found: Text, advice: Text) -> Trouble {
    Trouble { found, advice }
}
