//! Which delivery goes next: order in each deal, both ends of a backlog, and instances that share it.

use chrono::TimeDelta;
use wechat_pay::clock::Clock;

use super::post::{Post, TAKEN, refused, says};
use crate::database::accounts::now;
use crate::support::database::Database;
use crate::support::on_both_engines;

on_both_engines! {
    async fn a_later_event_of_an_order_waits_for_the_first_try_of_an_earlier(engine) {
        let database = Database::fresh(engine).await;
        let post = Post::open(&database, Clock::simulated(now()), vec![("shop", says(refused(500))), ("books", says(TAKEN))]).await;
        post.happens_to(["o1", "o1", "o2", "o1"]).await;
        let first = post.take("shop", 16).await;
        assert_eq!(first.len(), 2, "one of each order");
        assert!(post.take("shop", 16).await.is_empty(), "the others wait while it is under way");
        assert_eq!(post.rounds("books", 16).await, 4, "what another endpoint does is no matter");
        drop(first);
        post.passes(30);
        let first = post.take("shop", 16).await;
        assert_eq!(first.len(), 2, "the lease is over, and none has overtaken it");
        post.deliver("shop", first).await;
        assert_eq!(post.round("shop", 16).await, 1, "it failed, and its first try is over");
        assert_eq!(post.round("shop", 16).await, 1);
        assert_eq!(post.round("shop", 16).await, 0);
    }

    async fn what_came_last_goes_first_and_what_waits_longest_is_not_forgotten(engine) {
        let database = Database::fresh(engine).await;
        let post = Post::open(&database, Clock::simulated(now()), vec![("shop", says(TAKEN))]).await;
        for number in 0..200 {
            post.happens_to([format!("old{number}")]).await;
            if number % 10 == 0 {
                post.passes(1);
            }
        }
        for round in 0..25 {
            post.passes(1);
            post.happens_to((0..8).map(|number| format!("new{round}-{number}"))).await;
            assert_eq!(post.round("shop", 16).await, 16);
            let came = post.came("shop");
            let (new, old) = came.iter().partition::<Vec<_>, _>(|came| came.starts_with(&format!("new{round}-")));
            assert_eq!((new.len(), old.len()), (8, 8), "{came:?}");
            assert!(old.contains(&&format!("old{} money", round * 8)), "{came:?}");
        }
        assert_eq!(post.round("shop", 16).await, 0);
    }

    async fn instances_share_what_is_due_and_each_event_comes_once(engine) {
        let database = Database::fresh(engine).await;
        let clock = Clock::simulated(now());
        let one = Post::open(&database, clock.clone(), vec![("shop", says(TAKEN))]).await;
        let other = Post::open(&database, clock, vec![("shop", says(TAKEN))]).await;
        one.happens_to((0..120).map(|number| format!("o{number}"))).await;
        let (mine, others) = tokio::join!(one.rounds("shop", 16), other.rounds("shop", 16));
        assert_eq!(mine + others, 120);
        let mut came = [one.came("shop"), other.came("shop")].concat();
        came.sort();
        came.dedup();
        assert_eq!(came.len(), 120);
    }

    async fn what_a_dead_instance_has_taken_comes_when_its_lease_is_over(engine) {
        let database = Database::fresh(engine).await;
        let clock = Clock::simulated(now());
        let dead = Post::open(&database, clock.clone(), vec![("shop", says(TAKEN))]).await;
        let other = Post::open(&database, clock, vec![("shop", says(TAKEN))]).await;
        dead.happens_to(["o1"]).await;
        let late = dead.take("shop", 16).await;
        other.passes(29);
        assert_eq!(other.round("shop", 16).await, 0);
        other.passes(1);
        assert_eq!(other.round("shop", 16).await, 1);
        dead.deliver("shop", late).await;
        dead.passes(100);
        assert_eq!(other.round("shop", 16).await, 0, "what the dead one says later changes nothing");
    }

    async fn leases_are_kept_by_the_database_s_clock(engine) {
        let database = Database::fresh(engine).await;
        let clock = Clock::simulated(now());
        let ahead = Clock::simulated_beside(now() + TimeDelta::seconds(40), &clock);
        let one = Post::open(&database, clock.clone(), vec![("shop", says(TAKEN))]).await;
        let other = Post::open(&database, ahead, vec![("shop", says(TAKEN))]).await;
        one.gateway.measure_clock().await;
        other.gateway.measure_clock().await;
        one.happens_to(["o1"]).await;
        let taken = one.take("shop", 16).await;
        assert_eq!(other.round("shop", 16).await, 0, "its own clock says that the lease is over");
        assert_eq!(one.deliver("shop", taken).await, 1);
    }
}
