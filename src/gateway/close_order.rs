//! Giving an order up: asked, closed, asked again, and only then Expired (protocol file, section 6).
//!
//! A close that WeChat acknowledges proves nothing, since unknown numbers are "closed" as well; and a payer may pay
//! between any two of the steps. So the last word is always a query's.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::sleep;
use tracing::info;

use crate::deal::{Deal, DealStatus, OrderId};
use crate::wechat::{CallError, CloseAnswer, Doubt};

use super::{Gateway, GatewayError};

/// After a close WeChat's own query may lag behind for a moment.
const LOOK_AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(600)];
/// A request for a link that was sent so long ago is not under way any more.
const QUIET: TimeDelta = TimeDelta::seconds(60);

impl Gateway {
    /// Closes a deal that nobody has paid. `Ok` when it cannot be paid any more, also when it could not before.
    pub async fn close_order(&self, order_id: OrderId) -> Result<(), GatewayError> {
        let deal = self.store.find(&order_id).await?.ok_or(GatewayError::NotFound)?;
        match deal.status {
            DealStatus::Paid => return Err(GatewayError::OrderPaid(order_id)),
            DealStatus::Expired => return Ok(()),
            DealStatus::Unpaid => {}
        }
        let age = self.clock.now() - deal.created_at;
        if age < self.terms.close_min_age {
            // Whole seconds, rounded up: who waits that long succeeds.
            let missing = (self.terms.close_min_age - age).num_milliseconds().max(0).unsigned_abs();
            return Err(GatewayError::TooEarly(Duration::from_secs(missing.div_ceil(1000))));
        }
        if self.is_decided(&order_id).await? {
            return Ok(());
        }
        match self.wechat.close_order(&order_id).await {
            Ok(CloseAnswer::Closed | CloseAnswer::Paid | CloseAnswer::NotExist) => {}
            Err(error) => return Err(GatewayError::of_call(&order_id, error)),
        }
        for pause in LOOK_AGAIN {
            sleep(pause).await;
            if self.is_decided(&order_id).await? {
                return Ok(());
            }
        }
        self.give_up_unordered(&deal).await
    }

    /// Asks WeChat. `true`: it cannot be paid any more; an error when it was paid.
    async fn is_decided(&self, order_id: &OrderId) -> Result<bool, GatewayError> {
        let told = self.ask_and_decide(order_id).await?;
        if told.state.is_paid() {
            return Err(GatewayError::OrderPaid(order_id.clone()));
        }
        Ok(told.state.is_dead())
    }

    /// A deal that WeChat does not know can be given up if it never answered for its link and no request is under way.
    async fn give_up_unordered(&self, deal: &Deal) -> Result<(), GatewayError> {
        let undecided = || GatewayError::Upstream(deal.order_id.clone(), CallError::Unknown(Doubt::Incomplete("trade_state")));
        let told = self.ask_and_decide(&deal.order_id).await?;
        if told.known || deal.prepay.code_url.is_some() {
            return Err(undecided());
        }
        let now = self.clock.now_seconds();
        if self.store.mark_never_ordered(&deal.order_id, now - QUIET, now).await? {
            info!(order_id = %deal.order_id, "expired: WeChat never knew it");
            return Ok(());
        }
        Err(undecided())
    }
}
