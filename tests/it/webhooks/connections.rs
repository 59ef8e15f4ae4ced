//! The connections to an endpoint: when they are used again, what ends them, and TLS.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use wechat_pay::simulator::Certificates;
use wechat_pay::webhook::{Answer, Unanswered};

use super::client::{BROKEN, Client, TLS, post};

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const TOO_SLOW: Answer = Answer::Unanswered(Unanswered::TooSlow);

/// A listener on loopback that has each connection served, with its number from one on.
async fn serve<F: Future<Output = ()> + Send + 'static>(
    server: impl Fn(TcpStream, usize) -> F + Send + 'static,
) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(server(stream, counted.fetch_add(1, Ordering::Relaxed) + 1));
        }
    });
    (port, count)
}

/// Reads a request; `None`: there is none any more.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<()> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}}}") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(())
}

/// Takes whatever comes, for as long as the client likes.
async fn take_all(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    while request(&mut stream).await.is_some() && stream.write_all(TAKEN).await.is_ok() {}
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (port, count) = serve(|stream, _| take_all(stream)).await;
    let endpoint = Client::default().endpoint(format!("http://127.0.0.1:{port}/"));
    for _ in 0..5 {
        assert_eq!(post(&endpoint).await, Answer::Taken(200));
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

/// The endpoint is a thread of its own, and the client's sleeps while it hangs up: so the client finds out with the message in hand.
#[tokio::test]
async fn a_connection_that_the_endpoint_has_closed_costs_no_try() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Client::default().endpoint(format!("http://{}/", listener.local_addr().unwrap()));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"}}}") && Read::take(&mut stream, 1).read_to_end(&mut bytes).unwrap() == 1 {}
            stream.write_all(TAKEN).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for _ in 0..5 {
        assert_eq!(post(&endpoint).await, Answer::Taken(200));
        // Until the connection is with the idle ones.
        tokio::time::sleep(Duration::from_millis(10)).await;
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn what_an_endpoint_may_have_is_not_sent_again_at_once() {
    let (port, count) = serve(|mut stream, number| async move {
        request(&mut stream).await;
        if number == 1 && stream.write_all(TAKEN).await.is_ok() {
            request(&mut stream).await;
        }
    })
    .await;
    let endpoint = Client::default().endpoint(format!("http://127.0.0.1:{port}/"));
    assert_eq!(post(&endpoint).await, Answer::Taken(200));
    assert_eq!(post(&endpoint).await, BROKEN, "it has read the message, and then hung up");
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_endless_answer_is_left_after_the_first_kib() {
    for status in [200, 500] {
        let (left, mut is_left) = tokio::sync::mpsc::channel(1);
        let (port, _) = serve(move |mut stream, _| {
            let left = left.clone();
            async move {
                request(&mut stream).await;
                let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                let mut sent = 0_usize;
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {
                    sent += 4096;
                }
                let _ = left.send(sent).await;
            }
        })
        .await;
        let answer = post(&Client::default().endpoint(format!("http://127.0.0.1:{port}/"))).await;
        match answer {
            Answer::Taken(200) => {}
            Answer::Refused { status: 500, words, .. } => assert_eq!(words, "x".repeat(1024)),
            other => panic!("{other:?}"),
        }
        let sent = tokio::time::timeout(Duration::from_secs(10), is_left.recv()).await.expect("it is hung up on").unwrap();
        assert!(sent < 64 << 20, "{sent}");
    }
}

/// What is made of an endpoint that says so much and then no more, and how many seconds that takes.
async fn heard_so_far(words: &'static str) -> (Answer, u64) {
    let (port, _) = serve(move |mut stream, _| async move {
        request(&mut stream).await;
        let _ = stream.write_all(words.as_bytes()).await;
        std::future::pending().await
    })
    .await;
    let begun = Instant::now();
    (post(&Client::default().endpoint(format!("http://127.0.0.1:{port}/"))).await, begun.elapsed().as_secs())
}

#[tokio::test]
async fn an_endpoint_is_waited_for_15_s_and_a_status_counts_by_itself() {
    let (silent, slow, cut) = tokio::join!(
        heard_so_far(""),
        heard_so_far("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"),
        heard_so_far("HTTP/1.1 500 X\r\ncontent-length: 100\r\n\r\nsold"),
    );
    for (answer, seconds) in [&silent, &slow, &cut] {
        assert!((15..18).contains(seconds), "{answer:?} after {seconds} s");
    }
    assert_eq!((silent.0, slow.0), (TOO_SLOW, TOO_SLOW));
    assert_eq!(cut.0, Answer::Refused { status: 500, words: "sold".to_owned(), retry_after: None });
}

#[tokio::test]
async fn a_message_that_is_taken_does_not_wait_for_the_body() {
    let (port, _) = serve(|mut stream, _| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await;
        std::future::pending().await
    })
    .await;
    let begun = Instant::now();
    assert_eq!(post(&Client::default().endpoint(format!("http://127.0.0.1:{port}/"))).await, Answer::Taken(200));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// A server's side of TLS with a certificate for this machine, and the authority that has issued it.
fn acceptor() -> (TlsAcceptor, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    Certificates::in_folder(folder.path(), []).unwrap();
    let file = |name| folder.path().join(name);
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config =
        config.with_safe_default_protocol_versions().unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), std::fs::read(file("ca.pem")).unwrap())
}

/// An endpoint that takes all, and the authority that vouches for it.
async fn serve_tls() -> (u16, Vec<u8>) {
    let (acceptor, authority) = acceptor();
    let serve_one = move |stream, _| {
        let accepting = acceptor.accept(stream);
        async move {
            if let Ok(stream) = accepting.await {
                take_all(stream).await;
            }
        }
    };
    (serve(serve_one).await.0, authority)
}

#[tokio::test]
async fn a_host_is_believed_if_an_authority_vouches_for_it() {
    let (port, authority) = serve_tls().await;
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}/");
        let known = Client::trusting(&authority).endpoint(&url);
        assert_eq!((post(&known).await, post(&known).await), (Answer::Taken(200), Answer::Taken(200)), "{host}");
        assert_eq!(known.sender.reach(&known.url).await, Ok(()));
        let unknown = Client::default().endpoint(&url);
        assert_eq!((post(&unknown).await, unknown.sender.reach(&unknown.url).await), (TLS, Err(Unanswered::Tls)), "{host}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_worth_nothing() {
    let (port, authority) = serve_tls().await;
    let url = format!("https://127.0.0.2:{port}/");
    let listener = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let mut to = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
        }
    });
    assert_eq!(post(&Client::trusting(&authority).endpoint(url)).await, TLS);
}

#[tokio::test]
async fn without_tls_nothing_is_said_to_an_https_endpoint() {
    let (port, _) = serve(|mut stream, _| async move {
        let mut bytes = [0; 1024];
        let _ = stream.read(&mut bytes).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    })
    .await;
    let (closed, _) = serve(|_, _| async {}).await;
    for port in [port, closed] {
        assert_eq!(post(&Client::default().endpoint(format!("https://127.0.0.1:{port}/"))).await, TLS);
    }
}

#[tokio::test]
async fn what_is_said_past_tls_is_a_failure_of_tls() {
    let (acceptor, authority) = acceptor();
    let (port, _) = serve(move |stream, _| {
        let accepting = acceptor.accept(stream);
        async move {
            let (mut stream, _) = accepting.await.unwrap().into_inner();
            let _ = stream.write_all(TAKEN).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    assert_eq!(post(&Client::trusting(&authority).endpoint(format!("https://localhost:{port}/"))).await, TLS);
}
