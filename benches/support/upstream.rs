//! A WeChat that answers at once, on a thread of its own: what is measured is the service.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpStream;
use wechat_pay::channel::wechat::v2::{SignType, xml};

use super::messages::Writer;
use super::wire::Wire;

/// The stub, which lives as long as the bench.
pub struct Upstream {
    pub address: SocketAddr,
    known: Arc<Known>,
}

struct Known {
    writer: Writer,
    /// Answers that say nothing of any order, signed once.
    link: String,
    closed: String,
    paid: Mutex<HashSet<String>>,
    queries: AtomicU64,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let writer = Writer::new(SignType::Md5);
        let (link, closed) = (writer.link(), writer.closed());
        let known = Arc::new(Known { writer, link, closed, paid: Mutex::default(), queries: AtomicU64::new(0) });
        let answering = Arc::clone(&known);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, Arc::clone(&answering)));
                }
            });
        });
        Self { address, known }
    }

    /// From now on WeChat says that these orders are paid.
    pub fn pay(&self, order_id: &str) {
        self.known.paid.lock().unwrap().insert(order_id.to_owned());
    }

    /// How often `orderquery` was called.
    pub fn queries(&self) -> u64 {
        self.known.queries.load(Ordering::Relaxed)
    }
}

/// Answers until the service hangs up.
async fn answer(stream: TcpStream, known: Arc<Known>) -> std::io::Result<()> {
    let mut wire = Wire::new(stream)?;
    while wire.hear().await? {
        let path = wire.first_line().split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let queried;
        let body = match path {
            b"/pay/unifiedorder" => &known.link,
            b"/pay/closeorder" => &known.closed,
            b"/pay/orderquery" => {
                queried = known.query(wire.body());
                &queried
            }
            _ => return Ok(()),
        };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        wire.say(answer.as_bytes()).await?;
    }
    Ok(())
}

impl Known {
    fn query(&self, request: &[u8]) -> String {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let fields = xml::parse(request).unwrap();
        let order_id = fields.get("out_trade_no").unwrap();
        let paid = self.paid.lock().unwrap().contains(order_id);
        if paid { self.writer.paid_state(order_id) } else { self.writer.unpaid_state(order_id) }
    }
}
