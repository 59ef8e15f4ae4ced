//! Type erasure: a statement of any type, as it waits and is carried out, with the caller's end of its answer.

use std::any::{Any, TypeId};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::Error;
use tokio::sync::oneshot;
use tracing::warn;

use super::batch::{self, Batched};
use super::connection::Conn;
use super::error::StatementError;
use super::statement::{Change, Query};

/// The caller's end of an answer.
pub type Answer<T> = oneshot::Receiver<Result<T, StatementError>>;

/// A statement whose type is not known any more.
pub trait Work: Any + Send + Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// What it is about.
    fn key(&self) -> Option<&str>;

    /// Whether it could change anything.
    fn changes(&self) -> bool;

    /// Whether it takes what only one may have.
    fn is_lease(&self) -> bool;

    /// The batch that it may travel in, if any.
    fn kind(&self) -> Option<BatchKind>;

    /// Carries it out and keeps the answer, until it is known whether that has been heard.
    fn carry_out<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<(), Error>>;

    /// Whether a change has been carried out before, and then keeps that as its answer.
    fn is_stored<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<bool, Error>>;

    /// Tells the caller the answer that was kept, or the error; if that still waits.
    fn answer(self: Box<Self>, outcome: Result<(), StatementError>);
}

impl std::fmt::Debug for dyn Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Changes of one type, which can be carried out as one.
#[derive(Debug, Clone, Copy)]
pub struct BatchKind {
    of: TypeId,
    carry_out: CarryOut,
}

type CarryOut = for<'a> fn(&'a mut [&'a mut dyn Work], &'a mut Conn) -> BoxFuture<'a, Result<Batched, Error>>;

impl PartialEq for BatchKind {
    fn eq(&self, other: &Self) -> bool {
        self.of == other.of
    }
}

impl BatchKind {
    fn of<C: Change>() -> Self {
        Self { of: TypeId::of::<C>(), carry_out: |batch, conn| carry_out::<C>(batch, conn).boxed() }
    }

    /// Carries out a batch of this kind, and has each keep its answer if it was done.
    pub async fn carry_out<'a>(self, batch: &'a mut [&'a mut dyn Work], conn: &'a mut Conn) -> Result<Batched, Error> {
        (self.carry_out)(batch, conn).await
    }
}

async fn carry_out<C: Change>(batch: &mut [&mut dyn Work], conn: &mut Conn) -> Result<Batched, Error> {
    let mut works = Vec::with_capacity(batch.len());
    for work in batch {
        let work: &mut dyn Any = &mut **work;
        // Those of one kind are of one type.
        let Some(work) = work.downcast_mut::<Changing<C>>() else { return Ok(Batched::Apart) };
        works.push(work);
    }
    let rows: Vec<_> = works.iter().map(|work| &work.change).collect();
    let outcome = batch::change_many(&rows, conn).await?;
    if let Batched::Done(affected) = &outcome {
        for (work, affected) in works.iter_mut().zip(affected) {
            work.affected = *affected;
        }
    }
    Ok(outcome)
}

/// A question and its answer.
struct Asking<Q: Query> {
    query: Q,
    answer: Option<Q::Answer>,
    reply: oneshot::Sender<Result<Q::Answer, StatementError>>,
}

/// A question, to wait for its turn; and its answer's other end.
pub fn asking<Q: Query>(query: Q) -> (Box<dyn Work>, Answer<Q::Answer>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Asking { query, answer: None, reply }), answer)
}

impl<Q: Query> Work for Asking<Q> {
    fn name(&self) -> &'static str {
        Q::NAME
    }

    fn key(&self) -> Option<&str> {
        self.query.key()
    }

    fn changes(&self) -> bool {
        false
    }

    fn is_lease(&self) -> bool {
        false
    }

    fn kind(&self) -> Option<BatchKind> {
        None
    }

    fn carry_out<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<(), Error>> {
        async {
            self.answer = Some(self.query.run(conn).await?);
            Ok(())
        }
        .boxed()
    }

    fn is_stored<'a>(&'a mut self, _: &'a mut Conn) -> BoxFuture<'a, Result<bool, Error>> {
        async { Ok(false) }.boxed()
    }

    fn answer(self: Box<Self>, outcome: Result<(), StatementError>) {
        // Without an answer the caller hears that the worker is gone.
        let Self { answer, reply, .. } = *self;
        if let Some(outcome) = outcome.map(|()| answer).transpose() {
            tell(reply, outcome);
        }
    }
}

/// A change, and how many rows it has changed.
struct Changing<C: Change> {
    change: C,
    affected: u64,
    reply: oneshot::Sender<Result<u64, StatementError>>,
}

/// A change, to wait for its turn; and its answer's other end.
pub fn changing<C: Change>(change: C) -> (Box<dyn Work>, Answer<u64>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Changing { change, affected: 0, reply }), answer)
}

impl<C: Change> Work for Changing<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn key(&self) -> Option<&str> {
        self.change.key()
    }

    fn changes(&self) -> bool {
        true
    }

    fn is_lease(&self) -> bool {
        self.change.is_lease()
    }

    fn kind(&self) -> Option<BatchKind> {
        self.change.may_travel().then(BatchKind::of::<C>)
    }

    fn carry_out<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<(), Error>> {
        async {
            self.affected = batch::change_one(&self.change, conn).await?;
            Ok(())
        }
        .boxed()
    }

    fn is_stored<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<bool, Error>> {
        async {
            let is_stored = self.change.is_stored(conn).await?;
            self.affected = u64::from(is_stored);
            Ok(is_stored)
        }
        .boxed()
    }

    fn answer(self: Box<Self>, outcome: Result<(), StatementError>) {
        tell(self.reply, outcome.map(|()| self.affected));
    }
}

fn tell<T>(reply: oneshot::Sender<Result<T, StatementError>>, outcome: Result<T, StatementError>) {
    if let Err(error @ (StatementError::Unavailable(_) | StatementError::Refused(_))) = &outcome {
        let cause = std::error::Error::source(error).map(tracing::field::display);
        warn!(%error, cause, "a statement failed");
    }
    let _ = reply.send(outcome);
}
