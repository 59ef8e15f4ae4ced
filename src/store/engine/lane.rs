//! The lanes in which statements wait. Each has connections of its own, so that none ever waits for another.

/// Where a statement waits, and for which connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Questions that a payer or a shop waits for.
    Read,
    /// Changes.
    Write,
    /// Questions of an operator or a scrape: however long they take, no payer waits behind one.
    Report,
}

/// Connections that an instance keeps to a server, for all lanes together.
pub const CONNECTIONS: usize = Lane::Read.connections(false) + Lane::Write.connections(false) + Lane::Report.connections(false);
/// Writers that changes which begin something leave to those that finish it.
const KEPT: usize = 2;

impl Lane {
    /// How many connections it has, and so workers.
    pub const fn connections(self, is_sqlite: bool) -> usize {
        match (self, is_sqlite) {
            (Self::Read, false) => 4,
            (Self::Write, false) => 8,
            (Self::Read, true) => 2,
            // SQLite has one writer.
            (Self::Write, true) | (Self::Report, _) => 1,
        }
    }

    /// How many of its workers may be at what begins something.
    pub fn beginners(self, is_sqlite: bool) -> usize {
        let connections = self.connections(is_sqlite);
        if self == Self::Write { connections.saturating_sub(KEPT).max(1) } else { connections }
    }
}
