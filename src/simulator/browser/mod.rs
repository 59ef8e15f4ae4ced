//! WeChat's side of a payer's browser, below `/_wechat/`: the login (OAuth 2.0), the bridge between pages and WeChat, the page of H5
//! orders, and a door for a developer at a desk, who can then open pages as a payer in WeChat or on a phone.

mod app;
mod bridge;
mod h5_page;
mod home;
mod notice;
mod oauth;
mod sheet;
mod viewer;

use axum::Router;
use axum::routing::{get, post};
use tower_http::cors::{Any, CorsLayer};

use crate::page::{self, BASE_CSS, CSS};

use super::Simulator;

pub fn routes() -> Router<Simulator> {
    Router::new()
        .route("/_wechat/", get(home::home))
        .route("/_wechat/open", get(home::open))
        .route("/_wechat/connect/oauth2/authorize", get(oauth::authorize))
        .route("/_wechat/sns/oauth2/access_token", get(oauth::access_token))
        .route("/_wechat/checkmweb", get(h5_page::open).post(h5_page::act))
        .route("/_wechat/browser.css", get(|| async { page::asset(CSS, [BASE_CSS, include_str!("browser.css")].concat()) }))
        .merge(called_by_pages())
}

/// What pages of every site call.
fn called_by_pages() -> Router<Simulator> {
    Router::new()
        .route("/_wechat/jsbridge.js", get(bridge::script))
        .route("/_wechat/invoke", post(bridge::invoke))
        .route("/_wechat/app", post(app::invoke))
        .layer(CorsLayer::new().allow_origin(Any).allow_methods(Any).allow_headers(Any))
}
