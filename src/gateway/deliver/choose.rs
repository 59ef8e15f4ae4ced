//! Fair queueing: what came due last goes first, since its payer still waits, and half of the places go to what waits longest, so
//! that under any load nothing waits for ever.

use crate::store::Delivery;

/// So many of these, of which the first came due last, from both ends by turns; of one alone it is the end that waits longest.
pub fn both_ends(mut due: Vec<Delivery>, room: u32) -> Vec<Delivery> {
    let room = room as usize;
    if due.len() > room {
        let oldest = due.split_off(due.len() - room.div_ceil(2));
        due.truncate(room - oldest.len());
        due.extend(oldest);
    }
    due
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::deal::{AccountId, EventId, Timestamp};
    use crate::store::OutboxEvent;

    fn delivery(id: i64) -> Delivery {
        let at = Timestamp::UNIX_EPOCH + TimeDelta::seconds(id);
        let event = OutboxEvent {
            position: id,
            event_id: EventId::draw(1),
            event_type: "deal.paid".to_owned(),
            merchant_id: None,
            account: AccountId::default(),
            data: "{}".to_owned(),
            at,
        };
        Delivery { id, endpoint: "shop".parse().unwrap(), order_id: None, event, tries: 0, due_at: at, created_at: at }
    }

    /// Of as many as are due, numbered as they came due, those that go.
    fn chosen(due: i64, room: u32) -> Vec<i64> {
        both_ends((1..=due).rev().map(delivery).collect(), room).iter().map(|delivery| delivery.id).collect()
    }

    #[test]
    fn both_ends_of_the_line_share_the_places() {
        assert_eq!(chosen(20, 4), [20, 19, 2, 1]);
        assert_eq!(chosen(20, 5), [20, 19, 3, 2, 1]);
    }

    #[test]
    fn one_place_alone_is_that_of_the_longest_wait() {
        assert_eq!(chosen(20, 1), [1]);
        assert!(chosen(20, 0).is_empty());
    }

    #[test]
    fn what_has_room_goes_each_once() {
        for room in [3, 4, 100] {
            assert_eq!(chosen(3, room), [3, 2, 1]);
        }
        assert!(chosen(0, 16).is_empty());
    }
}
