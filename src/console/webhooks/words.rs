//! What is said of endpoints and deliveries.

use crate::deal::DeliveryList;
use crate::gateway::StandingEndpoint;
use crate::language::{Text, pair};

pub const TITLE: Text = pair("Webhooks", "回调");

/// How an endpoint stands, with the class of its look.
pub fn standing(endpoint: &StandingEndpoint) -> (&'static str, Text) {
    if endpoint.standing.paused_at.is_some() {
        ("bad", pair("paused: it has said 410 Gone", "已暂停：对方返回 410 Gone"))
    } else if endpoint.is_left_alone {
        ("bad", pair("does not answer, tried once a minute", "没有应答，每分钟试一次"))
    } else if endpoint.standing.failing > 0 {
        ("waiting", pair("some tries have failed", "有发送失败"))
    } else {
        ("good", pair("takes what it is sent", "正常"))
    }
}

/// What a list is called.
pub fn list(list: DeliveryList) -> Text {
    match list {
        DeliveryList::Latest { .. } => pair("Latest", "最近"),
        DeliveryList::Waiting => pair("Waiting", "待发送"),
        DeliveryList::GivenUp => pair("Given up", "已放弃"),
    }
}

/// That there is nothing in it.
pub fn none(list: DeliveryList) -> Text {
    match list {
        DeliveryList::Latest { before: None } => pair("Nothing was sent to it yet.", "还没有发送过事件。"),
        DeliveryList::Latest { .. } => pair("There are no older ones.", "没有更早的事件。"),
        DeliveryList::Waiting => pair("Nothing waits for it.", "没有待发送的事件。"),
        DeliveryList::GivenUp => pair("Nothing was given up.", "没有放弃的事件。"),
    }
}
