//! wechat-pay: a self-hosted payment gateway for WeChat Pay.
pub mod app;
pub mod chance;
pub mod clock;
pub mod config;
pub mod deal;
pub mod gateway;
pub mod http;
pub mod listener;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod wechat;
