//! The kinds of bills.

/// Which of a day's two bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BillKind {
    /// The trade bill (交易账单): a row for each payment and each refund.
    Trade,
    /// The fund flow (资金账单): a row for each movement of the merchant's account.
    FundFlow,
}

impl BillKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Trade, Self::FundFlow];

    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::FundFlow => "fund_flow",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
