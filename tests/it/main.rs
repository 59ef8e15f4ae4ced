//! Stories on the real service: its listener, its store on both engines, a simulated WeChat, a clock set by hand.
//!
//! `tests/run` starts the throwaway MariaDB that half of them need, and says so when it is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod adoption {
    mod adoptable;
    mod adopted_rows;
    mod foreign_indexes;
    mod moving;
    mod table_prefix;
    mod taken_names;
    mod takeover;
}
mod bills {
    mod a_day;
    mod any_books;
    mod budget;
    mod command;
    mod fund_flow;
    mod hiding;
    mod instances;
    mod lies;
    mod missing;
    mod planted;
    pub mod shop;
    mod told;
}
mod books {
    mod api;
    mod bills;
    mod command;
    mod costs;
    pub mod kept_bills;
    mod lists;
    mod reconcile_command;
    pub mod rows;
    mod takings;
}
mod checkouts {
    mod addresses;
    pub mod browser;
    mod closing;
    mod costs;
    mod cut;
    mod decided;
    mod foreign_paid;
    mod login;
    mod login_bounds;
    pub mod made;
    mod making;
    mod refused;
    mod second;
    mod told;
    mod ways;
}
mod console;
mod database {
    pub mod accounts;
    mod batching;
    pub mod bill_files;
    mod bill_lines;
    pub mod bills;
    mod commits;
    mod costs;
    mod endpoints;
    pub mod galera;
    mod haproxy;
    mod hosts;
    mod keys;
    mod locks;
    mod network;
    mod outbox;
    mod refund_lines;
    mod refunds;
    mod schema;
    mod troubles;
    mod workers;
}
mod feed {
    mod pruning;
    mod reading;
    pub mod told;
    mod waiting;
    mod without_holes;
}
mod front_end {
    pub mod auth;
    mod cors;
    mod details;
    mod events;
    pub mod http;
    pub mod keys;
    mod offers;
    mod page;
    mod pay_js;
    mod requests;
}
mod limits {
    mod crowd;
    mod crowding;
    mod heavy;
    mod listener;
    mod process;
    mod readers;
    mod smuggling;
}
mod notifications {
    mod accounts;
    mod form;
    mod meaning;
}
mod operations {
    mod accounts;
    mod certificates;
    mod commands;
    mod configuration;
    mod credentials;
    mod deploy;
    pub mod doctor;
    mod forgotten_credentials;
    mod language;
    pub mod metrics;
    mod nginx;
    mod refund_command;
    mod request_log;
    mod secrets;
    mod starting;
    mod terminal;
    mod webhook_configuration;
    mod webhooks;
}
mod payments {
    mod given_back;
    mod links;
    mod paid_rows;
    mod races;
    mod stories;
    mod trade_states;
    mod trade_types;
}
mod refunds {
    pub mod api;
    mod automatic;
    pub mod books;
    pub mod by_others;
    mod certificate;
    mod follow;
    mod keys;
    mod notifications;
    mod retries;
    mod told;
}
mod repository {
    pub mod architecture;
    mod arrows;
    mod examples;
    mod openapi;
    mod papers;
    mod planted_faults;
}
mod simulator {
    mod bill_traps;
    mod bills;
    mod bridge;
    mod browser;
    mod days;
    mod faults;
    mod fund_flow;
    mod h5;
    mod login;
    pub mod merchants;
    mod payers;
    mod phone;
    mod refund_control;
    mod refund_faults;
    pub mod refunds;
    mod restart;
    mod shop;
    pub mod tls;
    mod trade_types;
}
mod sweep {
    mod backlog;
    mod beside;
    mod bounds;
    mod missing_accounts;
    mod sweeping;
    mod unclaimed;
}
mod telling {
    mod alarms;
    pub mod bills;
    mod costs;
    mod deals;
    mod explain;
    mod once;
    mod refunds;
    pub mod told;
}
mod webhooks {
    mod backlog;
    mod client;
    mod connections;
    mod delivery;
    mod guard;
    mod lines;
    mod logged;
    mod post;
    mod sending;
    mod teller;
}
mod wechat {
    mod algorithm_change;
    mod bills;
    mod client_certificate;
    mod key_change;
    mod proxies;
    mod refund_calls;
    mod upstream;
    mod upstream_words;
}
