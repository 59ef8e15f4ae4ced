//! Limits to some deals: the keys `accounts` and `sellers` of a section.

use crate::deal::{AccountId, Reach, Sellers};
use crate::language::{pair, text};

use super::checks::{list, value};
use super::mistakes::{ConfigErrors, Mistakes};

/// The deals through these accounts, of these sellers; an empty key is no limit. `known`: the accounts that there are.
pub fn reach(section: &str, accounts: &str, sellers: &str, known: &[AccountId]) -> Result<Reach, ConfigErrors> {
    let mut mistakes = Mistakes::default();
    let is_known = |name: &str| name.parse().ok().filter(|account| known.contains(account));
    let of_accounts = list(accounts).map(is_known).collect::<Option<Vec<AccountId>>>();
    // A limit to nothing would be none.
    let of_accounts = of_accounts.filter(|limit| accounts.is_empty() || !limit.is_empty()).ok_or_else(|| {
        let why = pair("names of accounts that are configured, separated by commas", "应为已配置的账户名，逗号分隔");
        value(&format!("{section}.accounts"), why)
    });
    let of_sellers = sellers.parse::<Sellers>().map_err(|why| {
        let chinese = "应为 1 到 2147483647 的编号和区间，逗号分隔，不重复，如 12,100-199";
        value(&format!("{section}.sellers"), text(why.to_string(), chinese))
    });
    let reach = Reach {
        accounts: mistakes.take(of_accounts).filter(|accounts| !accounts.is_empty()),
        sellers: mistakes.take(of_sellers).filter(|sellers| !sellers.is_empty()),
    };
    mistakes.or_else(Some(reach))
}
