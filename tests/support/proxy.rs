//! The network between service and database, in a test's hand: it can be slow, swallow everything, and break.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the network does at present. Connections are numbered from 1 as they come.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    /// What the database says arrives so much later.
    reply_delay: Duration,
    /// Connections up to this number carry nothing any more, but stay open.
    holed: u64,
    /// Connections up to this number are broken.
    cut: u64,
    /// New connections are black holes from the start.
    swallows: bool,
    /// New connections are closed at once.
    refuses: bool,
}

/// A TCP proxy.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    accepted: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

/// An address that refuses connections until a proxy is opened there.
pub struct Reserved {
    pub address: SocketAddr,
    socket: TcpSocket,
}

impl Reserved {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // A program under test may be given this address: it listens there beside us, and no other program gets it.
        socket.set_reuseaddr(true).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { address: socket.local_addr().unwrap(), socket }
    }

    pub fn open(self, target: SocketAddr) -> Proxy {
        let (weather, report) = watch::channel(Weather::default());
        let (count, accepted) = watch::channel(0);
        let task = tokio::spawn(accept(self.socket.listen(1024).unwrap(), target, report, count));
        Proxy { address: self.address, weather, accepted, task }
    }
}

impl Proxy {
    pub fn to(target: SocketAddr) -> Self {
        Reserved::new().open(target)
    }

    /// What the database says arrives so much later.
    pub fn delay_replies(&self, by: Duration) {
        self.weather.send_modify(|weather| weather.reply_delay = by);
    }

    /// Whatever is connected now stays so and carries nothing any more, in either direction.
    pub fn black_hole(&self) {
        let last = *self.accepted.borrow();
        self.weather.send_modify(|weather| weather.holed = last);
    }

    /// Connections made from now on carry nothing, or carry again.
    pub fn swallow_new(&self, swallows: bool) {
        self.weather.send_modify(|weather| weather.swallows = swallows);
    }

    /// Breaks whatever is connected now.
    pub fn cut(&self) {
        let last = *self.accepted.borrow();
        self.weather.send_modify(|weather| weather.cut = last);
    }

    /// Breaks everything, and lets no connection in until [`Proxy::up`].
    pub fn down(&self) {
        self.weather.send_modify(|weather| weather.refuses = true);
        self.cut();
    }

    pub fn up(&self) {
        self.weather.send_modify(|weather| weather.refuses = false);
    }

    /// How many connections there have been.
    pub fn connections(&self) -> u64 {
        *self.accepted.borrow()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, weather: watch::Receiver<Weather>, count: watch::Sender<u64>) {
    let mut number = 0;
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        if weather.borrow().refuses {
            continue;
        }
        number += 1;
        count.send_replace(number);
        tokio::spawn(carry(client, target, number, weather.clone()));
    }
}

async fn carry(client: TcpStream, target: SocketAddr, number: u64, mut weather: watch::Receiver<Weather>) {
    if weather.borrow().swallows {
        // Held open until it is cut or the proxy goes.
        let _ = weather.wait_for(|weather| number <= weather.cut).await;
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(from_client, to_server, number, weather.clone(), false) => {}
        () = pump(from_server, to_client, number, weather.clone(), true) => {}
        _ = weather.wait_for(|weather| number <= weather.cut) => {}
    }
}

/// Carries bytes one way until an end closes. In a black hole it waits for ever, and the caller for the cut.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, number: u64, mut weather: watch::Receiver<Weather>, replies: bool) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut bytes).await else { return };
        let delay = if replies { weather.borrow().reply_delay } else { Duration::ZERO };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if number <= weather.borrow_and_update().holed {
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
