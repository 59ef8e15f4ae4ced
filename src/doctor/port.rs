//! The address to listen on: free, or served by this service already.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpSocket;

use crate::app::reachable;

use super::{Doctor, Finding};

const CHECK: &str = "port";

impl Doctor {
    pub(super) async fn port(&self) -> Vec<Finding> {
        let mut findings = vec![self.listen().await];
        if self.settings.wechat.is_none()
            && let Err(error) = bind(self.settings.simulator.listen)
            && error.kind() == ErrorKind::AddrInUse
            && findings.iter().any(|finding| finding.found.contains("is free"))
        {
            let found = format!("{}, for the simulator, is taken", self.settings.simulator.listen);
            findings.push(Finding::fail(CHECK, found, "set simulator.listen, or stop who listens there"));
        }
        findings
    }

    async fn listen(&self) -> Finding {
        let listen = self.settings.server.listen;
        let error = match bind(listen) {
            Ok(()) => return Finding::ok(CHECK, format!("{listen} is free: no service is running here")),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::AddrInUse => {}
            ErrorKind::AddrNotAvailable => {
                return Finding::fail(CHECK, format!("{listen} is no address of this machine"), "check server.listen");
            }
            ErrorKind::PermissionDenied => {
                return Finding::fail(CHECK, format!("{listen} may not be listened on"), "take a port above 1023, behind a proxy");
            }
            _ => return Finding::fail(CHECK, format!("{listen}: {error}"), "check server.listen"),
        }
        let signer = self.settings.wechat.as_ref().map_or(&self.settings.simulator.merchant.signer, |wechat| &wechat.merchant.signer);
        match self.question_here(reachable(listen), signer).await.and_then(|service| service.answer) {
            Some(answer) => Finding::ok(CHECK, format!("{listen} is served by this service, instance {}", answer.instance)),
            None => Finding::fail(
                CHECK,
                format!("{listen} is taken by something that is not this service with this API key"),
                "find out who listens there (ss -ltnp); a service that was started with another key must be restarted",
            ),
        }
    }
}

/// As the service would; given back at once.
fn bind(address: SocketAddr) -> std::io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1).map(|_| ())
}
