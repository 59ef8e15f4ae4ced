//! What a MySQL user may do, read from `SHOW GRANTS`.

use sqlx::Error;

use crate::store::engine::connection::MySql;

/// What serving needs, and what changing the schema needs beside it.
pub const NEEDED: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "INDEX"];

/// What some grants give on a schema.
pub struct Given<'a> {
    privileges: Vec<&'a str>,
    /// There is a role, whose privileges are not all shown.
    has_role: bool,
}

/// What these grants give on a schema.
pub fn given<'a>(grants: &'a [String], schema: &str) -> Given<'a> {
    let mut given = Given { privileges: Vec::new(), has_role: false };
    for grant in grants {
        let Some((privileges, rest)) = grant.strip_prefix("GRANT ").and_then(|grant| grant.split_once(" ON ")) else {
            given.has_role = true;
            continue;
        };
        let scope = rest.split(" TO ").next().unwrap_or_default();
        if covers(scope, schema) {
            given.privileges.extend(privileges.split(", "));
        }
    }
    given
}

impl Given<'_> {
    pub fn has(&self, privilege: &str) -> bool {
        self.privileges.iter().any(|given| *given == privilege || given.starts_with("ALL PRIVILEGES"))
    }
}

/// Whether our user has a privilege on the whole schema, as far as can be told.
pub async fn may(conn: &mut MySql, privilege: &str) -> Result<bool, Error> {
    let schema: String = sqlx::query_scalar("SELECT CAST(DATABASE() AS CHAR(64))").fetch_one(&mut *conn).await?;
    let grants: Vec<String> = sqlx::query_scalar("SHOW GRANTS").fetch_all(conn).await?;
    Ok(given(&grants, &schema).has(privilege))
}

/// Which of the needed privileges on a schema these grants do not give; `None` when that cannot be told.
pub fn missing(grants: &[String], schema: &str) -> Option<Vec<&'static str>> {
    let given = given(grants, schema);
    let missing: Vec<_> = NEEDED.into_iter().filter(|privilege| !given.has(privilege)).collect();
    if given.has_role && !missing.is_empty() { None } else { Some(missing) }
}

/// Whether a scope is everything or this schema. Its name may be a pattern, with `%` at the end as administrators write it.
fn covers(scope: &str, schema: &str) -> bool {
    if scope == "*.*" {
        return true;
    }
    let Some(name) = scope.strip_suffix(".*") else { return false };
    let name = name.trim_matches('`').replace("``", "`").replace("\\_", "_");
    match name.strip_suffix('%') {
        Some(beginning) => schema.starts_with(beginning),
        None => name == schema,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing_of(grants: &[&str]) -> Option<Vec<&'static str>> {
        missing(&grants.iter().map(|&grant| grant.to_owned()).collect::<Vec<_>>(), "my_shop")
    }

    #[test]
    fn all_is_enough_wherever_it_is_given() {
        for scope in ["*.*", "`my_shop`.*", "`my\\_shop`.*", "`my%`.*"] {
            let grant = format!("GRANT ALL PRIVILEGES ON {scope} TO `till`@`%` WITH GRANT OPTION");
            assert_eq!(missing_of(&["GRANT USAGE ON *.* TO `till`@`%`", &grant]), Some(vec![]), "{scope}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let usage = "GRANT USAGE ON *.* TO `till`@`%`";
        let serving = "GRANT SELECT, INSERT, UPDATE ON `my_shop`.* TO `till`@`%`";
        assert_eq!(missing_of(&[usage, serving]), Some(vec!["CREATE", "ALTER", "INDEX"]));
        assert_eq!(missing_of(&[usage, &serving.replace("my_shop", "other")]).unwrap().len(), NEEDED.len());
        assert_eq!(missing_of(&[usage, &serving.replace(".*", ".`deal`")]).unwrap().len(), NEEDED.len());
    }

    #[test]
    fn behind_a_role_nothing_is_known() {
        let role = "GRANT `shopkeeper` TO `till`@`%`";
        assert_eq!(missing_of(&[role]), None);
        assert_eq!(missing_of(&[role, "GRANT ALL PRIVILEGES ON *.* TO `till`@`%`"]), Some(vec![]));
    }
}
