//! However long a file is, one line of it is held. (What all of it costs is counted in tests/memory.)

use std::io::BufReader;

use super::*;

const MIB: u64 = 1 << 20;

/// The same bytes again and again.
struct Repeated {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.bytes[self.at..]).read(buffer)?;
        self.at = (self.at + read) % self.bytes.len();
        Ok(read)
    }
}

#[test]
fn two_hundred_mebibytes_pass_through_some_kilobytes() {
    let line = format!("`{}\r\n", "x".repeat(500)).into_bytes();
    let length = line.len() as u64;
    let many = Repeated { bytes: line, at: 0 }.take(100 * MIB / length * length);
    // And one that never ends.
    let endless = io::repeat(b'x').take(100 * MIB);
    let mut lines = Lines::of(BufReader::new(many.chain(endless)));
    let (mut count, mut too_long) = (0, 0);
    while let Some(line) = lines.next_line().unwrap() {
        count += 1;
        too_long += u64::from(line.text.is_none());
        assert_eq!(line.number, count);
    }
    assert_eq!((count, too_long), (100 * MIB / length + 1, 1));
    assert!(lines.line.capacity() <= 2 * LONGEST, "{}", lines.line.capacity());
}

#[test]
fn a_line_is_bounded_with_its_end() {
    let text = |length: usize| format!("{}\nnext", "x".repeat(length));
    for (length, is_read) in [(LONGEST - 1, true), (LONGEST, false), (LONGEST + 1, false), (3 * LONGEST, false)] {
        let text = text(length);
        let mut lines = Lines::of(text.as_bytes());
        let line = lines.next_line().unwrap().unwrap();
        assert_eq!(line.text.map(|text| text.len()), is_read.then_some(length));
        let next = lines.next_line().unwrap().unwrap();
        assert_eq!((next.number, next.text.as_deref()), (2, Some("next")));
        assert!(lines.next_line().unwrap().is_none());
    }
}

#[test]
fn empty_lines_are_counted_and_no_lines() {
    let mut lines = Lines::of("\u{feff}\r\n\n a\r\n\r\n\u{feff}b\r".as_bytes());
    let mut read = Vec::new();
    while let Some(line) = lines.next_line().unwrap() {
        read.push((line.number, line.text.unwrap().into_owned()));
    }
    assert_eq!(read, [(3, " a".to_owned()), (5, "\u{feff}b".to_owned())], "a mark stands at the start only");
}
