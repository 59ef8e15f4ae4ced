//! A WeChat that answers at once, on a thread of its own: what is measured is the service.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::net::TcpStream;
use wechat_pay::channel::wechat::v2::{SignType, xml};

use super::messages::Writer;
use super::wire::Wire;

/// What is sent in one piece.
const SMALL: usize = 64 * 1024;
/// Of a day without trades, unsigned as all answers about bills.
const NO_BILL: &str = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[No Bill Exist]]></return_msg><error_code><![CDATA[20002]]></error_code></xml>";

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
    /// By their days, as the question writes them.
    bills: Mutex<HashMap<String, Arc<Vec<u8>>>>,
    /// When one that there is was asked for.
    bills_sent: Mutex<Vec<Instant>>,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let writer = Writer::new(SignType::Md5);
        let (link, closed) = (writer.link(), writer.closed());
        let (paid, queries, bills, bills_sent) = Default::default();
        let known = Arc::new(Known { writer, link, closed, paid, queries, bills, bills_sent });
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

    /// From now on there is this bill of a day (`20261125`).
    pub fn give_bill(&self, day: &str, file: Vec<u8>) {
        self.known.bills.lock().unwrap().insert(day.to_owned(), Arc::new(file));
    }

    /// How often a bill that there is was asked for.
    pub fn bills_sent(&self) -> usize {
        self.known.bills_sent.lock().unwrap().len()
    }

    /// When one was last asked for.
    pub fn bill_asked_at(&self) -> Option<Instant> {
        self.known.bills_sent.lock().unwrap().last().copied()
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
        let (queried, bill);
        let body = match path {
            b"/pay/unifiedorder" => known.link.as_bytes(),
            b"/pay/closeorder" => known.closed.as_bytes(),
            b"/pay/orderquery" => {
                queried = known.query(wire.body());
                queried.as_bytes()
            }
            b"/pay/downloadbill" => {
                bill = known.bill(wire.body());
                bill.as_ref().map_or(NO_BILL.as_bytes(), |bill| bill.as_slice())
            }
            _ => return Ok(()),
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
        if body.len() < SMALL {
            wire.say(&[head.as_bytes(), body].concat()).await?;
        } else {
            wire.say(head.as_bytes()).await?;
            wire.say(body).await?;
        }
    }
    Ok(())
}

impl Known {
    fn bill(&self, request: &[u8]) -> Option<Arc<Vec<u8>>> {
        let fields = xml::parse(request).unwrap();
        let bill = self.bills.lock().unwrap().get(fields.get("bill_date").unwrap()).cloned();
        if bill.is_some() {
            self.bills_sent.lock().unwrap().push(Instant::now());
        }
        bill
    }

    fn query(&self, request: &[u8]) -> String {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let fields = xml::parse(request).unwrap();
        let order_id = fields.get("out_trade_no").unwrap();
        let paid = self.paid.lock().unwrap().contains(order_id);
        if paid { self.writer.paid_state(order_id) } else { self.writer.unpaid_state(order_id) }
    }
}
