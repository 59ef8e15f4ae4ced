//! Index hints, for where an optimizer left to itself would read more of a table than it must.

/// The primary key, as MySQL calls its index. SQLite has none of a name.
pub const PRIMARY_KEY: &str = "PRIMARY";

/// What stands behind a table's name to have it read by this index.
pub fn by_index(index: &str, is_mysql: bool) -> String {
    match (is_mysql, index) {
        (true, _) => format!("FORCE INDEX ({index})"),
        (false, PRIMARY_KEY) => String::new(),
        (false, _) => format!("INDEXED BY {index}"),
    }
}
