//! The story of a checkout: how its deals stand beside one another, and then each of them with its own story.

use crate::deal::{AccountId, Timestamp};
use crate::language::{Language, Text};
use crate::store::{CheckoutStory, Story};

use super::checkout_words as words;
use super::tell;

/// Tells the story of a checkout. `is_configured` says of an account whether the configuration has it.
pub fn tell_checkout(
    CheckoutStory { checkout, deals }: &CheckoutStory,
    now: Timestamp,
    is_configured: impl Fn(&AccountId) -> bool,
    language: Language,
) -> String {
    let mut sentences = vec![words::made(checkout)];
    sentences.extend(deals.iter().flat_map(in_short));
    sentences.push(words::outlook(checkout, deals.len(), now));
    let mut told: String = sentences.iter().map(|sentence| format!("{}\n", sentence.read(language))).collect();
    for story in deals {
        let of_deal = story.deal.as_ref().and_then(|deal| tell(story, &deal.order_id, now, &is_configured, language));
        told.extend(of_deal.map(|of_deal| format!("\n{of_deal}")));
    }
    told
}

/// One way to pay it, and what of a second payment by it goes back.
fn in_short(Story { deal, refunds, .. }: &Story) -> Vec<Text> {
    let Some(deal) = deal else { return Vec::new() };
    let second = refunds.iter().filter(|refund| refund.is_of_second_payment);
    [words::way(deal)].into_iter().chain(second.map(|refund| words::second_payment(deal.trade_type, refund))).collect()
}
