//! User accounts of the simulated WeChat: three payers, and a visitor whom the login does not know (快照页). An openid is one
//! payer's in one appid: derived, so that a restart gives the same.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A user of the simulated WeChat, by a number from 1 to 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Payer {
    /// Pays where nobody says who does.
    #[default]
    First,
    /// Another.
    Second,
    /// And another.
    Third,
    /// Looks at pages without having agreed to show who they are: the login tells an openid that is not theirs.
    SnapshotVisitor,
}

impl Payer {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::First, Self::Second, Self::Third, Self::SnapshotVisitor];

    /// The number: 1 to 4.
    pub fn number(self) -> u8 {
        self.into()
    }

    /// The name, in Chinese and in English.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::First => ("小林", "Lin"),
            Self::Second => ("老王", "Wang"),
            Self::Third => ("安娜", "Anna"),
            Self::SnapshotVisitor => ("快照页访客", "A visitor of the snapshot page"),
        }
    }

    /// The payer's openid in an appid: 28 letters, digits and `_-`.
    pub fn openid(self, appid: &str) -> String {
        openid(appid, &self.number().to_string())
    }

    /// The openid that the login tells: the payer's own, or one of a virtual account (`is_snapshotuser`).
    pub fn login_openid(self, appid: &str) -> String {
        if self.is_snapshot() { openid(appid, "virtual") } else { self.openid(appid) }
    }

    /// Whether the login tells the openid of a virtual account.
    pub fn is_snapshot(self) -> bool {
        self == Self::SnapshotVisitor
    }

    /// Whether an openid is of this appid, as far as it was given out here.
    pub(super) fn knows(openid: &str, appid: &str) -> bool {
        // Cheap for those that tests invent.
        openid.starts_with(BEGINNING) && Self::ALL.iter().any(|payer| payer.openid(appid) == openid || payer.login_openid(appid) == openid)
    }
}

/// How all openids begin; logs are searched for it.
const BEGINNING: &str = "oSIMULATED";

fn openid(appid: &str, of: &str) -> String {
    let derived = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{appid}/{of}")));
    format!("{BEGINNING}{}", derived.chars().take(18).collect::<String>())
}

impl TryFrom<u8> for Payer {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        Self::ALL.into_iter().find(|payer| payer.number() == number).ok_or_else(|| format!("there is no payer {number}"))
    }
}

impl From<Payer> for u8 {
    fn from(payer: Payer) -> Self {
        match payer {
            Payer::First => 1,
            Payer::Second => 2,
            Payer::Third => 3,
            Payer::SnapshotVisitor => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_openid_is_one_payer_s_in_one_appid() {
        let appids = ["wx0000000000000001", "wx0000000000000002"];
        let all = appids.iter().flat_map(|appid| Payer::ALL.map(|payer| [payer.openid(appid), payer.login_openid(appid)])).flatten();
        let distinct: HashSet<_> = all.collect();
        // Two for the visitor, one for each of the others.
        assert_eq!(distinct.len(), 2 * 5);
        for openid in distinct {
            assert_eq!(openid.len(), 28);
            assert!(openid.starts_with('o') && openid.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{openid}");
            assert!(Payer::knows(&openid, appids[0]) != Payer::knows(&openid, appids[1]), "{openid}");
        }
    }

    #[test]
    fn a_payer_is_a_number() {
        assert_eq!(serde_json::to_string(&Payer::ALL).unwrap(), "[1,2,3,4]");
        assert_eq!(serde_json::from_str::<Vec<Payer>>("[1,2,3,4]").unwrap(), Payer::ALL);
        assert!(serde_json::from_str::<Payer>("5").is_err());
    }
}
