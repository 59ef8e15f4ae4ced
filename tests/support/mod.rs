//! The library that all tests and benches share. The stories (`tests/it`) use all of it and so notice what is dead; each other
//! program lists the modules that it uses.

pub mod certificates;
pub mod commits;
pub mod configured;
pub mod console;
pub mod contract;
pub mod database;
pub mod description;
pub mod example;
pub mod haproxy;
pub mod http;
pub mod listener;
pub mod log;
pub mod mariadb;
pub mod merchant;
pub mod meter;
pub mod nginx;
pub mod overheard_wechat;
pub mod ports;
pub mod process;
pub mod program;
pub mod proxy;
pub mod scrape;
pub mod scripted_wechat;
pub mod secured_wechat;
pub mod stub;
pub mod test_app;
pub mod wechat_message;
pub mod wire;

/// One story, told on both engines. It gets a [`database::Engine`].
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($engine:ident) $body:block)*) => {
        $(
            mod $name {
                use super::*;
                async fn story($engine: $crate::support::database::Engine) $body
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    story($crate::support::database::Engine::Sqlite).await;
                }
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn mysql() {
                    story($crate::support::database::Engine::MySql).await;
                }
            }
        )*
    };
}
pub(crate) use on_both_engines;
