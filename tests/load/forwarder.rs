//! The door for WeChat's notifications: connections go to the instances in turn, as a proxy would send them. One that
//! meets a killed instance is closed, and the notification comes again.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub struct Forwarder {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Forwarder {
    pub async fn start(instances: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            for instance in instances.into_iter().cycle() {
                let Ok((mut outside, _)) = listener.accept().await else { return };
                tokio::spawn(async move {
                    if let Ok(mut inside) = TcpStream::connect(instance).await {
                        let _ = copy_bidirectional(&mut outside, &mut inside).await;
                    }
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
