//! A WeChat that answers whatever a test wants, for what the simulator would never say.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to answer.
#[derive(Debug, Clone)]
pub enum Reply {
    /// HTTP 200 with this body.
    Body(String),
    /// The same, so much later.
    Late(Duration, String),
    /// These bytes on the wire.
    Raw(Vec<u8>),
    /// Never.
    Silence,
    /// Close without a word.
    Close,
}

type Script = Arc<Mutex<dyn FnMut(&str, &str) -> Reply + Send>>;

type Seen = (Arc<Mutex<Vec<(String, String)>>>, Arc<Mutex<Vec<String>>>);

/// The stub.
pub struct Stub {
    pub address: SocketAddr,
    /// The requests so far: path and body.
    pub requests: Arc<Mutex<Vec<(String, String)>>>,
    /// Their heads: request line and headers.
    pub heads: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Stub {
    /// Answers by a function of path and body.
    pub async fn start(script: impl FnMut(&str, &str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, heads) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (script, seen): (Script, _) = (Arc::new(Mutex::new(script)), (Arc::clone(&requests), Arc::clone(&heads)));
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(answer(stream, Arc::clone(&script), seen.clone()));
            }
        });
        Self { address, requests, heads, task }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request a connection.
async fn answer(mut stream: TcpStream, script: Script, (requests, heads): Seen) -> Option<()> {
    let mut bytes = Vec::new();
    let (path, body) = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length:").map(|n| n.trim().parse::<usize>().unwrap()));
        if body.len() >= length.unwrap_or(0) {
            heads.lock().unwrap().push(head.to_owned());
            break (head.split(' ').nth(1)?.to_owned(), body.to_owned());
        }
    };
    requests.lock().unwrap().push((path.clone(), body.clone()));
    let reply = (script.lock().unwrap())(&path, &body);
    match reply {
        Reply::Body(body) => send(&mut stream, body).await?,
        Reply::Late(by, body) => {
            tokio::time::sleep(by).await;
            send(&mut stream, body).await?;
        }
        Reply::Raw(bytes) => stream.write_all(&bytes).await.ok()?,
        Reply::Silence => tokio::time::sleep(Duration::from_secs(30)).await,
        Reply::Close => {}
    }
    Some(())
}

async fn send(stream: &mut TcpStream, body: String) -> Option<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(&[head.into_bytes(), body.into_bytes()].concat()).await.ok()
}
