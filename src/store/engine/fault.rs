//! Fault injection: a hook between the workers and the database, at which a simulation decides in which order statements are
//! carried out and what becomes of each. In service there is none.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Error;
use tokio::time::error::Elapsed;

use super::driver_error::DriverError;
use super::failure::Failure;

/// A try of a statement, or of a batch of them, that is about to be made; or a worker's first connection.
#[derive(Debug, Clone)]
pub struct Try {
    /// What the statement is called; `connect` of a connection.
    pub name: &'static str,
    /// How many travel together.
    pub statements: usize,
    /// What they are about, where they name it.
    pub keys: Vec<String>,
    /// Whether it could change anything.
    pub changes: bool,
}

impl Try {
    /// A try that changes nothing and names nothing.
    pub(super) fn bare(name: &'static str) -> Self {
        Self { name, statements: 1, keys: Vec::new(), changes: false }
    }
}

/// What becomes of one try of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens to it: it is carried out and answered.
    None,
    /// The connection breaks: before the statement arrives, or before its answer does.
    Broken {
        /// Which of the two.
        carried_out: bool,
    },
    /// Another program has locked what it would change, so nothing is done.
    Locked,
    /// No answer comes in time.
    TooSlow {
        /// Whether the statement arrived.
        carried_out: bool,
    },
}

/// What a hook decides about one try.
pub struct Decision {
    /// What becomes of it.
    pub fault: Fault,
    /// Dropped when it is over, answered or not.
    pub until_over: Box<dyn Any + Send>,
}

/// Decides what becomes of tries: asked before each try of a statement or a batch, and with the name `connect` before a
/// worker's first connection.
#[derive(Clone)]
pub struct FaultHook(Arc<dyn Fn(Try) -> BoxFuture<'static, Decision> + Send + Sync>);

impl FaultHook {
    /// Has `decide` asked.
    pub fn new(decide: impl Fn(Try) -> BoxFuture<'static, Decision> + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }

    /// Waits for the decision, if there is a hook.
    pub(super) async fn decide(hook: Option<&Self>, what: impl FnOnce() -> Try) -> Option<Decision> {
        match hook {
            Some(hook) => Some((hook.0)(what()).await),
            None => None,
        }
    }
}

impl std::fmt::Debug for FaultHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FaultHook")
    }
}

impl Decision {
    /// Whether the statement gets to the database.
    pub(super) fn arrives(decision: Option<&Self>) -> bool {
        decision.is_none_or(|decision| match decision.fault {
            Fault::None => true,
            Fault::Locked => false,
            Fault::Broken { carried_out } | Fault::TooSlow { carried_out } => carried_out,
        })
    }

    /// What the worker hears of a try that ended so.
    pub(super) fn heard<T>(decision: Option<&Self>, outcome: Result<Result<T, Error>, Elapsed>) -> Result<T, Failure> {
        match decision.map_or(Fault::None, |decision| decision.fault) {
            Fault::Broken { .. } => Err(Failure::Broken(DriverError::Protocol)),
            Fault::TooSlow { .. } => Err(Failure::TooSlow),
            Fault::Locked => Err(Failure::Contention),
            Fault::None => match outcome {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(Failure::of(&error)),
                Err(_) => Err(Failure::TooSlow),
            },
        }
    }
}
