//! Where everything stops that leaves the service: statements before the database, requests before WeChat, messages before endpoints.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use wechat_pay::channel::{CallError, Doubt};
use wechat_pay::clock::Clock;
use wechat_pay::deal::Timestamp;
use wechat_pay::store::{Decision, Fault, Try};
use wechat_pay::webhook::{Answer, Request, Unanswered};

/// What a call to WeChat comes back with.
pub type Reply = Result<Vec<u8>, CallError>;

/// A statement, a call or a message that waits to be let through.
pub struct Waiting {
    pub instance: usize,
    pub since: Timestamp,
    pub what: What,
}

pub enum What {
    Statement {
        tried: Try,
        go: oneshot::Sender<Fault>,
    },
    /// `left`: for so long its caller waits.
    Call {
        api: &'static str,
        request: String,
        left: Duration,
        go: oneshot::Sender<Reply>,
    },
    /// A message to an endpoint.
    Post {
        request: Request,
        go: oneshot::Sender<Answer>,
    },
}

/// The scheduler of one history: whatever leaves an instance waits here until it is let through.
#[derive(Clone)]
pub struct Scheduler {
    clock: Clock,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    dead: Arc<Mutex<HashSet<usize>>>,
    /// The instance that is starting, which nothing stops.
    starting: Arc<AtomicUsize>,
    quiescence: Arc<Quiescence>,
}

/// Whether anything moves. The runtime says when it has nothing left to do; a statement may then still be under way in one
/// of SQLite's threads.
#[derive(Default)]
pub struct Quiescence {
    under_way: AtomicUsize,
    asked: AtomicBool,
    still: Notify,
}

impl Quiescence {
    /// To be called whenever the runtime has nothing to do.
    pub fn nothing_to_do(&self) {
        if self.under_way.load(Ordering::SeqCst) == 0 && self.asked.swap(false, Ordering::SeqCst) {
            self.still.notify_one();
        }
    }

    fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(self))
    }
}

struct UnderWay(Arc<Quiescence>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Scheduler {
    pub fn new(clock: Clock, quiescence: Arc<Quiescence>) -> Self {
        Self { clock, waiting: Arc::default(), dead: Arc::default(), starting: Arc::default(), quiescence }
    }

    /// Waits until everything has stopped here, pauses or is done.
    pub async fn quiescent(&self) {
        self.quiescence.asked.store(true, Ordering::SeqCst);
        self.quiescence.still.notified().await;
    }

    /// What waits, in the order in which it came.
    pub fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap()
    }

    pub fn take(&self, place: usize) -> Waiting {
        self.waiting().remove(place)
    }

    /// An instance's process is gone: nothing of it gets through any more. Gives what waited of it.
    pub fn kill(&self, instance: usize) -> Vec<Waiting> {
        self.dead.lock().unwrap().insert(instance);
        let mut waiting = self.waiting();
        let (gone, left) = waiting.drain(..).partition(|one| one.instance == instance);
        *waiting = left;
        gone
    }

    /// An instance starts; 0: it has.
    pub fn is_starting(&self, instance: usize) {
        self.starting.store(instance, Ordering::SeqCst);
    }

    fn is_dead(&self, instance: usize) -> bool {
        self.dead.lock().unwrap().contains(&instance)
    }

    fn stop(&self, instance: usize, what: What) {
        self.waiting().push(Waiting { instance, since: self.clock.now(), what });
    }

    pub async fn pass_statement(self, instance: usize, tried: Try) -> Decision {
        let mut fault = Fault::Broken { carried_out: false };
        if tried.name == "connect" || self.starting.load(Ordering::SeqCst) == instance {
            fault = Fault::None;
        } else if !self.is_dead(instance) {
            let (go, answer) = oneshot::channel();
            self.stop(instance, What::Statement { tried, go });
            fault = answer.await.unwrap_or(fault);
        }
        Decision { fault, until_over: Box::new(self.quiescence.begin()) }
    }

    pub async fn pass_call(self, instance: usize, api: &'static str, request: String, left: Duration) -> Reply {
        let broken = Err(Doubt::Broken.into());
        if self.is_dead(instance) {
            return broken;
        }
        let (go, reply) = oneshot::channel();
        self.stop(instance, What::Call { api, request, left, go });
        reply.await.unwrap_or(broken)
    }

    pub async fn pass_post(self, instance: usize, request: Request) -> Answer {
        let broken = Answer::Unanswered(Unanswered::Broken);
        if self.is_dead(instance) {
            return broken;
        }
        let (go, answer) = oneshot::channel();
        self.stop(instance, What::Post { request, go });
        answer.await.unwrap_or(broken)
    }
}
