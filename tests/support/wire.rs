//! HTTP by hand, byte by byte, for what no decent client would send.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longer than anything that this service ever waits for.
const PATIENCE: Duration = Duration::from_secs(12);

/// One connection.
pub struct Wire(TcpStream);

/// One answer as it came over the wire.
#[derive(Debug)]
pub struct WireAnswer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Wire {
    pub async fn to(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// A client that takes little at a time.
    pub async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self(socket.connect(address).await.unwrap())
    }

    /// A connection with something said at once.
    pub async fn saying(address: SocketAddr, words: impl AsRef<[u8]>) -> Self {
        let mut wire = Self::to(address).await;
        wire.say(words).await;
        wire
    }

    pub async fn say(&mut self, words: impl AsRef<[u8]>) {
        self.try_say(words).await.unwrap();
    }

    /// The other side may have gone.
    pub async fn try_say(&mut self, words: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.write_all(words.as_ref()).await
    }

    /// Says that nothing more will be said, and listens on.
    pub async fn hang_up(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// The next answer, by its `content-length`; `None` when the connection ends instead.
    pub async fn answer(&mut self) -> Option<WireAnswer> {
        timeout(PATIENCE, self.read_answer()).await.expect("neither an answer nor an end")
    }

    async fn read_answer(&mut self) -> Option<WireAnswer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.ok()?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(WireAnswer { status, head, body: String::from_utf8(body).unwrap() })
    }

    /// How long the other side takes to end the connection, and what it says before.
    pub async fn end(&mut self) -> (Duration, Vec<u8>) {
        let (started, mut last_words) = (Instant::now(), Vec::new());
        // A reset is an end, too.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut last_words)).await.expect("the connection stays open");
        (started.elapsed(), last_words)
    }

    /// Waits for the other side's end without reading what it says.
    pub async fn is_closed(&self) {
        let _ = self.0.ready(Interest::ERROR).await;
    }

    /// Whether the other side says nothing, and stays, for so long.
    pub async fn is_quiet_for(&mut self, time: Duration) -> bool {
        timeout(time, self.0.read_u8()).await.is_err()
    }
}

impl WireAnswer {
    pub fn closes(&self) -> bool {
        self.head.contains("\r\nconnection: close\r\n")
    }
}
