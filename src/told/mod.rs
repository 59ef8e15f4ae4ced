//! What merchants' back ends are told: one form of a deal, of a refund and of an alarm, in every answer, list and event.

mod alarm;
mod deal;
mod refund;

pub use alarm::{ToldAlarm, sentence};
pub use deal::ToldDeal;
pub use refund::ToldRefund;
