//! Asking WeChat for waiting payers: what [`Live`](super::live::Live) says is to be asked, the gateway asks.

use std::sync::Arc;

use crate::channel::{CallError, Doubt};
use crate::deal::{OrderId, Route};
use crate::store::Origin;
use crate::trace::carried;

use super::live::{Facts, Question, Turn, Waiting};
use super::{Gateway, GatewayError, OrderView};

/// What a poll is told, or why WeChat could not be asked: a failure is shared by all callers that waited for the call.
pub(super) type Polled = Result<OrderView, Arc<GatewayError>>;

impl Gateway {
    /// Asks WeChat for a waiting payer, unless it is being asked just now or other orders have their turn. A call once begun goes on
    /// by itself, whichever callers stop waiting; and pages that listen to the order hear the answer.
    pub(super) fn poll(self: &Arc<Self>, route: &Route, facts: Facts) -> Turn<Arc<GatewayError>> {
        let (turn, question) = self.live.take_turn(route, facts, &self.clock);
        if let Some(question) = question {
            self.ask(question);
        }
        turn
    }

    /// Asks about the orders whose turn it is, in the order of their line and as far as the budget reaches.
    pub fn ask_for_waiting_payers(self: &Arc<Self>) {
        for question in self.live.questions(&self.clock) {
            self.ask(question);
        }
    }

    /// In a task of its own: a call is made to its end, though every caller may have stopped waiting.
    fn ask(self: &Arc<Self>, question: Question<Arc<GatewayError>>) {
        let gateway = Arc::clone(self);
        tokio::spawn(carried(async move {
            let answer = gateway.answer(&question.route, question.facts.clone()).await;
            question.answer(answer.map_err(Arc::new));
        }));
    }

    async fn answer(&self, route: &Route, facts: Facts) -> Result<OrderView, GatewayError> {
        let order_id = route.order_id();
        let told = self.inquire(route, Origin::FrontEnd).await?;
        let view = OrderView { description: told.description, ..OrderView::undecided(told.state, facts) };
        let view = if view.is_final() { self.just_decided(order_id, view).await? } else { view };
        self.live.tell(order_id, &view);
        Ok(view)
    }
}

/// The answer of a call that is under way, once it has come.
pub(super) async fn outcome(waiting: Waiting<Arc<GatewayError>>, order_id: &OrderId) -> Polled {
    // A panic has been reported where it happened.
    let panicked = || Err(Arc::new(GatewayError::Upstream(order_id.clone(), CallError::Unknown(Doubt::Broken))));
    waiting.outcome().await.unwrap_or_else(panicked)
}
