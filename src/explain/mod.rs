//! An audit trail told in sentences, `wechat-pay explain <order_id>`: what happened to a deal, by its journal, and what comes next; and
//! `wechat-pay explain <checkout_id>`, of a checkout with all of its deals; and what WeChat's bills say of a deal.

mod bill;
mod bill_words;
mod checkout;
mod checkout_words;
mod delivery_words;
mod lines;
mod refund_words;
mod words;

use crate::deal::{AccountId, Deal, DealStatus, Mode, OrderId, Refund, RefundState, Timestamp};
use crate::language::{Language, Text, text};
use crate::store::{EventKind, StoredEvent, Story};

pub use bill::tell_bills;
pub use checkout::tell_checkout;
pub use lines::{Line, lines};

/// Tells the story of an order; `None` if there is no such order and nothing was ever heard of it. `is_configured` says of an
/// account whether the configuration has it.
pub fn tell(
    Story { deal, refunds, events, deliveries }: &Story,
    order_id: &OrderId,
    now: Timestamp,
    is_configured: impl Fn(&AccountId) -> bool,
    language: Language,
) -> Option<String> {
    if deal.is_none() && events.is_empty() {
        return None;
    }
    let mut sentences = match deal {
        Some(deal) => introduction(deal, now),
        None => vec![words::no_such_deal(order_id)],
    };
    sentences.extend(events.iter().map(line));
    sentences.extend(
        refunds.iter().flat_map(|refund| [refund_words::asked(refund), refund_standing(refund, now, is_configured(&refund.account))]),
    );
    sentences.extend(deliveries.iter().map(|delivery| delivery_words::standing(delivery, now)));
    sentences.extend(deal.as_ref().map(|deal| outlook(deal, events, now, is_configured(&deal.account))));
    Some(sentences.iter().map(|sentence| format!("{}\n", sentence.read(language))).collect())
}

fn introduction(deal: &Deal, now: Timestamp) -> Vec<Text> {
    let mut sentences = vec![words::opened(deal, now)];
    sentences.extend(words::way(deal));
    if !deal.account.is_default() {
        sentences.push(words::account(&deal.account));
    }
    match deal.mode {
        Mode::Other(mode) => sentences.push(words::other_mode(mode)),
        _ if deal.prepay.request.is_none() => sentences.push(words::opened_before()),
        _ => {}
    }
    sentences
}

/// One event of the journal.
fn line(event: &StoredEvent) -> Text {
    let (what, by) = (words::event(event.kind), words::origin(event.origin));
    let (at, instance) = (words::show(event.at), &event.instance);
    let detail = |before: &str, after: &str| event.detail.as_ref().map(|detail| format!("{before}{detail}{after}")).unwrap_or_default();
    text(
        format!("  {at}  {}{}. By {}, instance {instance}.", what.read(Language::English), detail(" (", ")"), by.read(Language::English)),
        format!("  {at}  {}{}。来自{}，实例 {instance}。", what.read(Language::Chinese), detail("（", "）"), by.read(Language::Chinese)),
    )
}

/// How a refund stands, and what comes next.
pub fn refund_standing(refund: &Refund, now: Timestamp, has_account: bool) -> Text {
    match refund.state {
        RefundState::Processing if !has_account => refund_words::without_account(&refund.account),
        RefundState::Processing if refund.is_accepted() => refund_words::accepted(refund, now),
        RefundState::Processing if refund.refused_certificate.is_some() => refund_words::waits_for_a_certificate(refund, now),
        RefundState::Processing => refund_words::waits(refund, now),
        RefundState::Success => refund_words::arrived(refund),
        RefundState::Closed => refund_words::closed(),
        RefundState::Abnormal => refund_words::abnormal(),
        RefundState::Failed => refund_words::failed(refund),
    }
}

/// What comes next of a deal with this journal.
pub fn outlook(deal: &Deal, events: &[StoredEvent], now: Timestamp, has_account: bool) -> Text {
    let is_paid_second = || events.iter().any(|event| event.kind == Some(EventKind::PaidOtherwise));
    match deal.status {
        DealStatus::Paid => words::paid(deal),
        DealStatus::Expired if is_paid_second() => words::paid_second(),
        DealStatus::Expired => words::expired(),
        DealStatus::Unpaid if !deal.mode.is_wechat() => words::never_asked(),
        DealStatus::Unpaid if !has_account => words::without_account(&deal.account),
        DealStatus::Unpaid => words::undecided(deal.payable_until(), deal.due_at, now),
    }
}
