//! Membership of a deal's account in a set of accounts, as a condition: the set is bound as one text.

use crate::deal::AccountId;

/// The account of a row, as [`AccountId::as_str`] names it.
pub const ACCOUNT: &str = "COALESCE(account, 'default')";

/// Names of accounts, separated by commas; in hexadecimal, for another program may have written a name that has one in it.
pub fn set<'a>(accounts: impl IntoIterator<Item = &'a AccountId>) -> String {
    // As the function HEX of both engines writes it.
    let hex = |name: &str| name.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
    accounts.into_iter().map(|account| hex(account.as_str())).collect::<Vec<_>>().join(",")
}

/// Whether a row's account is in the [`set`] that is bound to the condition's `?`.
pub fn is_in_set(is_mysql: bool) -> String {
    is_one_in_set(is_mysql, ACCOUNT)
}

/// The same of a row of another table, by this expression for its account.
pub fn is_one_in_set(is_mysql: bool, account: &str) -> String {
    if is_mysql {
        format!("FIND_IN_SET(HEX({account}), ?) > 0")
    } else {
        format!("INSTR(',' || ? || ',', ',' || HEX({account}) || ',') > 0")
    }
}
