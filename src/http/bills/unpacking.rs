//! gzip, unpacked as it comes: of a file that came as plain text and is kept packed.

use std::io::{self, Write};

use axum::body::Bytes;
use flate2::write::GzDecoder;

/// Packed bytes that are unpacked at once. A byte makes a thousand at most, so what is unpacked at once is bounded too.
const BITE: usize = 1024;

/// What is not unpacked yet.
pub struct Unpacking(GzDecoder<Vec<u8>>);

impl Default for Unpacking {
    fn default() -> Self {
        Self(GzDecoder::new(Vec::new()))
    }
}

impl Unpacking {
    /// Takes bytes off the beginning of what is packed, and gives what they make, if they make anything.
    ///
    /// # Errors
    /// It is no gzip, or was damaged.
    pub fn piece(&mut self, packed: &mut Bytes) -> io::Result<Option<Bytes>> {
        while !packed.is_empty() {
            self.0.write_all(&packed.split_to(BITE.min(packed.len())))?;
            self.0.flush()?;
            let text = std::mem::take(self.0.get_mut());
            if !text.is_empty() {
                return Ok(Some(text.into()));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packing = GzEncoder::new(Vec::new(), Compression::default());
        packing.write_all(text).unwrap();
        packing.finish().unwrap()
    }

    fn unpacked(parts: &[&[u8]]) -> io::Result<Vec<Bytes>> {
        let (mut unpacking, mut pieces) = (Unpacking::default(), Vec::new());
        for part in parts {
            let mut part = Bytes::copy_from_slice(part);
            while let Some(piece) = unpacking.piece(&mut part)? {
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    #[test]
    fn what_was_packed_comes_back_wherever_it_was_cut() {
        let text: Vec<u8> = (0..20_000u32).flat_map(|number| format!("`{number},").into_bytes()).collect();
        let packed = packed(&text);
        for cut in [0, 1, 9, 10, 11, 5000, packed.len() - 1, packed.len()] {
            assert_eq!(unpacked(&[&packed[..cut], &packed[cut..]]).unwrap().concat(), text, "{cut}");
        }
        assert!(unpacked(&[&self::packed(b"")]).unwrap().is_empty());
    }

    #[test]
    fn a_piece_is_small_whatever_it_was_packed_from() {
        let packed = packed(&vec![b'0'; 64 << 20]);
        let pieces = unpacked(&[&packed]).unwrap();
        assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), 64 << 20);
        assert!(pieces.iter().all(|piece| piece.len() <= 2 << 20), "{:?}", pieces.iter().map(Bytes::len).max());
    }

    #[test]
    fn what_is_damaged_is_no_text() {
        let mut damaged = packed(b"bill");
        damaged[0] = 0;
        assert!(unpacked(&[&damaged]).is_err());
    }
}
