//! The cipher of refund notifications: AES-256-ECB with PKCS#7 padding, in Base64 (PROTOCOL.md, 8). It hides and proves nothing: without
//! the key, blocks of two old messages make a third that decrypts as well.

use aes::Aes256;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::sign::Signer;

const BLOCK: usize = 16;

/// Encrypts and decrypts `req_info`.
pub struct RefundCipher(Aes256);

impl RefundCipher {
    /// The cipher of a merchant, whatever the algorithm of its signatures.
    pub fn new(signer: &Signer) -> Self {
        Self::of_key(&signer.refund_key())
    }

    fn of_key(key: &[u8; 32]) -> Self {
        Self(Aes256::new(key.into()))
    }

    /// `req_info` of a plain text.
    pub fn encrypt(&self, plain: &str) -> String {
        let mut bytes = plain.as_bytes().to_vec();
        let padding = BLOCK - bytes.len() % BLOCK;
        bytes.resize(bytes.len() + padding, u8::try_from(padding).unwrap_or_default());
        let (blocks, _) = Array::slice_as_chunks_mut(&mut bytes);
        self.0.encrypt_blocks(blocks);
        BASE64_STANDARD.encode(bytes)
    }

    /// The plain text of `req_info`; `None` if it is not of this key, or no text at all. What decrypts need not be true.
    pub fn decrypt(&self, req_info: &str) -> Option<String> {
        let joined: String = req_info.split_ascii_whitespace().collect();
        let mut bytes = BASE64_STANDARD.decode(joined).ok()?;
        let (blocks, []) = Array::slice_as_chunks_mut(&mut bytes) else { return None };
        self.0.decrypt_blocks(blocks);
        let padding = usize::from(*bytes.last()?);
        let length = bytes.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
        if bytes[length..].iter().any(|b| usize::from(*b) != padding) {
            return None;
        }
        bytes.truncate(length);
        String::from_utf8(bytes).ok()
    }
}

/// Shows nothing of the key.
impl std::fmt::Debug for RefundCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefundCipher")
    }
}

#[cfg(test)]
mod tests;
