//! The API client: places for calls, repeats after an unknown outcome, and what is counted of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tracing::{Instrument, info, info_span, warn};

use crate::chance::Chance;
use crate::channel::Refunding;
use crate::channel::error::{CallError, Ground};
use crate::channel::outcome::{CertificateFault, CloseOutcome, Postponed, QueryOutcome, RefundOutcome, RefundQueryOutcome, RefundSubject};
use crate::channel::proof::OpenedOrder;
use crate::deal::{OrderId, RefundId, Timestamp};
use crate::metrics::Registry;

use super::calls::{CLOSE_ORDER, Call, ORDER_QUERY, Places, REFUND, REFUND_QUERY, UNIFIED_ORDER};
use super::certificate::ClientCertificate;
use super::identity::Identity;
use super::merchant::{Merchant, trade_type_of};
use super::metrics::{self, CallMetrics, Outcome};
use super::transport::{Http, TOTAL, Transport, Wire};
use super::{refund, reply};

mod bills;

/// Calls under way at once in each group of places. When WeChat is slow, more would only wait longer, and take the memory and
/// the time of callers that could be told so at once.
const UNDER_WAY: usize = 64;
/// The same of bills. A minute more or less is nothing to them, and each may take the way to WeChat for minutes.
const BILLS_UNDER_WAY: usize = 2;
/// How long a call waits for its place among them.
const PLACE: Duration = Duration::from_millis(500);

/// Asks WeChat.
#[derive(Debug)]
pub struct Client {
    merchant: Merchant,
    transport: Transport,
    identity: Identity,
    orders: Semaphore,
    queries: Semaphore,
    refunds: Semaphore,
    bills: Arc<Semaphore>,
    chance: Chance,
    metrics: Arc<CallMetrics>,
    /// Whether links of another form than ever have been told of.
    new_links: AtomicBool,
}

impl Client {
    /// A client for one merchant.
    pub fn new(merchant: Merchant, http: Arc<Http>, chance: Chance) -> Self {
        Self::over(Transport::Http(http), merchant, chance)
    }

    /// A client whose WeChat is within this process.
    pub fn wired(merchant: Merchant, wire: Wire, chance: Chance) -> Self {
        Self::over(Transport::Wire(wire), merchant, chance)
    }

    fn over(transport: Transport, merchant: Merchant, chance: Chance) -> Self {
        Self {
            metrics: Arc::new(CallMetrics::of(&merchant)),
            merchant,
            transport,
            identity: Identity::default(),
            orders: Semaphore::new(UNDER_WAY),
            queries: Semaphore::new(UNDER_WAY),
            refunds: Semaphore::new(UNDER_WAY),
            bills: Arc::new(Semaphore::new(BILLS_UNDER_WAY)),
            chance,
            new_links: AtomicBool::default(),
        }
    }

    /// As which merchant it asks.
    pub(in crate::channel) fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// Shows what is counted of the calls of these.
    pub(in crate::channel) fn register_metrics<'a>(clients: impl IntoIterator<Item = &'a Self>, registry: &mut Registry) {
        metrics::register(clients.into_iter().map(|client| Arc::clone(&client.metrics)).collect(), registry);
    }

    /// A place among the calls that make and close orders.
    pub(in crate::channel) async fn place_for_order(&self) -> Result<SemaphorePermit<'_>, CallError> {
        self.place(UNIFIED_ORDER).await
    }

    /// `unifiedorder` with the stored bytes of [`Merchant::unified_order_request`].
    pub(in crate::channel) async fn unified_order(
        &self,
        _place: SemaphorePermit<'_>,
        order_id: &OrderId,
        request: String,
    ) -> Result<OpenedOrder, CallError> {
        // It may have been stored before the configuration was changed.
        let merchant = self.merchant.of_request(&request);
        let request = merchant.signed_anew(request);
        let trade_type = trade_type_of(&request).unwrap_or_default();
        let read = |merchant: &Merchant, order_id: &OrderId, body: &[u8]| reply::unified_order(merchant, order_id, trade_type, body);
        let opened = self.call(UNIFIED_ORDER, &merchant, order_id, request, read).await?;
        if !reply::looks_as_ever(&opened.ticket) && !self.new_links.swap(true, Ordering::Relaxed) {
            warn!("WeChat gives links of a form that is new to this version; they are passed on as they are");
        }
        Ok(opened)
    }

    /// `orderquery` for a caller that waits.
    pub(in crate::channel) async fn order_query(&self, order_id: &OrderId) -> Result<QueryOutcome, CallError> {
        let _place = self.place(ORDER_QUERY).await?;
        self.order_query_in_budget(order_id).await
    }

    /// The same without a place.
    pub(in crate::channel) async fn order_query_in_budget(&self, order_id: &OrderId) -> Result<QueryOutcome, CallError> {
        let request = self.merchant.order_request(order_id, &self.chance);
        self.call(ORDER_QUERY, &self.merchant, order_id, request, reply::order_query).await
    }

    /// `closeorder` for a caller that waits.
    pub(in crate::channel) async fn close_order(&self, order_id: &OrderId) -> Result<CloseOutcome, CallError> {
        let _place = self.place(CLOSE_ORDER).await?;
        self.close_order_in_budget(order_id).await
    }

    /// The same without a place.
    pub(in crate::channel) async fn close_order_in_budget(&self, order_id: &OrderId) -> Result<CloseOutcome, CallError> {
        let request = self.merchant.order_request(order_id, &self.chance);
        self.call(CLOSE_ORDER, &self.merchant, order_id, request, reply::close_order).await
    }

    /// Shows this client certificate from the next call on.
    pub(in crate::channel) fn set_certificate(&self, certificate: Option<Arc<ClientCertificate>>) {
        self.identity.set(certificate);
    }

    /// Whether refunds can be asked for, and with which certificate.
    pub(in crate::channel) fn refunding(&self) -> Refunding {
        match self.identity.fingerprint() {
            Some(fingerprint) => Refunding::Certified(fingerprint),
            None if self.transport.is_plain() => Refunding::Uncertified,
            None => Refunding::Impossible,
        }
    }

    /// Until when the client certificate is good, if there is one.
    pub(in crate::channel) fn certificate_until(&self) -> Option<Timestamp> {
        self.identity.not_after()
    }

    /// `refund` with the stored bytes of [`Merchant::refund_request`].
    pub(in crate::channel) async fn refund(
        &self,
        order_id: &OrderId,
        refund_id: &RefundId,
        request: String,
    ) -> Result<RefundOutcome, CallError> {
        // Not even sent, so that no connection without a certificate is ever opened for it.
        if self.refunding() == Refunding::Impossible {
            return Ok(RefundOutcome::NotNow(Postponed::Certificate(CertificateFault::Missing)));
        }
        let _place = self.place(REFUND).await?;
        // As with `unifiedorder`.
        let merchant = self.merchant.of_request(&request);
        let request = merchant.signed_anew(request);
        let read = |merchant: &Merchant, order_id: &OrderId, body: &[u8]| reply::refund(merchant, order_id, refund_id, body);
        match self.call(REFUND, &merchant, order_id, request, read).await {
            Err(CallError::Refused(refusal)) => Ok(refund::refused(refusal)),
            outcome => outcome,
        }
    }

    /// `refundquery`.
    pub(in crate::channel) async fn refund_query(
        &self,
        order_id: &OrderId,
        subject: RefundSubject<'_>,
    ) -> Result<RefundQueryOutcome, CallError> {
        let _place = self.place(REFUND_QUERY).await?;
        let request = self.merchant.refund_query_request(order_id, subject, &self.chance);
        let read = |merchant: &Merchant, order_id: &OrderId, body: &[u8]| reply::refund_query(merchant, order_id, subject, body);
        self.call(REFUND_QUERY, &self.merchant, order_id, request, read).await
    }

    async fn place(&self, call: Call) -> Result<SemaphorePermit<'_>, CallError> {
        let places = match call.places {
            Places::Orders => &self.orders,
            Places::Queries => &self.queries,
            Places::Refunds => &self.refunds,
            Places::Bills => &self.bills,
        };
        match timeout(PLACE, places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                self.metrics.busy(call);
                Err(CallError::Busy)
            }
        }
    }

    /// The same for as long as its answer is read.
    async fn place_for_bill(&self, call: Call) -> Result<OwnedSemaphorePermit, CallError> {
        match timeout(PLACE, Arc::clone(&self.bills).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                self.metrics.busy(call);
                Err(CallError::Busy)
            }
        }
    }

    async fn call<T: Outcome>(
        &self,
        call: Call,
        merchant: &Merchant,
        order_id: &OrderId,
        request: String,
        read: impl Fn(&Merchant, &OrderId, &[u8]) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        async {
            let clock = self.transport.clock();
            let started = clock.ticks();
            let elapsed = || clock.ticks().saturating_sub(started);
            let (mut request, mut pauses, mut other_key) = (request, call.pauses.iter(), true);
            let outcome = loop {
                let begun = elapsed();
                let reply = self.transport.post(call, &self.identity, request.clone(), TOTAL.saturating_sub(begun)).await;
                let outcome = reply.and_then(|body| read(merchant, order_id, &body));
                self.metrics.called(call, &outcome, elapsed().saturating_sub(begun));
                if let Err(CallError::Refused(refusal)) = &outcome
                    && refusal.ground == Ground::OurSignature
                    && std::mem::take(&mut other_key)
                    && let Some(resigned) = merchant.signed_with_previous(&request)
                {
                    info!("WeChat does not take the API key yet; asking with the previous one");
                    request = resigned;
                    continue;
                }
                match (&outcome, pauses.next()) {
                    (Err(error), Some(pause)) if error.may_pass() && elapsed() + *pause < TOTAL => {
                        info!(%error, "asking WeChat again");
                        clock.pause(*pause).await;
                    }
                    _ => break outcome,
                }
            };
            let elapsed_ms = u64::try_from(elapsed().as_millis()).unwrap_or(u64::MAX);
            match &outcome {
                Ok(_) => info!(elapsed_ms, "WeChat answered"),
                Err(error) => warn!(elapsed_ms, %error, "WeChat did not answer the question"),
            }
            outcome
        }
        .instrument(info_span!("wechat", api = call.name, %order_id, account = merchant.account.column()))
        .await
    }
}
