//! Webhooks, by the Standard Webhooks specification: where events go, how a message is signed, and what an endpoint says to it.
//! Whose turn it is, and how often it is tried, the gateway decides.

mod address;
mod answer;
mod connector;
mod endpoint;
mod guard;
mod http;
mod message;
mod request;
mod retry_after;
mod secret;
mod sender;

pub use address::is_private;
pub use answer::{Answer, Unanswered};
pub use endpoint::{Endpoint, Wanted};
pub use guard::Guard;
pub use message::Message;
pub use request::Request;
pub use secret::{InvalidSecret, Secret, Secrets};
pub use sender::Sender;
