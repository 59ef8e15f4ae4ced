//! The SHA-1 of a file while it passes by. Whether WeChat means the gzip or the text in it is not documented, so both are made, and either is
//! right. It tells a file that was damaged on its way, and proves nothing: who can change the file can change the header.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use sha1::{Digest, Sha1};

pub(super) struct ContentDigest {
    /// As the header has it.
    expected: String,
    received: Sha1,
    /// `None`: it is no gzip, or a broken one.
    unpacked: Option<MultiGzDecoder<Hashing>>,
}

impl ContentDigest {
    /// That of a file of which nothing was taken yet.
    pub fn of(expected: String, is_packed: bool) -> Self {
        let unpacked = is_packed.then(|| MultiGzDecoder::new(Hashing(Sha1::new())));
        Self { expected, received: Sha1::new(), unpacked }
    }

    /// Takes the next bytes.
    pub fn take(&mut self, piece: &[u8]) {
        self.received.update(piece);
        if self.unpacked.as_mut().is_some_and(|unpacked| unpacked.write_all(piece).is_err()) {
            self.unpacked = None;
        }
    }

    /// Whether the file that has been taken is the one that the header means.
    pub fn agrees(self) -> bool {
        let is = |hash: Sha1| self.expected.eq_ignore_ascii_case(&hex(&hash.finalize()));
        is(self.received) || self.unpacked.and_then(|unpacked| unpacked.finish().ok()).is_some_and(|Hashing(hash)| is(hash))
    }
}

/// Keeps nothing of what it is given but its hash.
struct Hashing(Sha1);

impl Write for Hashing {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
