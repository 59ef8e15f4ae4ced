//! The calls. One reqwest client, every default of it chosen.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, info, info_span, warn};

use crate::chance::Chance;
use crate::deal::OrderId;

use super::error::{CallError, Doubt};
use super::merchant::Merchant;
use super::reply::{self, CloseAnswer, Prepaid, QueryAnswer};
use super::xml::{MAX_BYTES, XmlError};

/// A connection that takes longer is one that the payer should not wait for: the other host is tried.
const CONNECT: Duration = Duration::from_secs(2);
/// For a whole call, both hosts included. Front ends wait for at most 8 s.
const TOTAL: Duration = Duration::from_secs(6);
/// Shorter than any keep-alive of WeChat's, so that a request seldom meets a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);
/// Pauses before an identical request is sent again, while there is time: WeChat asks for that after SYSTEMERROR, and
/// allows it after every unknown outcome of `unifiedorder` and `closeorder` (protocol file, 1.4).
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];
/// How long the backup host is used before the primary is tried again (protocol file, 1.4).
const BACKUP_STAY: Duration = Duration::from_secs(180);

/// Where WeChat's API is.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `/pay/unifiedorder` … hang below it.
    pub primary: Url,
    /// Used when the primary cannot be reached.
    pub backup: Option<Url>,
}

/// Asks WeChat.
#[derive(Debug)]
pub struct Client {
    merchant: Merchant,
    endpoints: Endpoints,
    avoid_primary_until: Mutex<Option<Instant>>,
    http: reqwest::Client,
    chance: Chance,
}

impl Client {
    /// A client for one merchant.
    pub fn new(merchant: Merchant, endpoints: Endpoints, chance: Chance) -> Result<Self, reqwest::Error> {
        // reqwest brings no cryptography of its own here, so that the service has only one. A second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("wechat-pay/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .build()?;
        Ok(Self { merchant, endpoints, avoid_primary_until: Mutex::new(None), http, chance })
    }

    /// Who asks.
    pub fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// `unifiedorder` with the stored bytes of [`Merchant::unified_order_request`].
    pub async fn unified_order(&self, order_id: &OrderId, request: String) -> Result<Prepaid, CallError> {
        self.call("unifiedorder", order_id, request, &PAUSES, reply::unified_order).await
    }

    /// `orderquery`. Asked once: whoever asks comes again by himself.
    pub async fn order_query(&self, order_id: &OrderId) -> Result<QueryAnswer, CallError> {
        let request = self.merchant.order_request(order_id, &self.chance);
        self.call("orderquery", order_id, request, &[], reply::order_query).await
    }

    /// `closeorder`.
    pub async fn close_order(&self, order_id: &OrderId) -> Result<CloseAnswer, CallError> {
        let request = self.merchant.order_request(order_id, &self.chance);
        self.call("closeorder", order_id, request, &PAUSES, reply::close_order).await
    }

    async fn call<T>(
        &self,
        api: &'static str,
        order_id: &OrderId,
        request: String,
        pauses: &[Duration],
        read: impl Fn(&Merchant, &OrderId, &[u8]) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        async {
            let started = Instant::now();
            let mut pauses = pauses.iter();
            let outcome = loop {
                let outcome = match timeout_at(started + TOTAL, self.post(api, request.clone())).await {
                    Ok(body) => body.and_then(|body| read(&self.merchant, order_id, &body)),
                    Err(_) => Err(Doubt::Timeout.into()),
                };
                match (&outcome, pauses.next()) {
                    (Err(error), Some(pause)) if error.may_pass() && started.elapsed() + *pause < TOTAL => {
                        info!(%error, "asking WeChat again");
                        sleep(*pause).await;
                    }
                    _ => break outcome,
                }
            };
            let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            match &outcome {
                Ok(_) => info!(elapsed_ms, "WeChat answered"),
                Err(error) => warn!(elapsed_ms, %error, "WeChat did not answer the question"),
            }
            outcome
        }
        .instrument(info_span!("wechat", api, %order_id))
        .await
    }

    /// Posts to the host that is expected to work, and to the other one if it cannot be reached.
    async fn post(&self, api: &str, request: String) -> Result<Vec<u8>, CallError> {
        let Some(backup) = &self.endpoints.backup else {
            return self.post_to(&self.endpoints.primary, api, request).await;
        };
        if self.avoids_primary() {
            return match self.post_to(backup, api, request.clone()).await {
                Err(CallError::Unreachable) => self.post_to(&self.endpoints.primary, api, request).await,
                answered => answered,
            };
        }
        match self.post_to(&self.endpoints.primary, api, request.clone()).await {
            Err(CallError::Unreachable) => {
                warn!(stay_s = BACKUP_STAY.as_secs(), "the primary host cannot be reached, changing to the backup host");
                *self.avoid_primary_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + BACKUP_STAY);
                self.post_to(backup, api, request).await
            }
            answered => answered,
        }
    }

    fn avoids_primary(&self) -> bool {
        let until = *self.avoid_primary_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    async fn post_to(&self, base: &Url, api: &str, request: String) -> Result<Vec<u8>, CallError> {
        let url = format!("{}/pay/{api}", base.as_str().trim_end_matches('/'));
        let sent = self.http.post(url).header("content-type", "text/xml; charset=utf-8").body(request).send().await;
        let response = sent.map_err(transport_error)?;
        match response.status() {
            StatusCode::OK => read_capped(response).await,
            StatusCode::TOO_MANY_REQUESTS => Err(CallError::RateLimited),
            status => Err(Doubt::Status(status.as_u16()).into()),
        }
    }
}

async fn read_capped(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::with_capacity(1024);
    while let Some(chunk) = response.chunk().await.map_err(transport_error)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Doubt::Xml(XmlError::TooLarge).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Only a failed connect proves that nothing was sent. (The error itself may show an address, so it goes no further.)
fn transport_error(error: reqwest::Error) -> CallError {
    if error.is_connect() {
        CallError::Unreachable
    } else if error.is_timeout() {
        Doubt::Timeout.into()
    } else {
        Doubt::Broken.into()
    }
}
