//! What merchants' back ends are told: one form of a deal, of a refund and of an alarm, in every answer, list and event.

mod alarm;
mod change;
mod deal;
mod refund;

pub use alarm::{ToldAlarm, sentence};
pub use change::ToldChange;
pub use deal::ToldDeal;
pub use refund::ToldRefund;
