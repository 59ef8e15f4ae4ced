//! What today comes to, in a few figures, each with what it is to be held against.

use chrono::TimeDelta;

use crate::deal::{Hour, Timestamp};
use crate::gateway::{Board, Heard, Purchases};
use crate::language::{Text, pair, text};
use crate::page::{Language, Value, bilingual};

use super::words::{a_week_before, lasting, money, percent, seconds};

const FIGURE: &str = include_str!("html/figure.html");
/// The store counts no further.
const COUNTED: i64 = 100_000;

struct Figure {
    name: Text,
    value: String,
    words: Text,
    /// The page on which more is said.
    page: Option<&'static str>,
}

/// The figures of a board, as they are at this time.
pub fn figures(board: &Board, now: Timestamp, language: Language) -> String {
    let total = board.today.total();
    let figures = [
        Figure { name: pair("Paid today", "今日收款"), value: money(total.paid_fee), words: paid(board), page: Some("/deals?by=paid") },
        Figure {
            name: pair("Refunded today", "今日退款"),
            value: money(total.refunded_fee),
            words: text(counted(total.refunded_count, "refund", "refunds"), format!("{} 笔", total.refunded_count)),
            page: Some("/refunds?state=SUCCESS"),
        },
        Figure {
            name: pair("Net today", "今日净额"),
            value: money(total.net_fee()),
            words: pair("what was paid, less what went back today", "今日收款减去今日退款"),
            page: None,
        },
        Figure {
            name: pair("Undecided orders", "待付款订单"),
            value: up_to(board.undecided.count),
            words: since(board.undecided.oldest, now),
            page: Some("/deals?status=UNPAID"),
        },
        Figure {
            name: pair("Refunds on their way", "在途退款"),
            value: up_to(board.refunds.undecided),
            words: refunds(board, now),
            page: Some("/refunds?state=PROCESSING"),
        },
        Figure {
            name: pair("Opened → paid", "下单 → 付款"),
            value: percent(board.purchases.paid, board.purchases.opened),
            words: conversion(board.purchases, board.purchases_yesterday),
            page: None,
        },
        heard(board.heard),
    ];
    figures.iter().map(|figure| figure.tell(language)).collect()
}

impl Figure {
    fn tell(&self, language: Language) -> String {
        let name = self.name.read(language);
        let link = self.page.map(|page| format!("<a href=\"{page}\">{name}</a>"));
        let name = link.as_deref().map_or(Value::Text(name), Value::Markup);
        bilingual(
            FIGURE,
            language,
            &[("name", name), ("value", Value::Text(&self.value)), ("words", Value::Text(self.words.read(language)))],
        )
    }
}

/// The hours that are over are held against the same ones of other days.
fn paid(board: &Board) -> Text {
    let (count, hour) = (board.today.total().paid_count, Hour::of(board.at).number());
    let payments = counted(count, "payment", "payments");
    if hour == 0 {
        return text(payments, format!("{count} 笔"));
    }
    let [today, yesterday, week_ago] = [&board.today, &board.yesterday, &board.week_ago].map(|day| money(day.before(hour).paid_fee));
    let weekday = a_week_before(board.today.day);
    text(
        format!("{payments}; up to {hour}:00 {today}, against {yesterday} yesterday and {week_ago} {}", weekday.read(Language::English)),
        format!("{count} 笔；到 {hour}:00 为 {today}，昨天同期 {yesterday}，{}同期 {week_ago}", weekday.read(Language::Chinese)),
    )
}

fn refunds(board: &Board, now: Timestamp) -> Text {
    let since = since(board.refunds.oldest_followed, now);
    match board.refunds.unaccepted {
        0 => since,
        count => text(
            format!("{}; {count} of them not accepted by WeChat yet", since.read(Language::English)),
            format!("{}；其中 {count} 笔微信还没有受理", since.read(Language::Chinese)),
        ),
    }
}

fn conversion(today: Purchases, yesterday: Purchases) -> Text {
    let (Purchases { opened, paid }, before) = (today, percent(yesterday.paid, yesterday.opened));
    text(
        format!("{paid} of {opened} opened today are paid; of yesterday's {before}"),
        format!("今天开出 {opened} 单，已付 {paid} 单；昨天为 {before}"),
    )
}

fn heard(heard: Heard) -> Figure {
    let Heard { payments, notified, median, most } = heard;
    let name = pair("Notification lag", "通知延迟");
    if payments == 0 {
        return Figure { name, value: "–".to_owned(), words: pair("no payment within a day", "一天内没有付款"), page: None };
    }
    let (missed, slowest) = (payments - notified, seconds(most));
    let words = text(
        format!("median of the last {payments} payments; 95% within {}; {missed} came without one", slowest.read(Language::English)),
        format!("最近 {payments} 笔付款的中位数；95% 在 {} 以内；{missed} 笔没有收到通知", slowest.read(Language::Chinese)),
    );
    // It is the same in either language but for the unit, which an `s` is in both.
    let value = if notified == 0 { "–".to_owned() } else { format!("{median} s") };
    Figure { name, value, words, page: None }
}

/// How old the oldest is.
fn since(oldest: Option<Timestamp>, now: Timestamp) -> Text {
    let Some(oldest) = oldest else { return pair("none", "没有") };
    let age = lasting((now - oldest).max(TimeDelta::zero()));
    text(format!("the oldest for {}", age.read(Language::English)), format!("最久的已 {}", age.read(Language::Chinese)))
}

fn up_to(count: i64) -> String {
    if count >= COUNTED { format!("≥ {COUNTED}") } else { count.to_string() }
}

fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
