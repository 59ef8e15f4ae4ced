//! Scopes, as OAuth 2.0 has them: what the holder of a key may do.

use std::fmt;
use std::str::FromStr;

/// One thing that a key may be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// To open deals, where `auth.mode` is `api_key`.
    Pay,
    /// To give money back.
    Refund,
    /// To read what the merchant alone may know: amounts, transactions, books.
    Read,
    /// To do what an operator does: to explain a difference in the books.
    Manage,
}

/// What one key is good for: at least one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// The text is no list of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one or more of pay, refund, read and manage, separated by commas, each once")]
pub struct InvalidScopes;

impl Scope {
    const ALL: [Self; 4] = [Self::Pay, Self::Refund, Self::Read, Self::Manage];

    /// Its word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Refund => "refund",
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }
}

impl Scopes {
    /// All of them.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Whether this is among them.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        Self(vec![scope])
    }
}

impl FromStr for Scopes {
    type Err = InvalidScopes;

    fn from_str(text: &str) -> Result<Self, InvalidScopes> {
        let scope = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(InvalidScopes);
        let mut scopes = text.split(',').map(|word| scope(word.trim())).collect::<Result<Vec<_>, _>>()?;
        let written = scopes.len();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.len() == written { Ok(Self(scopes)) } else { Err(InvalidScopes) }
    }
}

/// As it can be read again.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_each_once() {
        let scopes: Scopes = "read, pay".parse().unwrap();
        assert!(scopes.contains(Scope::Pay) && scopes.contains(Scope::Read) && !scopes.contains(Scope::Refund));
        assert_eq!(scopes.to_string(), "pay,read");
        assert_eq!("pay,refund,read,manage".parse(), Ok(Scopes::all()));
        for text in ["", ",", "pay,", "Pay", "pay,pay", "all", "*", "pay refund"] {
            assert_eq!(text.parse::<Scopes>(), Err(InvalidScopes), "{text:?}");
        }
    }
}
