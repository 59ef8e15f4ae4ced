//! What comes of a delivery: retries, giving up, and endpoints that are dead or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wechat_pay::clock::Clock;
use wechat_pay::deal::{Details, OrderId};
use wechat_pay::store::EventKind;
use wechat_pay::webhook::Answer;

use super::post::{Post, SILENT, Script, TAKEN, refused, says};
use crate::database::accounts::{deal, now};
use crate::support::database::Database;
use crate::support::on_both_engines;

fn orders(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("o{number}")).collect()
}

on_both_engines! {
    async fn what_no_try_delivers_is_given_up_and_the_others_hear(engine) {
        let database = Database::fresh(engine).await;
        let endpoints = vec![("shop", says(refused(404))), ("books", says(TAKEN))];
        let post = Post::open(&database, Clock::simulated(now()), endpoints).await;
        deal(post.gateway.store(), "o1", "default", Details::default()).await;
        post.paid(["o1"]).await;
        assert_eq!(post.rounds("books", 16).await, 1);
        post.came("books");
        let mut pauses = Vec::new();
        for _ in 0..11 {
            let mut waited = 0;
            while post.round("shop", 16).await == 0 {
                post.passes(1 + waited / 10);
                waited += 1 + waited / 10;
            }
            pauses.push(waited);
        }
        let planned = [0, 5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (pause, planned) in pauses.iter().zip(planned) {
            assert!((planned * 9 / 10..=planned * 5 / 4 + 1).contains(pause), "{pauses:?}");
        }
        assert_eq!(post.came("shop").len(), 11);
        let order_id: OrderId = "o1".parse().unwrap();
        let journal = post.gateway.store().events(&order_id).await.unwrap();
        let given_up = journal.iter().filter(|event| event.kind == Some(EventKind::WebhookGivenUp)).collect::<Vec<_>>();
        assert!(matches!(given_up[..], [event] if event.detail.as_ref().unwrap().ends_with(" to shop")), "{given_up:?}");
        post.publish().await;
        assert_eq!((post.rounds("shop", 16).await, post.rounds("books", 16).await), (0, 1));
        assert_eq!(post.came("books"), ["o1 webhook_given_up"]);
    }

    async fn an_alarm_that_no_endpoint_takes_raises_no_other(engine) {
        let database = Database::fresh(engine).await;
        let post = Post::open(&database, Clock::simulated(now()), vec![("shop", says(refused(400))), ("books", says(TAKEN))]).await;
        post.happens_to(["o1"]).await;
        post.rounds("books", 16).await;
        for _ in 0..11 {
            assert_eq!(post.round("shop", 16).await, 1);
            post.passes(100_000);
        }
        post.publish().await;
        assert_eq!((post.round("shop", 16).await, post.round("books", 16).await), (0, 0));
        assert!(post.gateway.store().events(&"o1".parse().unwrap()).await.unwrap().iter().all(|event| event.kind == Some(EventKind::Settled)));
    }

    async fn a_dead_endpoint_costs_a_probe_a_minute_until_it_lives(engine) {
        let database = Database::fresh(engine).await;
        let dead = Arc::new(AtomicBool::new(true));
        let is_dead = Arc::clone(&dead);
        let shop: Script = Arc::new(move |request| {
            let answer = if is_dead.load(Ordering::SeqCst) { SILENT } else { TAKEN };
            says(answer)(request)
        });
        let post = Post::open(&database, Clock::simulated(now()), vec![("shop", shop)]).await;
        for order_id in orders(30) {
            post.happens_to([order_id]).await;
            post.passes(1);
        }
        assert_eq!((post.round("shop", 16).await, post.round("shop", 16).await), (16, 0), "they were under way when it became known");
        post.came("shop");
        post.passes(59);
        assert_eq!(post.round("shop", 16).await, 0);
        post.passes(1);
        assert_eq!((post.round("shop", 16).await, post.round("shop", 16).await), (1, 0));
        assert_eq!(post.came("shop"), ["o9 money"], "what waits longest; the others are not tried for nothing");
        dead.store(false, Ordering::SeqCst);
        post.passes(60);
        assert_eq!(post.round("shop", 16).await, 1);
        assert!(post.rounds("shop", 16).await >= 28, "all that waits goes out");
    }

    async fn a_probe_with_nothing_to_carry_is_not_spent(engine) {
        let database = Database::fresh(engine).await;
        let post = Post::open(&database, Clock::simulated(now()), vec![("shop", says(SILENT))]).await;
        post.happens_to(orders(5)).await;
        assert_eq!(post.round("shop", 16).await, 5);
        // The five come due again after a minute at the earliest.
        for _ in 0..2 {
            post.passes(1000);
            assert_eq!(post.rounds("shop", 16).await, 1);
        }
        post.passes(50);
        post.happens_to(["late"]).await;
        post.passes(10);
        assert_eq!(post.round("shop", 16).await, 1);
    }

    async fn an_endpoint_that_is_gone_is_paused_for_all_until_it_is_resumed(engine) {
        let database = Database::fresh(engine).await;
        let clock = Clock::simulated(now());
        let post = Post::open(&database, clock.clone(), vec![("shop", says(Answer::Gone("bye".to_owned())))]).await;
        let beside = Post::open(&database, clock.clone(), vec![("shop", says(TAKEN))]).await;
        post.happens_to(["o1", "o2"]).await;
        assert_eq!(post.round("shop", 1).await, 1);
        post.passes(100);
        assert_eq!((post.round("shop", 16).await, beside.round("shop", 16).await), (0, 0));
        let name = "shop".parse().unwrap();
        assert!(post.gateway.store().backlog(&name, clock.now()).await.unwrap().is_paused);
        beside.gateway.resume_deliveries(&name).await;
        assert_eq!(beside.round("shop", 16).await, 2);
    }
}
