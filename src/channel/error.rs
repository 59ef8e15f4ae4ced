//! What a call that did not succeed tells about the world (PROTOCOL.md, 4.1).

use super::wechat::v2::SignatureError;
use super::wechat::v2::xml::XmlError;

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
    Xml(#[from] XmlError),
    /// Not signed by WeChat.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// Signed, but about somebody else: another appid, merchant or order.
    #[error("the reply has a foreign {0}")]
    Foreign(&'static str),
    /// Signed, but a field that the protocol promises is missing or not of its form.
    #[error("the reply has no valid {0}")]
    Incomplete(&'static str),
    /// `SYSTEMERROR`, signed or in its unsigned shape (PROTOCOL.md, fact 11).
    #[error("SYSTEMERROR")]
    SystemError,
}

/// WeChat's no, in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `err_code` of a signed business failure; `None` for a protocol failure (`return_code` FAIL), which is never signed.
    pub err_code: Option<String>,
    /// `err_code_des`, or `return_msg` of a protocol failure.
    pub description: String,
}

impl Refusal {
    /// Whether it is this business failure.
    pub fn is(&self, err_code: &str) -> bool {
        self.err_code.as_deref() == Some(err_code)
    }

    /// Whether it says that our signature is not one. Nothing was executed then.
    pub fn is_of_our_signature(&self) -> bool {
        self.is("SIGNERROR") || (self.err_code.is_none() && self.description.contains("签名错误"))
    }

    /// Whether it says that the order number was used before with other parameters.
    pub fn number_is_taken(&self) -> bool {
        self.is("OUT_TRADE_NO_USED") || (self.is("INVALID_REQUEST") && self.description.contains("商户订单号重复"))
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
