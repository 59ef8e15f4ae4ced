//! A merchant's endpoint that takes each event at once, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpStream;

use super::wire::Wire;

/// The endpoint, which lives as long as the bench.
pub struct Endpoint {
    pub url: String,
    taken: Arc<AtomicUsize>,
}

impl Endpoint {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let taken = Arc::new(AtomicUsize::new(0));
        let taking = Arc::clone(&taken);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(take(stream, Arc::clone(&taking)));
                }
            });
        });
        Self { url, taken }
    }

    /// How many events came.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Takes what comes until the service hangs up.
async fn take(stream: TcpStream, taken: Arc<AtomicUsize>) -> std::io::Result<()> {
    let mut wire = Wire::new(stream)?;
    while wire.hear().await? {
        taken.fetch_add(1, Ordering::Relaxed);
        wire.say(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
    Ok(())
}
