//! Our verdict on a deal, and how it may change.

/// What we hold of a deal. (WeChat's own word is the trade state.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DealStatus {
    /// Opened; it is not proved yet that it was paid, or that it cannot be any more.
    Unpaid,
    /// Paid, with verified evidence. Final.
    Paid,
    /// WeChat has confirmed that it cannot be paid any more.
    Expired,
}

/// A `status` column that holds something that neither we nor the original ever write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("status {0} is none of 0 (unpaid), 1 (paid), 2 (expired)")]
pub struct UnknownStatus(pub i64);

impl DealStatus {
    /// Every status there is.
    pub const ALL: [Self; 3] = [Self::Unpaid, Self::Paid, Self::Expired];

    /// The number in the `status` column.
    pub fn code(self) -> i64 {
        match self {
            Self::Unpaid => 0,
            Self::Paid => 1,
            Self::Expired => 2,
        }
    }

    /// Reads the `status` column; the original's NULL means unpaid.
    pub fn from_code(code: Option<i64>) -> Result<Self, UnknownStatus> {
        match code {
            None | Some(0) => Ok(Self::Unpaid),
            Some(1) => Ok(Self::Paid),
            Some(2) => Ok(Self::Expired),
            Some(other) => Err(UnknownStatus(other)),
        }
    }

    /// The table of lawful moves. Expired → Paid is lawful because money beats the timer; nothing leaves Paid.
    pub fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Unpaid, Self::Paid | Self::Expired) | (Self::Expired, Self::Paid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_paid_and_nothing_returns_to_unpaid() {
        use DealStatus::{Expired, Paid, Unpaid};
        let moves: Vec<_> = DealStatus::ALL
            .iter()
            .flat_map(|&from| DealStatus::ALL.map(|to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(moves, [(Unpaid, Paid), (Unpaid, Expired), (Expired, Paid)]);
    }

    #[test]
    fn codes_are_those_of_the_table() {
        for status in DealStatus::ALL {
            assert_eq!(DealStatus::from_code(Some(status.code())), Ok(status));
        }
        assert_eq!(DealStatus::from_code(None), Ok(DealStatus::Unpaid));
        assert_eq!(DealStatus::from_code(Some(127)), Err(UnknownStatus(127)));
    }
}
