//! A message log for people to read: what was said and done about each order, every call with the exact XML of its request
//! and reply, every act of the payer's, every notification with its answer.
//!
//! It is a window, not a ledger: the last orders heard of, the last messages of each. Nothing in the simulated world
//! depends on it.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::deal::{BeijingTime, Timestamp};

use super::orders::OrderKey;

/// Orders that are remembered.
const ORDERS: usize = 200;
/// Messages remembered of one order.
const MESSAGES: usize = 40;
/// Bytes remembered of one text; the longest honest order has fewer.
const BYTES: usize = 8 * 1024;

/// The last messages of the last orders.
#[derive(Debug, Default)]
pub(super) struct MessageLog {
    pages: HashMap<OrderKey, VecDeque<Message>>,
    oldest_first: VecDeque<OrderKey>,
    /// How often anything was written down.
    noted: u64,
}

/// Something that was said or done, as `GET /_sim/orders/{out_trade_no}/messages` shows it.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Message {
    /// When it began.
    pub at: String,
    /// `unifiedorder`, `orderquery`, `closeorder`, `refund`, `refundquery`; `notification`, `refund-notification`; `refund-decided`; `restart`;
    /// or what the payer or the merchant's staff did.
    pub what: &'static str,
    /// How often in a row, if the merchant asked again and heard the same.
    pub times: u32,
    /// The gist of a reply: its trade state, its error code or its complaint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The fault that it fell victim to, by its name in `/_sim/faults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// Of a call with a fault: whether WeChat did what was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_out: Option<bool>,
    /// What was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What was answered, or would have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The HTTP status of the answer to a notification; none when there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether that answer stops the repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<bool>,
    /// When the notification comes again, or for the first time if it is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
}

impl Message {
    pub fn new(what: &'static str, at: Timestamp) -> Self {
        Self { at: BeijingTime::from(at).to_string(), what, times: 1, ..Self::default() }
    }

    /// Whether this says nothing that `former` did not say: a page that waits asks every second.
    fn repeats(&self, former: &Self) -> bool {
        let gist = |message: &Self| (message.what, message.says.clone(), message.fault);
        self.says.is_some() && gist(self) == gist(former)
    }
}

impl MessageLog {
    /// Writes down what happened to an order.
    pub fn note(&mut self, order: &OrderKey, mut message: Message) {
        self.noted += 1;
        for text in [&mut message.request, &mut message.answer].into_iter().flatten() {
            text.truncate(text.floor_char_boundary(BYTES));
        }
        if !self.pages.contains_key(order) {
            if self.oldest_first.len() >= ORDERS
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.pages.remove(&oldest);
            }
            self.oldest_first.push_back(order.clone());
        }
        let page = self.pages.entry(order.clone()).or_default();
        if let Some(last) = page.back_mut()
            && message.repeats(last)
        {
            *last = Message { at: std::mem::take(&mut last.at), times: last.times.saturating_add(1), ..message };
            return;
        }
        if page.len() >= MESSAGES {
            // How it began is always worth reading.
            page.remove(1);
        }
        page.push_back(message);
    }

    /// How often anything was written down: whatever happens to an order is.
    pub fn noted(&self) -> u64 {
        self.noted
    }

    /// What is remembered of an order, oldest first.
    pub fn messages(&self, order: &OrderKey) -> Option<&VecDeque<Message>> {
        self.pages.get(order)
    }

    /// The last order by this number that a merchant spoke of, whether there is one or not.
    pub fn spoken_of(&self, out_trade_no: &str, mch_id: Option<&str>, sub_mch_id: Option<&str>) -> Option<&OrderKey> {
        self.oldest_first.iter().rev().find(|order| order.is_meant(out_trade_no, mch_id, sub_mch_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: &str) -> OrderKey {
        OrderKey { mch_id: "1900000001".to_owned(), sub_mch_id: None, out_trade_no: number.to_owned() }
    }

    fn message(what: &'static str, says: Option<&str>) -> Message {
        Message { says: says.map(str::to_owned), ..Message::new(what, Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn it_is_a_window() {
        let mut log = MessageLog::default();
        for number in 0..ORDERS + 3 {
            for turn in 0..MESSAGES + 3 {
                log.note(&order(&number.to_string()), message("notification", None));
                assert!(log.messages(&order(&number.to_string())).unwrap().len() <= turn + 1);
            }
        }
        assert_eq!(log.pages.len(), ORDERS);
        assert_eq!(log.pages.len(), log.oldest_first.len());
        assert!(log.messages(&order("2")).is_none());
        assert_eq!(log.messages(&order("3")).unwrap().len(), MESSAGES);
    }

    #[test]
    fn the_beginning_stays_and_long_texts_are_cut() {
        let mut log = MessageLog::default();
        log.note(&order("1"), message("unifiedorder", None));
        for _ in 0..2 * MESSAGES {
            log.note(&order("1"), Message { request: Some("字".repeat(BYTES)), ..message("notification", None) });
        }
        let page = log.messages(&order("1")).unwrap();
        assert_eq!(page[0].what, "unifiedorder");
        assert!(page[1].request.as_ref().unwrap().len() <= BYTES);
    }

    #[test]
    fn a_question_with_the_same_answer_is_told_once() {
        let mut log = MessageLog::default();
        for says in ["NOTPAY", "NOTPAY", "NOTPAY", "SUCCESS"] {
            log.note(&order("1"), message("orderquery", Some(says)));
        }
        let told: Vec<_> = log.messages(&order("1")).unwrap().iter().map(|message| (message.says.as_deref(), message.times)).collect();
        assert_eq!(told, [(Some("NOTPAY"), 3), (Some("SUCCESS"), 1)]);
    }

    #[test]
    fn a_number_of_two_merchants_has_two_pages() {
        let mut log = MessageLog::default();
        let other = OrderKey { mch_id: "1900000002".to_owned(), ..order("1") };
        log.note(&order("1"), message("unifiedorder", None));
        log.note(&other, message("orderquery", None));
        assert_eq!(log.messages(&order("1")).unwrap()[0].what, "unifiedorder");
        assert_eq!(log.spoken_of("1", None, None), Some(&other));
        assert_eq!(log.spoken_of("1", Some("1900000001"), None), Some(&order("1")));
        assert_eq!(log.spoken_of("1", Some("1900000001"), Some("1900000109")), None);
    }
}
