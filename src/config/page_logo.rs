//! The merchant's picture on the payer's page: a small file, read once at start and carried in the page itself (a data URI).

use std::fs::File;
use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::language::{Text, pair, text};

/// Bytes of the file. The page carries it in each answer, a third longer.
const LARGEST: usize = 16 * 1024;

/// A picture as a browser takes it without asking for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    data_uri: String,
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({} bytes)", self.data_uri.len())
    }
}

impl Logo {
    /// `data:image/…;base64,…`
    pub fn data_uri(&self) -> &str {
        &self.data_uri
    }

    /// Reads the file, or says what is wrong with it.
    pub(super) fn read(path: &str) -> Result<Self, Text> {
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let size = file.metadata().map_or(0, |known| known.len());
        let mut bytes = Vec::new();
        // One byte more than it may have tells that it has too many, however long it is.
        file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() > LARGEST {
            return Err(text(
                format!("a picture of at most 16 KiB ({LARGEST} bytes); this file has {size}"),
                format!("图片不能超过 16 KiB（{LARGEST} 字节），这个文件有 {size} 字节"),
            ));
        }
        let kind = kind_of(&bytes).ok_or_else(|| pair("a PNG, JPEG, WebP or SVG picture", "应为 PNG、JPEG、WebP 或 SVG 图片"))?;
        Ok(Self { data_uri: format!("data:{kind};base64,{}", STANDARD.encode(&bytes)) })
    }
}

/// What stands in the configuration is repeated in no refusal, so it says what is wrong with the path.
fn unreadable(error: &io::Error) -> Text {
    match error.kind() {
        io::ErrorKind::NotFound => pair("a file that can be read; at this path there is none", "应为可以读取的文件；这个路径没有文件"),
        io::ErrorKind::PermissionDenied => {
            pair("a file that can be read; this service may not read it", "应为可以读取的文件；本服务没有读取它的权限")
        }
        _ => pair("a file that can be read", "应为可以读取的文件"),
    }
}

/// By what the file begins with; its name may say anything. No script of an SVG runs: the page shows it as a picture.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => {
            let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
            let is_svg = text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"));
            is_svg.then_some("image/svg+xml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_first_bytes() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"\xef\xbb\xbf <svg xmlns=\"x\"/>", Some("image/svg+xml")),
            (b"<?xml version=\"1.0\"?>\n<svg/>", Some("image/svg+xml")),
            (b"<?xml version=\"1.0\"?>\n<html/>", None),
            (b"<!doctype html><svg/>", None),
            (b"GIF89a", None),
            (b"RIFF\x10\0\0\0AVI ", None),
            (b"\xff\xfe", None),
            (b"", None),
        ] {
            assert_eq!(kind_of(bytes), kind, "{bytes:?}");
        }
    }
}
