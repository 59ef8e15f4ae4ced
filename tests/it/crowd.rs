//! Ten thousand connections that say nothing.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::support::http::Caller;
use crate::support::program::Program;

const SILENT: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_silent_connections_are_cut_off_and_hinder_nobody() {
    let allowed = rlimit::increase_nofile_limit(SILENT as u64 + 500).unwrap();
    assert!(allowed >= SILENT as u64 + 200, "this test needs {SILENT} file descriptors and may have {allowed}: raise the hard limit");
    let directory = tempfile::TempDir::new().unwrap();
    let listen = |key| (key, "127.0.0.1:0".to_owned());
    let program = Program::start("serve", directory.path(), &[listen("SERVER__LISTEN"), listen("SIMULATOR__LISTEN")]);
    let address = program.address().await;
    let mut silent = Vec::with_capacity(SILENT);
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let asked = Instant::now();
    assert_eq!(Caller::new(address).get("/readyz").await.status, 200);
    assert!(asked.elapsed() < Duration::from_secs(2), "a caller waited {:?}", asked.elapsed());
    let cut_off = join_all(silent.iter_mut().map(|stream| async move {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 1])).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }));
    assert!(cut_off.await.into_iter().all(|cut| cut), "every one of them is closed");
    assert_eq!(Caller::new(address).get("/readyz").await.status, 200);
}
