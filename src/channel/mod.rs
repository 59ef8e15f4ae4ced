//! Payment channels: what they prove, how a call to one can fail, and WeChat Pay, the one that there is.

pub mod error;
pub mod proof;
pub mod wechat;

pub use error::{CallError, Doubt, Refusal};
pub use proof::{Evidence, ProvenPayment, Source, Trade, TradeState};
