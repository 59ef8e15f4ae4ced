//! What callers hear of a queue under load.

use futures_util::FutureExt;

use super::super::testing::Test;
use super::super::work::changing;
use super::*;

/// Without batches, and with one worker for what begins something.
fn both_ends() -> (Queue, Jobs) {
    queue(1, 1, false)
}

async fn asked(queue: &Queue, key: usize, purpose: Purpose) -> Result<u64, StatementError> {
    let (work, answer) = changing(Test::alone(key));
    queue.run(work, answer, purpose).await
}

fn overloaded() -> Result<u64, StatementError> {
    Err(Cause::Overloaded.into())
}

#[tokio::test]
async fn what_begins_something_is_sent_away_in_time_and_what_finishes_something_waits_on() {
    let (queue, jobs) = both_ends();
    let started = Instant::now();
    let (begins, finishes) = tokio::join!(asked(&queue, 1, Purpose::Begins), async {
        let mut finishing = Box::pin(asked(&queue, 2, Purpose::Finishes));
        assert!(timeout_at(started + TURN + TURN / 4, &mut finishing).await.is_err(), "it waits for a worker");
        // Only now there is one. What was sent away is not carried out any more.
        let (mut taken, _place) = jobs.next().await.unwrap();
        let job = taken.pop().unwrap();
        assert_eq!(job.key(), Some("2"));
        job.answer(Ok(()));
        finishing.await
    });
    assert_eq!(begins, overloaded());
    assert_eq!(finishes, Ok(0));
}

#[tokio::test]
async fn one_more_than_can_be_served_in_time_is_sent_away_at_once() {
    let (queue, _jobs) = both_ends();
    let mut waiting = Vec::new();
    loop {
        let mut asking = Box::pin(asked(&queue, waiting.len(), Purpose::Begins));
        match asking.as_mut().now_or_never() {
            None => waiting.push(asking),
            Some(outcome) => break assert_eq!(outcome, overloaded()),
        }
    }
    assert_eq!(waiting.len(), 1024);
    assert!(Box::pin(asked(&queue, 0, Purpose::Finishes)).as_mut().now_or_never().is_none(), "its line is another");
}

#[tokio::test]
async fn a_worker_that_panics_gives_its_place_back_and_its_caller_hears_of_it() {
    let (queue, jobs) = both_ends();
    let panics = tokio::spawn({
        let jobs = jobs.clone();
        async move {
            let _in_hand = jobs.next().await;
            panic!("a fault that a test has planted");
        }
    });
    assert_eq!(asked(&queue, 1, Purpose::Begins).await, Err(Cause::WorkerGone.into()));
    assert!(panics.await.unwrap_err().is_panic());
    // There is one place only for what begins something.
    let (outcome, ()) = tokio::join!(asked(&queue, 2, Purpose::Begins), async {
        let (taken, _place) = jobs.next().await.unwrap();
        taken.into_iter().for_each(|job| job.answer(Ok(())));
    });
    assert_eq!(outcome, Ok(0));
}

#[tokio::test]
async fn what_meets_a_lock_is_tried_again_until_there_is_no_time_left() {
    let (queue, jobs) = both_ends();
    let worker = tokio::spawn(async move {
        let mut tries = 0;
        while let Some((taken, place)) = jobs.next().await {
            tries += taken.len();
            taken.into_iter().for_each(|job| jobs.put_off(job, Cause::Contended));
            drop(place);
        }
        tries
    });
    let started = Instant::now();
    assert_eq!(asked(&queue, 1, Purpose::Begins).await, Err(Cause::Contended.into()));
    assert!(started.elapsed() <= 2 * TURN, "a caller who begins something hears about when its turn is over");
    drop(queue);
    let tries = worker.await.unwrap();
    assert!((3..=20).contains(&tries), "{tries} tries, with pauses that grow");
}
