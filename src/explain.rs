//! `wechat-pay explain <order_id>`: a deal's story in plain sentences, and what comes next.

use std::fmt::Write;

use crate::deal::{BeijingTime, Deal, DealStatus, Mode, OrderId, Timestamp};
use crate::store::{EventKind, Origin, StoredEvent, Story};

/// Tells the story of an order; `None` if there is no such order and nothing was ever heard of it.
pub fn tell(Story { deal, events }: &Story, order_id: &OrderId, now: Timestamp) -> Option<String> {
    if deal.is_none() && events.is_empty() {
        return None;
    }
    let mut story = String::new();
    match deal {
        Some(deal) => introduce(&mut story, deal, now),
        None => {
            let _ = writeln!(story, "Order {order_id}: there is no such deal here, but WeChat has told of it.");
        }
    }
    for event in events {
        let _ = writeln!(story, "  {}  {}", show(event.at), sentence(event));
    }
    if let Some(deal) = deal {
        let _ = writeln!(story, "{}", outlook(deal, now));
    }
    Some(story)
}

fn introduce(story: &mut String, deal: &Deal, now: Timestamp) {
    let price = deal.charged.map_or("an impossible price".to_owned(), |price| format!("{price} yuan"));
    let _ = writeln!(
        story,
        "Order {}: product {} of merchant {}, {price}, opened {}.",
        deal.order_id,
        deal.product_id,
        deal.merchant_id,
        show(deal.opened_at(now))
    );
    if let Mode::Other(mode) = deal.mode {
        let _ = writeln!(story, "  It is not paid by WeChat (mode {mode}): here it is only told of, as its row says.");
    } else if deal.prepay.request.is_none() {
        let _ = writeln!(story, "  It was opened by the service that was here before.");
    }
}

fn sentence(event: &StoredEvent) -> String {
    let who = match event.origin {
        Some(Origin::FrontEnd) => "a front end's call",
        Some(Origin::Notification) => "WeChat's notification",
        Some(Origin::Sweeper) => "the sweeper",
        None => "a later version",
    };
    let what = match event.kind {
        Some(EventKind::Opened) => "The deal was stored, and WeChat was asked for a link",
        Some(EventKind::LinkGiven) => "WeChat gave a link",
        Some(EventKind::LinkRefused) => "WeChat refused to give a link",
        Some(EventKind::LinkUnknown) => "WeChat's answer did not arrive; only the same request again, or a query, can tell",
        Some(EventKind::Settled) => "WeChat's signed word was stored: paid",
        Some(EventKind::SettledLate) => "ALARM: paid after it had expired; stored as paid",
        Some(EventKind::Identified) => "Another program had marked it as paid; WeChat's signed word says by which payment",
        Some(EventKind::Refunded) => "ALARM: WeChat said that it was given back, and not by this service",
        Some(EventKind::Mismatch) => "ALARM: WeChat has signed a payment that does not fit; nothing was changed",
        Some(EventKind::PaymentFailed) => "WeChat told of a payment that failed",
        Some(EventKind::Looked) => "WeChat was asked how it stands",
        Some(EventKind::Closed) => "WeChat was asked to close it",
        Some(EventKind::Expired) => "WeChat confirmed that it cannot be paid any more: expired",
        None => "Something that a later version wrote down",
    };
    let detail = event.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{what}{detail}. By {who}, instance {}.", event.instance)
}

fn outlook(deal: &Deal, now: Timestamp) -> String {
    match deal.status {
        DealStatus::Paid => {
            let when = deal.paid_at.map(|at| format!(" {}", show(at))).unwrap_or_default();
            let transaction = deal.transaction_id.as_deref().unwrap_or("unknown");
            let refunded = deal.refunded_at.map(|at| format!(" At least a part was given back; WeChat said so {}.", show(at)));
            format!("It is paid{when}, transaction {transaction}.{} Nothing more will happen to it.", refunded.unwrap_or_default())
        }
        DealStatus::Expired => "It has expired. Nothing more will happen to it, unless WeChat tells of a payment after all.".to_owned(),
        DealStatus::Unpaid if !deal.mode.is_wechat() => "It is undecided. WeChat is never asked about it.".to_owned(),
        DealStatus::Unpaid => {
            let is_over = deal.payable_until() <= now;
            let end = match is_over {
                false => format!("It is undecided and can be paid until {}.", show(deal.payable_until())),
                true => "It is undecided, and its time is over.".to_owned(),
            };
            match (deal.due_at, is_over) {
                (Some(at), false) => format!("{end} The sweeper looks at it again {}.", show(at.max(now))),
                (Some(at), true) => format!("{end} The sweeper gives it up {}.", show(at.max(now))),
                (None, _) => format!("{end} Nobody follows it; it is looked at when somebody asks."),
            }
        }
    }
}

fn show(time: Timestamp) -> String {
    BeijingTime::from(time).to_string()
}
