//! What WeChat answers to a call, as it goes out.

/// An answer. That to a question for a bill may be a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The body.
    pub body: Vec<u8>,
    /// The header `Digest`; only a fund flow has it.
    pub digest: Option<String>,
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self { body: text.into_bytes(), digest: None }
    }
}
