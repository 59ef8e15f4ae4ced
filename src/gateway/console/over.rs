//! Alarms that are over: what they were about has come to an end without anybody's answer. What only a person can judge (a payment that
//! fits no order, a refund by others) stays until somebody has.

use std::sync::atomic::{AtomicI64, Ordering};

use tracing::info;

use crate::deal::{Alarm, AlarmKind, DealStatus, OrderId, Refund, RefundId, RefundState, Resolution};
use crate::gateway::Gateway;
use crate::gateway::deliver::given_up;
use crate::store::StoreError;

/// Open alarms that one look is about.
const LOOKED_AT: u32 = 64;

/// The last alarm that was looked at: the next look is about those behind it, and begins again behind the last of all.
#[derive(Debug, Default)]
pub struct AlarmLook(AtomicI64);

impl Gateway {
    /// Looks at some of the open alarms, and stores what has resolved those that are over. Of several instances that look at once the first
    /// stores it.
    ///
    /// # Errors
    /// The database is not available; what is left is looked at another time.
    pub async fn resolve_alarms(&self) -> Result<(), StoreError> {
        let open = self.store.open_alarms(self.alarm_look.0.load(Ordering::Relaxed), LOOKED_AT).await?;
        let may_be_more = open.len() >= LOOKED_AT as usize;
        // Before one of them fails: it must not keep the look from those behind it.
        self.alarm_look.0.store(open.last().filter(|_| may_be_more).map_or(0, |last| last.id), Ordering::Relaxed);
        for alarm in &open {
            let Some(by) = self.end_of(alarm).await? else { continue };
            if self.store.resolve_alarm(alarm.id, by, self.clock.now_seconds()).await? {
                info!(id = alarm.id, by = by.as_str(), "an alarm is over");
            }
        }
        Ok(())
    }

    /// What has resolved an alarm, if it is over.
    async fn end_of(&self, alarm: &Alarm) -> Result<Option<Resolution>, StoreError> {
        let (Some(kind), Some(order_id)) = (alarm.kind, &alarm.order_id) else { return Ok(None) };
        match kind {
            AlarmKind::Refunded | AlarmKind::RefundMismatch => Ok(None),
            AlarmKind::WebhookGivenUp => self.is_delivered(alarm.detail.as_deref()).await,
            AlarmKind::LeftOpen => self.is_paid(order_id).await,
            AlarmKind::PaidLate => self.is_given_back(order_id).await,
            AlarmKind::Money
            | AlarmKind::RefundAbnormal
            | AlarmKind::RefundNotEnough
            | AlarmKind::RefundCertificate
            | AlarmKind::RefundNotAllowed
            | AlarmKind::RefundOverdue => {
                let refund = self.refund_of(order_id, alarm.detail.as_deref()).await?;
                Ok(refund.and_then(|refund| end_by_refund(kind, &refund)))
            }
        }
    }

    async fn is_delivered(&self, detail: Option<&str>) -> Result<Option<Resolution>, StoreError> {
        let Some((event_id, endpoint)) = detail.and_then(given_up) else { return Ok(None) };
        Ok(self.store.is_delivered(&event_id, &endpoint).await?.then_some(Resolution::Delivered))
    }

    async fn is_paid(&self, order_id: &OrderId) -> Result<Option<Resolution>, StoreError> {
        let deals = self.store.find_all(std::slice::from_ref(order_id)).await?;
        Ok(deals.iter().any(|deal| deal.status == DealStatus::Paid).then_some(Resolution::OrderPaid))
    }

    async fn is_given_back(&self, order_id: &OrderId) -> Result<Option<Resolution>, StoreError> {
        let deals = self.store.find_all(std::slice::from_ref(order_id)).await?;
        let Some(charged) = deals.first().and_then(|deal| deal.charged) else { return Ok(None) };
        let refunds = self.store.find_refunds(order_id).await?;
        let arrived = refunds.iter().filter(|refund| refund.state == RefundState::Success && !refund.is_of_second_payment);
        let fee: i64 = arrived.map(|refund| refund.fee.get()).sum();
        Ok((fee >= charged.get()).then_some(Resolution::GivenBack))
    }

    /// The refund that an entry of the journal is about: its number stands first. A row that cannot be read resolves nothing.
    async fn refund_of(&self, order_id: &OrderId, detail: Option<&str>) -> Result<Option<Refund>, StoreError> {
        let number = detail.and_then(|detail| detail.split_once(": ")?.0.parse::<RefundId>().ok());
        let Some(refund_id) = number else { return Ok(None) };
        match self.store.find_refund(&refund_id).await {
            Err(StoreError::ImpossibleRefund(_)) => Ok(None),
            found => Ok(found?.filter(|refund| refund.order_id == *order_id)),
        }
    }
}

/// What has resolved an alarm about this refund, as it stands now.
fn end_by_refund(kind: AlarmKind, refund: &Refund) -> Option<Resolution> {
    let waits_for_an_operator = matches!(kind, AlarmKind::RefundNotEnough | AlarmKind::RefundCertificate | AlarmKind::RefundNotAllowed);
    let is_about_the_way = waits_for_an_operator || kind == AlarmKind::RefundOverdue;
    match refund.state {
        RefundState::Success => Some(Resolution::RefundSucceeded),
        RefundState::Processing if waits_for_an_operator && refund.is_accepted() => Some(Resolution::RefundAccepted),
        // How it ended was told of by itself.
        RefundState::Closed | RefundState::Abnormal | RefundState::Failed if is_about_the_way => Some(Resolution::RefundDecided),
        RefundState::Processing | RefundState::Closed | RefundState::Abnormal | RefundState::Failed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deal::testing::refund;

    fn end(kind: AlarmKind, state: RefundState, wechat_refund_id: Option<&str>) -> Option<Resolution> {
        end_by_refund(kind, &Refund { state, wechat_refund_id: wechat_refund_id.map(str::to_owned), ..refund() })
    }

    #[test]
    fn a_refund_that_waits_no_more_is_no_alarm() {
        for kind in [AlarmKind::RefundNotEnough, AlarmKind::RefundCertificate, AlarmKind::RefundNotAllowed] {
            assert_eq!(end(kind, RefundState::Processing, None), None);
            assert_eq!(end(kind, RefundState::Processing, Some("50000")), Some(Resolution::RefundAccepted));
            assert_eq!(end(kind, RefundState::Failed, None), Some(Resolution::RefundDecided));
        }
        assert_eq!(end(AlarmKind::RefundOverdue, RefundState::Processing, Some("50000")), None, "accepted is not decided");
        assert_eq!(end(AlarmKind::RefundOverdue, RefundState::Closed, Some("50000")), Some(Resolution::RefundDecided));
    }

    #[test]
    fn money_that_did_not_go_back_is_one_until_it_has() {
        for kind in [AlarmKind::Money, AlarmKind::RefundAbnormal] {
            for state in [RefundState::Abnormal, RefundState::Closed, RefundState::Failed, RefundState::Processing] {
                assert_eq!(end(kind, state, Some("50000")), None, "{kind:?} {state:?}");
            }
            assert_eq!(end(kind, RefundState::Success, Some("50000")), Some(Resolution::RefundSucceeded));
        }
    }
}
