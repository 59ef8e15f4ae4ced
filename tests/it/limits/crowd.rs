//! Ten thousand connections at once: those that say nothing, and those that have said something and wait.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::support::http::Caller;
use crate::support::program::Program;
use crate::support::wire::Wire;

const CROWD: usize = 10_000;
/// hyper reads into 8 KiB. As much again is for the task, the socket, and an answer in hand: the quicker the machine, the more of them
/// are in hand at once.
const EACH_KIB: u64 = 16;
const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: pay\r\n\r\n";

/// One after the other: a process has not many more file descriptors than one crowd.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_hinder_nobody() {
    let allowed = rlimit::increase_nofile_limit(CROWD as u64 + 500).unwrap();
    assert!(allowed >= CROWD as u64 + 200, "this test needs {CROWD} file descriptors and may have {allowed}: raise the hard limit");
    let directory = tempfile::TempDir::new().unwrap();
    let listen = |key| (key, "127.0.0.1:0".to_owned());
    let program = Program::start("serve", directory.path(), &[listen("SERVER__LISTEN"), listen("SIMULATOR__LISTEN")]);
    let address = program.address().await;
    let alone = program.process.memory_kib("VmRSS");
    the_silent_are_cut_off(address).await;
    those_that_rest_are_kept(address).await;
    let more = program.process.memory_kib("VmHWM") - alone;
    assert!(more < EACH_KIB * CROWD as u64, "a crowd of {CROWD} took {more} KiB: more than {EACH_KIB} for each");
}

async fn the_silent_are_cut_off(address: SocketAddr) {
    let mut silent = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    nobody_waits(address).await;
    let cut_off = join_all(silent.iter_mut().map(|stream| async move {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 1])).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }));
    assert!(cut_off.await.into_iter().all(|cut| cut), "every one of them is closed");
    nobody_waits(address).await;
}

async fn those_that_rest_are_kept(address: SocketAddr) {
    let mut resting = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        resting.push(Wire::saying(address, HEALTHZ).await);
    }
    for _ in 0..2 {
        // Some at a time: each answer has to be there soon, not all of them together.
        for some in resting.chunks_mut(CROWD / 20) {
            for answer in join_all(some.iter_mut().map(Wire::answer)).await {
                assert_eq!(answer.unwrap().status, 200);
            }
        }
        nobody_waits(address).await;
        join_all(resting.iter_mut().map(|wire| wire.say(HEALTHZ))).await;
    }
}

async fn nobody_waits(address: SocketAddr) {
    let asked = Instant::now();
    assert_eq!(Caller::new(address).get("/readyz").await.status, 200);
    assert!(asked.elapsed() < Duration::from_secs(4), "a caller waited {:?}", asked.elapsed());
}
