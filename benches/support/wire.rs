//! HTTP/1.1 by hand, for both ends, with no more work than it takes: the load's driver shares the cores with what is
//! measured.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A keep-alive connection, and the message that was read last.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    head: usize,
    end: usize,
}

impl Wire {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096), head: 0, end: 0 })
    }

    pub async fn say(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message).await
    }

    /// Reads the next message, whose length its head tells; `false` when the other end has closed instead.
    pub async fn hear(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.end);
        (self.head, self.end) = (0, 0);
        loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                self.head = at + 4;
                self.end = self.head + body_length(&self.buffer[..at]);
                if self.buffer.len() >= self.end {
                    return Ok(true);
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                self.end = 0;
                return Ok(false);
            }
        }
    }

    /// Sends a request and reads its answer.
    pub async fn ask(&mut self, request: &[u8]) {
        self.say(request).await.unwrap();
        assert!(self.hear().await.unwrap(), "the service hung up");
    }

    /// The first line: of a request `POST /path HTTP/1.1`, of an answer `HTTP/1.1 200 OK`.
    pub fn first_line(&self) -> &[u8] {
        self.buffer[..self.head].split(|byte| *byte == b'\r').next().unwrap_or_default()
    }

    pub fn body(&self) -> &[u8] {
        &self.buffer[self.head..self.end]
    }
}

fn body_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.get(..NAME.len()).filter(|name| name.eq_ignore_ascii_case(NAME)).map(|_| &line[NAME.len()..]));
    value.map_or(0, |value| str::from_utf8(value).unwrap().trim().parse().unwrap())
}

/// A request as a front end or WeChat sends it.
pub fn post(path: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: till.example\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: till.example\r\n\r\n").into_bytes()
}

/// The text value of a key in a JSON answer of the service's; the callers of a bench need no more of JSON.
pub fn json_text<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    let (_, value) = str::from_utf8(body).ok()?.split_once(&format!("\"{key}\":\""))?;
    value.split_once('"').map(|(value, _)| value)
}
