//! One server that can be connected to.

use std::fmt;

/// An address, or a name that means one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// As the driver takes it; an IPv6 address in brackets.
    pub name: String,
    /// Where it listens.
    pub port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}
