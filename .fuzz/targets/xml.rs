//! No bytes make the parser panic, and what it reads it reads the same way after writing it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechat_pay::channel::wechat::v2::xml;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(fields) = xml::parse(bytes) {
        let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(size <= bytes.len() * 3, "the fields are a small multiple of the input");
        if fields.iter().all(|(_, value)| !value.contains('\r')) {
            assert!(xml::parse(xml::write(&fields).as_bytes()).is_ok_and(|again| again == fields));
        }
    }
});
