//! Answers that are slow, too long or damaged, from a server that says one piece after another.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::digest::ContentDigest;
use super::*;
use crate::chance::Chance;
use crate::channel::error::Malformed;
use crate::channel::wechat::v2::bill::begins_document;
use crate::channel::wechat::v2::calls::DOWNLOAD_BILL;
use crate::channel::wechat::v2::identity::Identity;
use crate::channel::wechat::v2::transport::{Endpoints, Http, Transport};
use crate::trust::ExtraRoots;

const IMPATIENCE: Patience =
    Patience { first: Duration::from_millis(900), between: Duration::from_millis(700), whole: Duration::from_millis(3000) };
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";

/// What is said to whoever asks, each piece so many milliseconds behind the one before; then nothing.
async fn saying(pieces: Vec<(u64, String)>) -> Result<Begun, BillError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let primary = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _request = stream.read(&mut [0; 4096]).await;
        for (behind, piece) in pieces {
            tokio::time::sleep(Duration::from_millis(behind)).await;
            if stream.write_all(piece.as_bytes()).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    let endpoints = Endpoints { primary, backup: None, proxy: None, extra_roots: ExtraRoots::default() };
    let transport = Transport::Http(Arc::new(Http::new(endpoints, Chance::seeded(1)).unwrap()));
    let answer = transport.open(DOWNLOAD_BILL, &Identity::default(), "<xml></xml>".to_owned(), IMPATIENCE).await?;
    Begun::of(answer, 1000).await
}

/// How reading an answer ends, behind how many bytes.
async fn read(pieces: Vec<(u64, String)>) -> (usize, Result<(), BillError>) {
    let mut read = 0;
    let mut begun = match saying(pieces).await {
        Ok(begun) => begun,
        Err(failure) => return (0, Err(failure)),
    };
    loop {
        match begun.piece().await {
            Ok(Some(piece)) => read += piece.len(),
            Ok(None) => return (read, Ok(())),
            Err(failure) => return (read, Err(failure)),
        }
    }
}

fn is_timeout(ended: &Result<(), BillError>) -> bool {
    matches!(ended, Err(BillError::Call(CallError::Unknown(Doubt::Timeout))))
}

#[tokio::test]
async fn each_wait_for_an_answer_has_its_end() {
    let head = || (0, HEAD.to_owned());
    let piece = |behind| (behind, "`2024".to_owned());
    for (what, pieces, bytes, milliseconds) in [
        ("nothing", vec![], 0..=0, 900..2000),
        ("no byte behind the head", vec![head()], 0..=0, 900..2000),
        ("a first byte that comes late", vec![head(), piece(2000)], 0..=0, 900..2000),
        ("nothing more", vec![head(), piece(0)], 5..=5, 700..2000),
        ("pauses, and one that is too long", vec![head(), piece(0), piece(300), piece(300), piece(4000)], 15..=15, 1300..3000),
        ("too long altogether", [vec![head()], (0..100).map(|_| piece(100)).collect()].concat(), 50..=150, 3000..4500),
    ] {
        let begun = Instant::now();
        let (read, ended) = read(pieces).await;
        assert!(is_timeout(&ended), "{what}: {ended:?}");
        assert!(milliseconds.contains(&begun.elapsed().as_millis()), "{what}: {:?}", begun.elapsed());
        assert!(bytes.contains(&read), "{what}: {read} bytes");
    }
}

#[tokio::test]
async fn what_is_too_long_is_no_file() {
    let whole = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length));
    assert!(matches!(read(vec![(0, whole(1000))]).await, (1000, Ok(()))));
    for pieces in [vec![(0, whole(1001))], vec![(0, HEAD.to_owned()), (0, "x".repeat(600)), (50, "x".repeat(600)), (50, "x".repeat(600))]] {
        let (read, ended) = read(pieces).await;
        assert!(matches!(ended, Err(BillError::Call(CallError::Unknown(Doubt::Malformed(Malformed::TooLarge))))), "{ended:?}");
        assert!(read <= 1000);
    }
}

#[test]
fn a_document_is_told_by_its_first_bytes() {
    for (start, expected) in [
        (&b""[..], None),
        (b" \r\n\t", None),
        (b"\xef\xbb", None),
        (b"\xef\xbb\xbf\r\n", None),
        (b"<", Some(true)),
        (b"\xef\xbb\xbf<xml>", Some(true)),
        (b"\r\n \xef\xbb\xbf \n<html", Some(true)),
        (b"\xef\xbb\xbf\xef\xbb\xbf<", Some(true)),
        (b"\x1f\x8b", Some(false)),
        (b"\xef\xbb\xbf\xe4\xba\xa4<", Some(false)),
        (b"\xef<", Some(false)),
        (b"`<xml>", Some(false)),
    ] {
        assert_eq!(begins_document(start), expected, "{start:?}");
    }
    let marks = "\u{feff}".repeat(20_000);
    assert_eq!(begins_document(format!("{marks}<").as_bytes()), Some(true), "however many there are");
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

fn sha(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file that comes in pieces of this length is the one that a header means.
fn is_right(file: &[u8], expected: &str, pieces: usize) -> bool {
    let mut digest = ContentDigest::of(expected.to_owned(), file.starts_with(&[0x1f, 0x8b]));
    file.chunks(pieces).for_each(|piece| digest.take(piece));
    digest.agrees()
}

#[test]
fn a_digest_is_of_what_was_received_or_of_what_is_in_it() {
    let text: Vec<u8> = (0u32..20_000).flat_map(|n| (n * n).to_be_bytes()).collect();
    let (one, other) = text.split_at(30_001);
    for file in [text.clone(), packed(&text), [packed(one), packed(other)].concat(), packed(b"")] {
        let content = if file == packed(b"") { &b""[..] } else { &text };
        for pieces in [1, 7, 4096, file.len()] {
            for expected in [sha(&file), sha(content), sha(content).to_uppercase()] {
                assert!(is_right(&file, &expected, pieces));
            }
            for wrong in ["", "0", &sha(b"other"), &sha(content)[1..], &format!("{}0", sha(&file))] {
                assert!(!is_right(&file, wrong, pieces), "{wrong}");
            }
        }
    }
}

#[test]
fn of_a_broken_gzip_only_the_received_bytes_have_a_digest() {
    let (text, whole) = (b"`2024-01-16".repeat(1000), packed(&b"`2024-01-16".repeat(1000)));
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let followed = [&whole[..], b"</html>"].concat();
    for broken in [&whole[..whole.len() - 1], &whole[..12], &whole[..2], &changed, &followed] {
        assert!(!is_right(broken, &sha(&text), 1) && !is_right(broken, &sha(&text), 4096), "{} bytes", broken.len());
        assert!(is_right(broken, &sha(broken), 3));
    }
}
