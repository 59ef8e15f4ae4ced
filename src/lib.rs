//! wechat-pay: a self-hosted payment gateway for WeChat Pay.
pub mod chance;
pub mod clock;
pub mod deal;
pub mod gateway;
pub mod store;
pub mod wechat;
