//! Webhooks, by the Standard Webhooks specification: where events go, how a message is signed, and what an endpoint says to it.
//! Whose turn it is, and how often it is tried, the gateway decides.

mod answer;
mod endpoint;
mod message;
mod secret;
mod sender;

pub use answer::{Answer, Unanswered};
pub use endpoint::{Endpoint, Wanted};
pub use message::Message;
pub use secret::{InvalidSecret, Secret, Secrets};
pub use sender::{Request, Sender};
