//! The addresses to listen on: free, or served by this service already.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpSocket;

use crate::app::reachable;

use super::words::port as words;
use super::{Check, Doctor, Finding};

const CHECK: Check = Check::Port;

impl Doctor {
    pub(super) async fn port(&self) -> Vec<Finding> {
        let listen = self.settings.server.listen;
        let error = match bind(listen) {
            Ok(()) => return self.nothing_runs(),
            Err(error) => error,
        };
        vec![match error.kind() {
            ErrorKind::AddrInUse => self.is_it_ours().await,
            ErrorKind::AddrNotAvailable => Finding::fail(CHECK, words::not_of_this_machine(listen)),
            ErrorKind::PermissionDenied => Finding::fail(CHECK, words::forbidden(listen)),
            _ => Finding::fail(CHECK, words::failing(listen, &error)),
        }]
    }

    /// Of a service that would start: with a simulator, it needs another port.
    fn nothing_runs(&self) -> Vec<Finding> {
        let simulator = self.settings.simulator.listen;
        let mut findings = vec![Finding::ok(CHECK, words::free(self.settings.server.listen))];
        if self.settings.is_simulated()
            && let Err(error) = bind(simulator)
            && error.kind() == ErrorKind::AddrInUse
        {
            findings.push(Finding::fail(CHECK, words::simulators_is_taken(simulator)));
        }
        findings
    }

    async fn is_it_ours(&self) -> Finding {
        let listen = self.settings.server.listen;
        match self.question_here(reachable(listen)).await.and_then(|service| service.answer) {
            Some(answer) => Finding::ok(CHECK, words::ours(listen, &answer.instance)),
            None => Finding::fail(CHECK, words::strangers(listen)),
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
