//! What merchants' back ends are told: one form of a deal, of a refund, of a bill, of a difference and of an alarm, in every answer, list
//! and event.

mod alarm;
mod bill;
mod change;
pub mod csv;
mod deal;
mod delivery;
mod detail_words;
mod difference;
mod difference_words;
mod refund;
mod takings;

pub use alarm::{ToldAlarm, resolution_words, sentence};
pub use bill::ToldBill;
pub use change::ToldChange;
pub use deal::{ToldDeal, status, status_of};
pub use delivery::ToldDelivery;
pub use detail_words::bill_detail;
pub use difference::ToldDifference;
pub use difference_words::{difference_sentence, difference_state, rehearsal_sentence};
pub use refund::ToldRefund;
pub use takings::{ToldSums, ToldTaking, ToldTakings};
