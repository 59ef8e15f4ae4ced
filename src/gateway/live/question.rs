//! Request coalescing, one call of it: a single task asks WeChat, and all callers that want to know the same wait for its answer.

use tokio::sync::watch;

use crate::deal::Route;

use super::{Facts, OrderView};

/// What the task that asked heard; the failure is its own word for why WeChat could not be asked.
type Outcome<E> = Result<OrderView, E>;

/// A call to WeChat that is to be made now. The task that holds it makes the call and tells the outcome; if it is dropped
/// without one (a panic), all callers that wait are told so.
#[derive(Debug)]
pub struct Question<E> {
    /// Which order WeChat is to be asked about.
    pub route: Route,
    /// What its answer tells beside.
    pub facts: Facts,
    outcome: watch::Sender<Option<Outcome<E>>>,
}

/// The answer to a question, for a caller that waits.
#[derive(Debug, Clone)]
pub struct Waiting<E>(watch::Receiver<Option<Outcome<E>>>);

/// How far a call has got.
#[derive(Debug)]
pub enum Progress {
    UnderWay,
    Answered(OrderView),
    Failed,
}

impl<E: Clone> Question<E> {
    pub fn new(route: Route, facts: Facts) -> (Self, Waiting<E>) {
        let (outcome, waiting) = watch::channel(None);
        (Self { route, facts, outcome }, Waiting(waiting))
    }

    /// Tells all callers that wait what came of the call.
    pub fn answer(self, outcome: Outcome<E>) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl<E: Clone> Waiting<E> {
    /// The outcome, once there is one. `None`: the task that asked ended without one.
    pub async fn outcome(mut self) -> Option<Outcome<E>> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }

    pub(super) fn progress(&self) -> Progress {
        match &*self.0.borrow() {
            Some(Ok(view)) => Progress::Answered(view.clone()),
            Some(Err(_)) => Progress::Failed,
            None if self.0.has_changed().is_err() => Progress::Failed,
            None => Progress::UnderWay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TradeState;
    use crate::deal::AccountId;

    #[tokio::test]
    async fn all_callers_that_wait_hear_the_outcome() {
        let (question, waiting) = Question::<()>::new(Route::of_new_deal("1".parse().unwrap(), AccountId::default()), Facts::default());
        let other = waiting.clone();
        assert!(matches!(waiting.progress(), Progress::UnderWay));
        let view = OrderView::undecided(TradeState::NotPay, Facts::default());
        question.answer(Ok(view.clone()));
        assert!(matches!(waiting.progress(), Progress::Answered(_)));
        assert_eq!((waiting.outcome().await, other.outcome().await), (Some(Ok(view.clone())), Some(Ok(view))));
    }

    #[tokio::test]
    async fn a_task_that_ends_without_an_outcome_leaves_no_caller_waiting() {
        let (question, waiting) = Question::<()>::new(Route::of_new_deal("1".parse().unwrap(), AccountId::default()), Facts::default());
        drop(question);
        assert!(matches!(waiting.progress(), Progress::Failed));
        assert_eq!(waiting.outcome().await, None);
    }
}
