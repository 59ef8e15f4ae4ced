//! Stories on the real service: its listener, its store on both engines, a simulated WeChat, a clock set by hand.
//!
//! `tests/run` starts the throwaway MariaDB that half of them need, and says so when it is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod support;

mod adoptable;
mod adopted_rows;
mod adoption;
mod algorithm_change;
mod architecture;
mod auth;
mod backlog;
mod batching;
mod commands;
mod configuration;
mod costs;
mod credentials;
mod crowd;
mod crowding;
mod database_troubles;
mod deploy;
mod doctor;
mod edge;
mod events;
mod faults;
mod foreign_indexes;
mod forgotten_credentials;
mod front_end;
mod front_end_http;
mod given_back;
mod heavy;
mod key_change;
mod language;
mod links;
mod locks;
mod metrics;
mod moving;
mod network;
mod nginx;
mod notification;
mod notification_meaning;
mod openapi;
mod page;
mod paid_rows;
mod papers;
mod phone;
mod process;
mod proxies;
mod races;
mod request_log;
mod schema;
mod secrets;
mod shop;
mod smuggling;
mod starting;
mod stories;
mod sweep_bounds;
mod sweeping;
mod table_prefix;
mod trade_states;
mod upstream;
mod upstream_words;
mod workers;
