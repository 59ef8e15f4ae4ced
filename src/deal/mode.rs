//! By whom a deal is paid: the `mode` column of the original's table.

/// By whom a deal is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// WeChat: 0, and the original's NULL.
    WeChat,
    /// Alipay is 1. Such a deal is only told of, as its row says: WeChat knows nothing of it.
    Other(i64),
}

impl Mode {
    /// Reads the `mode` column.
    pub fn from_code(code: Option<i64>) -> Self {
        match code {
            None | Some(0) => Self::WeChat,
            Some(other) => Self::Other(other),
        }
    }

    /// Whether WeChat can be asked about the deal.
    pub fn is_wechat(self) -> bool {
        self == Self::WeChat
    }
}
