//! What can be asked of the database: a query reads, a change writes. All that the engine knows of either stands here; its
//! SQL and its binds stand in the room of the table that it is about.

use sqlx::Error;

use super::connection::Conn;

/// What a statement is for: what brings to an end what was begun goes before what would begin something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It would begin something new.
    Begins,
    /// It brings to an end what was begun.
    Finishes,
}

/// A question. It runs outside of any transaction, on a connection on which nothing can be changed.
pub trait Query: Send + Sync + 'static {
    /// What it finds out.
    type Answer: Send + Sync + 'static;
    /// What it is called before a [`FaultHook`](super::fault::FaultHook).
    const NAME: &'static str;

    /// What it is about, if it names one thing.
    fn key(&self) -> Option<&str> {
        None
    }

    /// Asks.
    fn run(&self, conn: &mut Conn) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// A guarded change: one row by its key, written for many rows that are changed at once. It runs in a transaction, which is
/// committed if something has changed.
pub trait Change: Send + Sync + 'static {
    /// What it is called before a [`FaultHook`](super::fault::FaultHook).
    const NAME: &'static str;
    /// What it is for, unless its caller knows better.
    const PURPOSE: Purpose = Purpose::Begins;
    /// Whether it is work in the background, which is put off while changes that callers wait for press
    /// ([`Engine::is_pressed`](super::Engine::is_pressed)).
    const YIELDS: bool = false;

    /// What it changes: two changes of one key never share a batch.
    fn key(&self) -> Option<&str> {
        None
    }

    /// Whether it takes what only one may have. One that is refused because another is at the row is not tried again: that one has it.
    fn is_lease(&self) -> bool {
        false
    }

    /// Whether it may travel in a batch, with others of its type.
    fn may_travel(&self) -> bool {
        false
    }

    /// Changes these rows, and returns how many have changed. There are as many as one of the
    /// [sizes](super::sizes::SIZES), and none of them has another's key.
    fn apply(rows: &[&Self], conn: &mut Conn) -> impl Future<Output = Result<u64, Error>> + Send;

    /// The keys of those of these rows that would change, where it can be asked. `None`: a batch in which one row does not
    /// change is taken apart.
    fn changeable(rows: &[&Self], conn: &mut Conn) -> impl Future<Output = Result<Option<Vec<String>>, Error>> + Send {
        let _ = (rows, conn);
        async { Ok(None) }
    }

    /// Whether it has been carried out, asked when the connection broke under a first try and a unique index refused the second.
    fn is_stored(&self, conn: &mut Conn) -> impl Future<Output = Result<bool, Error>> + Send {
        let _ = conn;
        async { Ok(false) }
    }
}
