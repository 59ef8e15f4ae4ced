//! Errors of a channel: what a call that did not succeed tells about the world (for WeChat: PROTOCOL.md, 4.1).

/// A call to WeChat that brought no answer to the question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection (name, TCP or TLS): the request was surely not sent. Another try is safe.
    #[error("WeChat cannot be reached")]
    Unreachable,
    /// As many calls are under way as we allow ourselves: not sent.
    #[error("too many calls to WeChat are under way")]
    Busy,
    /// WeChat asks for patience (`频率限制`, `FREQUENCY_LIMITED`, HTTP 429): not executed. Another try later is safe.
    #[error("WeChat limits the rate of calls")]
    RateLimited,
    /// The request may have been executed or not; nothing of the reply may be believed.
    /// Only an identical request or a query can tell.
    #[error("the outcome at WeChat is unknown: {0}")]
    Unknown(#[from] Doubt),
    /// WeChat has answered no. Another try with the same request will not change that.
    #[error("WeChat refused: {0}")]
    Refused(Refusal),
}

impl CallError {
    /// Whether the identical request, sent again in a moment, may be answered.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::RateLimited => true,
            // A host that cannot be reached has cost its time already, as has one that did not answer in time.
            Self::Unreachable | Self::Busy | Self::Refused(_) => false,
            Self::Unknown(doubt) => *doubt != Doubt::Timeout,
        }
    }
}

/// Why an outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No complete reply in time.
    #[error("no reply in time")]
    Timeout,
    /// The connection broke after the request had been sent, or while it was.
    #[error("the connection broke")]
    Broken,
    /// A status other than 200, redirects included.
    #[error("HTTP status {0}")]
    Status(u16),
    /// Not a message of the protocol (an HTML page, say).
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// Not signed by WeChat.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// Signed, but about another appid, merchant or order.
    #[error("the reply has a foreign {0}")]
    Foreign(&'static str),
    /// Signed, but a field that the protocol promises is missing or not of its form.
    #[error("the reply has no valid {0}")]
    Incomplete(&'static str),
    /// `SYSTEMERROR`, signed or in its unsigned shape (PROTOCOL.md, fact 11).
    #[error("SYSTEMERROR")]
    SystemError,
    /// `BIZERR_NEED_RETRY`: a request met another one of the same refund, and the identical one is to be sent again.
    #[error("BIZERR_NEED_RETRY")]
    NeedRetry,
}

/// Why bytes are no message of a channel's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Longer than a message may be.
    #[error("the message is too large")]
    TooLarge,
    /// Not of the protocol's form, in fixed words: nothing of the message is ever echoed.
    #[error("{0}")]
    Form(&'static str),
}

/// Why a message is not believed to be the channel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature, or an empty one.
    #[error("the message is not signed")]
    Missing,
    /// It is not the one that our key and algorithm give.
    #[error("the signature is wrong")]
    Wrong,
}

/// WeChat's no, in its words, and what is to be concluded from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub ground: Ground,
    /// The error code of a signed refusal; `None` where the request was turned away before it was looked at, which is not signed.
    pub err_code: Option<String>,
    /// WeChat's sentence for people.
    pub description: String,
}

/// What a refusal means for the order that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The order number was used before with other parameters.
    NumberTaken,
    /// The order is paid or closed already. Only a query proves which.
    Decided,
    /// Our signature is not taken for one. Nothing was executed.
    OurSignature,
    /// Anything else.
    Other,
}

impl Refusal {
    /// A refusal that was stored as text when it was given.
    pub fn stored(description: String) -> Self {
        Self { ground: Ground::Other, err_code: None, description }
    }

    /// Whether it has this error code.
    pub fn is(&self, err_code: &str) -> bool {
        self.err_code.as_deref() == Some(err_code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.err_code {
            Some(code) => write!(f, "{code}: {}", self.description),
            None => f.write_str(&self.description),
        }
    }
}
