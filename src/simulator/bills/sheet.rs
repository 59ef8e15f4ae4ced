//! A file of either kind before it is text, its text, and its gzip.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

/// The names of the columns, the rows, and the sums with their names.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
    pub sums: Vec<(&'static str, String)>,
}

impl Sheet {
    /// Byte order mark, names with commas between them, values with a back-tick before each, CRLF behind each line.
    pub fn text(&self) -> String {
        let mut text = String::from('\u{feff}');
        let mut line = |cells: &mut dyn Iterator<Item = &str>, mark: &str| {
            for (at, cell) in cells.enumerate() {
                for piece in [if at > 0 { "," } else { "" }, mark, cell] {
                    text.push_str(piece);
                }
            }
            text.push_str("\r\n");
        };
        line(&mut self.header.iter().map(String::as_str), "");
        for row in &self.rows {
            line(&mut row.iter().map(String::as_str), "`");
        }
        line(&mut self.sums.iter().map(|(name, _)| *name), "");
        line(&mut self.sums.iter().map(|(_, sum)| sum.as_str()), "`");
        text
    }
}

/// What a merchant has written, with its line ends spelt out. All else stays: commas, quotes, even what separates cells.
pub fn in_one_line(text: &str) -> String {
    text.replace('\r', "\\r").replace('\n', "\\n")
}

/// A gzip as WeChat makes it, with the name of a file in it.
///
/// # Errors
/// None: it is written into memory.
pub fn packed(text: &[u8], name: &str) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().filename(name).write(Vec::new(), Compression::default());
    gzip.write_all(text)?;
    gzip.finish()
}
