//! Ports for servers that cannot tell which one they got.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use wechat_pay::chance::Chance;

/// A free port below those that the system gives to outgoing connections, so that it is free again after a kill too.
pub fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| 10_000 + u16::try_from(Chance::System.draw() % 20_000).unwrap()).take(1_000);
    ports.find(|port| TcpListener::bind(local(*port)).is_ok()).expect("a free port")
}

/// The same with its address.
pub fn free_address() -> SocketAddr {
    local(free_port())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
