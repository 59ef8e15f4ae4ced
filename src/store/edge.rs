//! The edge between the store and its database, where a simulation decides in which order statements are carried out
//! and what becomes of each. In service nobody stands there.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Error;
use tokio::time::error::Elapsed;

use crate::deal::OrderId;

use super::failure::Failure;
use super::statement::Statement;

/// A try of a statement, or of a batch of them, that is about to be made; or a worker's first connection.
#[derive(Debug, Clone)]
pub struct Try {
    /// What it is called.
    pub name: &'static str,
    /// The orders that it is about, where it names any.
    pub orders: Vec<OrderId>,
    /// Whether it could change anything.
    pub changes: bool,
}

impl Try {
    pub(super) fn question(name: &'static str) -> Self {
        Self { name, orders: Vec::new(), changes: false }
    }

    pub(super) fn of(name: &'static str, statements: &[&Statement]) -> Self {
        let orders = statements.iter().filter_map(|statement| statement.order_id().cloned()).collect();
        Self { name, orders, changes: statements.iter().any(|statement| !statement.is_question()) }
    }
}

/// What becomes of one try of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Answered,
    /// The connection breaks: before the statement arrives, or before its answer does.
    Broken {
        /// Which of the two.
        carried_out: bool,
    },
    /// Somebody else has locked what it would change, so nothing is done.
    Locked,
    /// No answer comes in time.
    TooSlow {
        /// Whether the statement arrived.
        carried_out: bool,
    },
}

/// Leave for one try.
pub struct Passage {
    /// What becomes of it.
    pub fate: Fate,
    /// Dropped when it is over, answered or not.
    pub until_over: Box<dyn Any + Send>,
}

/// Who stands there: asked before each try of a statement or a batch, and with the name `connect` before a worker's first
/// connection.
#[derive(Clone)]
pub struct Edge(Arc<dyn Fn(Try) -> BoxFuture<'static, Passage> + Send + Sync>);

impl Edge {
    /// Has `decide` asked.
    pub fn new(decide: impl Fn(Try) -> BoxFuture<'static, Passage> + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }

    pub(super) async fn pass(edge: Option<&Self>, what: impl FnOnce() -> Try) -> Option<Passage> {
        match edge {
            Some(edge) => Some((edge.0)(what()).await),
            None => None,
        }
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

impl Passage {
    /// Whether the statement gets to the database.
    pub(super) fn arrives(passage: Option<&Self>) -> bool {
        passage.is_none_or(|passage| match passage.fate {
            Fate::Answered => true,
            Fate::Locked => false,
            Fate::Broken { carried_out } | Fate::TooSlow { carried_out } => carried_out,
        })
    }

    /// What the worker hears of a try that ended so.
    pub(super) fn heard<T>(passage: Option<&Self>, outcome: Result<Result<T, Error>, Elapsed>) -> Result<T, Failure> {
        match passage.map_or(Fate::Answered, |passage| passage.fate) {
            Fate::Broken { .. } => Err(Failure::Broken),
            Fate::TooSlow { .. } => Err(Failure::TooSlow),
            Fate::Locked => Err(Failure::Contention),
            Fate::Answered => match outcome {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(Failure::of(&error)),
                Err(_) => Err(Failure::TooSlow),
            },
        }
    }
}
