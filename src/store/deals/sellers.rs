//! Membership of a deal's seller in a set of sellers, as a condition: the set is bound as one text.

use crate::deal::Sellers;

/// The ranges, as JSON.
pub fn set(sellers: &Sellers) -> String {
    let ranges: Vec<_> = sellers.ranges().iter().map(|range| format!("[{},{}]", range.start(), range.end())).collect();
    format!("[{}]", ranges.join(","))
}

/// Whether a row's `merchant_id` is in the [`set`] that is bound to the condition's `?`.
pub fn is_in_set(is_mysql: bool) -> &'static str {
    if is_mysql {
        "EXISTS (SELECT 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (lowest BIGINT PATH '$[0]', highest BIGINT PATH '$[1]')) reached \
         WHERE merchant_id BETWEEN reached.lowest AND reached.highest)"
    } else {
        "EXISTS (SELECT 1 FROM json_each(?) reached \
         WHERE merchant_id BETWEEN json_extract(reached.value, '$[0]') AND json_extract(reached.value, '$[1]'))"
    }
}
