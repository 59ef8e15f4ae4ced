//! Request coalescing for name look-ups, which so cannot use up the threads that others need.
//!
//! The system's look-up blocks a thread for as long as it likes: with a name server that does not answer, for half a minute or more,
//! and it cannot be stopped. So a caller that asks for a name that is being looked up waits for that same look-up: each name costs
//! one thread at most, whatever becomes of it.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Looks a name up, and blocks meanwhile.
pub type LookUp = fn(&str) -> io::Result<Vec<SocketAddr>>;
type UnderWay = Shared<BoxFuture<'static, Result<Vec<SocketAddr>, Arc<io::Error>>>>;

/// The system's resolver, asked once at a time for each name.
#[derive(Clone)]
pub struct Resolver {
    look_up: LookUp,
    under_way: Arc<Mutex<HashMap<String, UnderWay>>>,
}

impl Resolver {
    /// The system's.
    pub fn new() -> Self {
        Self::with(|name| Ok((name, 0).to_socket_addrs()?.collect()))
    }

    /// Another one than the system's.
    pub fn with(look_up: LookUp) -> Self {
        Self { look_up, under_way: Arc::default() }
    }

    /// The addresses of a name, whose ports mean nothing.
    ///
    /// # Errors
    /// It could not be looked up, or there is no such name.
    pub async fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.ask(name).await.map_err(|error| io::Error::new(error.kind(), error))
    }

    fn ask(&self, name: &str) -> UnderWay {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // A look-up that has ended is no answer for a caller that asks now.
        under_way.retain(|_, asked| asked.peek().is_none());
        let begin = || {
            let (look_up, name) = (self.look_up, name.to_owned());
            let thread = tokio::task::spawn_blocking(move || look_up(&name));
            let asked = async move { thread.await.map_err(io::Error::other).flatten().map_err(Arc::new) }.boxed().shared();
            // It ends also when all callers that waited have given up, so that no later one is told an old answer.
            tokio::spawn(asked.clone());
            asked
        };
        under_way.entry(name.to_owned()).or_insert_with(begin).clone()
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let asked = self.ask(name.as_str());
        Box::pin(async move { asked.await.map(|found| Box::new(found.into_iter()) as Addrs).map_err(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::timeout;

    use super::*;

    static HANGING: AtomicUsize = AtomicUsize::new(0);

    fn hangs(_: &str) -> io::Result<Vec<SocketAddr>> {
        HANGING.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(3));
        Err(io::ErrorKind::TimedOut.into())
    }

    #[tokio::test]
    async fn look_ups_that_hang_take_one_thread_for_each_name() {
        let resolver = Resolver::with(hangs);
        let ask = |number: usize| timeout(Duration::from_millis(100), resolver.resolve(["a", "b"][number % 2].parse().unwrap()));
        for _ in 0..3 {
            let given_up = join_all((0..100).map(ask)).await;
            assert!(given_up.iter().all(Result::is_err), "callers wait no longer than they want to");
        }
        assert_eq!(HANGING.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_name_is_looked_up_anew_each_time() {
        static TIMES: AtomicUsize = AtomicUsize::new(0);
        let resolver = Resolver::with(|_| {
            let time = TIMES.fetch_add(1, Ordering::Relaxed);
            Ok(vec![SocketAddr::from(([127, 0, 0, u8::try_from(time).unwrap()], 0))])
        });
        for time in 0..3 {
            let found: Vec<_> = resolver.resolve("pay.example.com".parse().unwrap()).await.unwrap().collect();
            assert_eq!(found, [SocketAddr::from(([127, 0, 0, time], 0))]);
        }
    }

    #[tokio::test]
    async fn an_answer_that_all_gave_up_on_is_not_told_later() {
        static TIMES: AtomicUsize = AtomicUsize::new(0);
        let resolver = Resolver::with(|_| {
            std::thread::sleep(Duration::from_millis(100));
            Err(match TIMES.fetch_add(1, Ordering::Relaxed) {
                0 => io::ErrorKind::TimedOut.into(),
                _ => io::ErrorKind::NotFound.into(),
            })
        });
        assert!(timeout(Duration::from_millis(10), resolver.look_up("db")).await.is_err(), "given up");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(resolver.look_up("db").await.unwrap_err().kind(), io::ErrorKind::NotFound, "looked up anew");
    }
}
