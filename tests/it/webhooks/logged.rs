//! What the log says of an endpoint that fails: that it does and that it no longer does, and nothing between.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use wechat_pay::clock::Clock;
use wechat_pay::telemetry::JsonLines;
use wechat_pay::webhook::Answer;

use super::post::{Post, SILENT, Script, TAKEN, refused, says};
use crate::database::accounts::now;
use crate::support::database::Database;
use crate::support::on_both_engines;

type Lines = Arc<Mutex<Vec<String>>>;

/// What is written from now on in this thread, from `info` upwards.
fn written() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let written = Arc::clone(&lines);
    let layer = JsonLines::new(move |line| written.lock().unwrap().push(String::from_utf8(line).unwrap()));
    (lines, tracing_subscriber::registry().with(LevelFilter::INFO).with(layer).set_default())
}

/// Of the lines since this was asked last, those about the endpoint itself: the level, and the status or the reason.
fn of_the_endpoint(lines: &Lines) -> Vec<String> {
    let lines: Vec<Value> = lines.lock().unwrap().drain(..).map(|line| serde_json::from_str(&line).unwrap()).collect();
    let about = lines.iter().filter(|line| line["endpoint"] == "shop" && line["event_id"].is_null());
    let what = |line: &Value| [&line["status"], &line["reason"]].into_iter().find(|it| !it.is_null()).map(ToString::to_string);
    about.map(|line| format!("{} {}", line["level"].as_str().unwrap(), what(line).unwrap_or_default())).collect()
}

on_both_engines! {
    async fn the_log_says_when_an_endpoint_begins_and_ends_to_fail(engine) {
        let database = Database::fresh(engine).await;
        let answer = Arc::new(Mutex::new(TAKEN));
        let says_now = Arc::clone(&answer);
        let shop: Script = Arc::new(move |request| says(says_now.lock().unwrap().clone())(request));
        let post = Post::open(&database, Clock::simulated(now()), vec![("shop", shop)]).await;
        let (lines, _guard) = written();
        let mut number = 0;
        let mut turns = Vec::new();
        let secret = Answer::Refused { status: 500, words: "Traceback: hunter2".to_owned(), retry_after: None };
        for (said, seconds) in [(TAKEN, 1), (secret, 1), (refused(302), 100), (SILENT, 600), (TAKEN, 1), (TAKEN, 1), (refused(404), 700)] {
            *answer.lock().unwrap() = said;
            number += 1;
            post.passes(seconds);
            post.happens_to([format!("o{number}")]).await;
            assert!(post.round("shop", 1).await > 0);
            assert!(lines.lock().unwrap().iter().all(|line| !line.contains("hunter2")), "{lines:?}");
            turns.push(of_the_endpoint(&lines).join(", "));
        }
        assert_eq!(turns, ["", "WARN 500", "", "WARN \"too_slow\"", "INFO ", "", "WARN 404"]);
    }
}
