//! The edge between the store and its database, where a simulation decides in which order statements are carried out
//! and what becomes of each. In service nobody stands there.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Error;
use tokio::time::error::Elapsed;

use super::failure::Failure;

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

/// Who stands there: asked with the name of a statement before each try of it (or with
/// that of a batch), and with `connect` before a worker's first connection.
#[derive(Clone)]
pub struct Edge(Arc<dyn Fn(&'static str) -> BoxFuture<'static, Passage> + Send + Sync>);

impl Edge {
    /// Has `decide` asked.
    pub fn new(decide: impl Fn(&'static str) -> BoxFuture<'static, Passage> + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }

    pub(super) async fn pass(edge: Option<&Self>, statement: &'static str) -> Option<Passage> {
        match edge {
            Some(edge) => Some((edge.0)(statement).await),
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
            Fate::Broken { carried_out } | Fate::TooSlow { carried_out } => carried_out,
        })
    }

    /// What the worker hears of a try that ended so.
    pub(super) fn heard<T>(passage: Option<&Self>, outcome: Result<Result<T, Error>, Elapsed>) -> Result<T, Failure> {
        match passage.map_or(Fate::Answered, |passage| passage.fate) {
            Fate::Broken { .. } => Err(Failure::Broken),
            Fate::TooSlow { .. } => Err(Failure::TooSlow),
            Fate::Answered => match outcome {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(Failure::of(&error)),
                Err(_) => Err(Failure::TooSlow),
            },
        }
    }
}
