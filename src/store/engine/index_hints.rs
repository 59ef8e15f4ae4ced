//! Index hints, for where an optimizer left to itself would read more of a table than it must.

/// What stands behind a table's name to have it read by this index.
pub fn by_index(index: &str, is_mysql: bool) -> String {
    if is_mysql { format!("FORCE INDEX ({index})") } else { format!("INDEXED BY {index}") }
}
