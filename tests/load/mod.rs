//! What the torture and the cluster's proof share: front ends and payers with their duplicates, the door for WeChat's notifications, the
//! merchant's endpoint, what all of them were told; and the verdict, which holds that, WeChat's books and the database against each other.

pub mod books;
pub mod choices;
pub mod clients;
pub mod database;
pub mod endpoint;
pub mod forwarder;
pub mod observations;
pub mod payers;
pub mod processes;
pub mod refunds;
pub mod tills;
pub mod verification;
pub mod wish;
