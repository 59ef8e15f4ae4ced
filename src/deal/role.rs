//! What a user of the console may do.

use std::fmt;
use std::str::FromStr;

/// What a user of the console may do. Each may all that the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look.
    Viewer,
    /// Act: give money back, close orders, have WeChat asked, have events posted again, answer alarms, explain differences.
    Operator,
    /// See who did what, and let endpoints that said no more be delivered to again.
    Admin,
}

/// The text is none of the three words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("viewer, operator or admin")]
pub struct InvalidRole;

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word in the configuration and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it may change anything.
    pub fn may_act(self) -> bool {
        self >= Self::Operator
    }

    /// Whether it may see who did what.
    pub fn is_admin(self) -> bool {
        self == Self::Admin
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(word: &str) -> Result<Self, InvalidRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or(InvalidRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_more_may_all_that_others_may() {
        let may = Role::ALL.map(|role| (role.may_act(), role.is_admin()));
        assert_eq!(may, [(false, false), (true, false), (true, true)]);
        assert!(Role::ALL.into_iter().all(|role| role.as_str().parse() == Ok(role)));
        assert_eq!("Admin".parse::<Role>(), Err(InvalidRole));
    }
}
