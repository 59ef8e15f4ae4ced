//! A server of a cluster, as far as it is heard: what it says of a commit is in a test's hand, and so is whether it carries it out.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Of each packet of MySQL's protocol.
const HEADER: usize = 4;
/// A query's text, or its end.
const QUERY: u8 = 3;
const COMMIT: &[u8] = b"COMMIT";
const ROLLBACK: &[u8] = b"\x09\0\0\0\x03ROLLBACK";

/// What is heard of a commit.
#[derive(Debug, Clone, Copy, Default)]
pub enum Heard {
    /// What the server says.
    #[default]
    Truth,
    /// This error, though it was carried out. (Not before a node of Galera's, whose commit has two answers.)
    ErrorAfter(u16),
    /// This error, and the server has not heard of it.
    ErrorInstead(u16),
    /// Nothing, as when a cluster has no majority: the server has not heard of it either.
    Nothing,
    /// What the server says, when it has rolled back before and told nobody.
    TruthAfterRollback,
}

/// A proxy before a server, which reads along.
pub struct Commits {
    /// Where it listens.
    pub address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    untrue: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Commits {
    pub async fn of(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, untrue) = (Arc::<Mutex<Heard>>::default(), Arc::<AtomicUsize>::default());
        let task = tokio::spawn(accept(listener, server, Arc::clone(&heard), Arc::clone(&untrue)));
        Self { address, heard, untrue, task }
    }

    /// From now on.
    pub fn are(&self, heard: Heard) {
        *self.heard.lock().unwrap() = heard;
    }

    /// Of how many commits something else than the truth was heard.
    pub fn untrue(&self) -> usize {
        self.untrue.load(Ordering::SeqCst)
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, heard: Arc<Mutex<Heard>>, untrue: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let (heard, untrue) = (Arc::clone(&heard), Arc::clone(&untrue));
        tokio::spawn(async move { carry(client, TcpStream::connect(server).await?, &heard, &untrue).await });
    }
}

/// Until an end closes.
async fn carry(client: TcpStream, server: TcpStream, heard: &Mutex<Heard>, untrue: &AtomicUsize) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    loop {
        // Nothing is taken before it is known from whom: a packet that is begun must be read to its end.
        let (mut of_client, mut of_server) = ([0], [0]);
        tokio::select! {
            _ = from_client.peek(&mut of_client) => {
                let packet = read_packet(&mut from_client).await?;
                let heard = *heard.lock().unwrap();
                let is_commit = packet.get(HEADER) == Some(&QUERY) && packet.ends_with(COMMIT);
                if !is_commit || matches!(heard, Heard::Truth) {
                    to_server.write_all(&packet).await?;
                    continue;
                }
                untrue.fetch_add(1, Ordering::SeqCst);
                match heard {
                    Heard::ErrorAfter(error) => {
                        to_server.write_all(&packet).await?;
                        read_packet(&mut from_server).await?;
                        to_client.write_all(&error_packet(error)).await?;
                    }
                    Heard::ErrorInstead(error) => to_client.write_all(&error_packet(error)).await?,
                    Heard::TruthAfterRollback => {
                        to_server.write_all(ROLLBACK).await?;
                        read_packet(&mut from_server).await?;
                        to_server.write_all(&packet).await?;
                    }
                    Heard::Nothing | Heard::Truth => {}
                }
            }
            _ = from_server.peek(&mut of_server) => to_client.write_all(&read_packet(&mut from_server).await?).await?,
        }
    }
}

/// A length of three bytes, a number, and so many bytes.
async fn read_packet(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; HEADER];
    from.read_exact(&mut packet).await?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    packet.resize(HEADER + length, 0);
    from.read_exact(&mut packet[HEADER..]).await?;
    Ok(packet)
}

/// The first packet of an answer: an error, its number, its state and its words.
fn error_packet(error: u16) -> Vec<u8> {
    let told = [&[0xff], error.to_le_bytes().as_slice(), b"#HY000as a test has it"].concat();
    [&[u8::try_from(told.len()).unwrap(), 0, 0, 1], told.as_slice()].concat()
}
