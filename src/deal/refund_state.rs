//! The state machine of a refund.

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefundState {
    /// Sent, or to be sent again, or on its way to the payer.
    Processing,
    /// The payer has it.
    Success,
    /// WeChat gave it up (`REFUNDCLOSE`): the amount can be given back by another refund.
    Closed,
    /// The payer's bank refused (`CHANGE`): the money is back at the merchant, who must pay it out by hand, in 商户平台 or outside.
    Abnormal,
    /// WeChat refused the request for good: nothing was given back.
    Failed,
}

impl RefundState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Processing, Self::Success, Self::Closed, Self::Abnormal, Self::Failed];

    /// The word in the table and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Abnormal => "ABNORMAL",
            Self::Failed => "FAILED",
        }
    }

    /// The same for people, in Chinese.
    pub fn description(self) -> &'static str {
        match self {
            Self::Processing => "退款处理中",
            Self::Success => "退款成功",
            Self::Closed => "退款关闭",
            Self::Abnormal => "退款异常，需人工打款",
            Self::Failed => "退款失败",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether its amount is no more to be had: given back, or on its way. WeChat counts one that the bank refused as well.
    pub fn holds_amount(self) -> bool {
        match self {
            Self::Processing | Self::Success | Self::Abnormal => true,
            Self::Closed | Self::Failed => false,
        }
    }

    /// The table of lawful moves. Two ends are not the last word: a request that was taken for refused may have been accepted, and what
    /// the bank refused arrives after all once the merchant has paid it out in 商户平台.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Processing => next != Self::Processing,
            Self::Failed => matches!(next, Self::Processing | Self::Success | Self::Abnormal),
            Self::Abnormal => next == Self::Success,
            Self::Success | Self::Closed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_or_was_closed_is_final_and_what_the_bank_refused_may_still_arrive() {
        use RefundState::{Abnormal, Closed, Failed, Processing, Success};
        let all = RefundState::ALL;
        let moves: Vec<_> = all.iter().flat_map(|&from| all.map(|to| (from, to))).filter(|(from, to)| from.may_become(*to)).collect();
        let of_one_under_way = [Success, Closed, Abnormal, Failed].map(|to| (Processing, to));
        let of_one_refused = [Processing, Success, Abnormal].map(|to| (Failed, to));
        assert_eq!(moves, [&of_one_under_way[..], &[(Abnormal, Success)], &of_one_refused].concat());
    }

    #[test]
    fn only_what_was_not_given_back_can_be_given_back_again() {
        let free: Vec<_> = RefundState::ALL.into_iter().filter(|state| !state.holds_amount()).collect();
        assert_eq!(free, [RefundState::Closed, RefundState::Failed]);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for state in RefundState::ALL {
            assert_eq!(RefundState::from_word(state.as_str()), Some(state));
        }
        assert_eq!(RefundState::from_word("success"), None);
    }
}
