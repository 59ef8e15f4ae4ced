//! What a MySQL user may do, read from `SHOW GRANTS`.

/// What serving needs, and what changing the schema needs beside it.
pub const NEEDED: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "INDEX"];

/// Which of the needed privileges on a schema these grants do not give; `None` when they name a role, whose privileges
/// are not all shown.
pub fn missing(grants: &[String], schema: &str) -> Option<Vec<&'static str>> {
    let mut given = Vec::new();
    let mut has_role = false;
    for grant in grants {
        let Some((privileges, rest)) = grant.strip_prefix("GRANT ").and_then(|grant| grant.split_once(" ON ")) else {
            has_role = true;
            continue;
        };
        let scope = rest.split(" TO ").next().unwrap_or_default();
        if covers(scope, schema) {
            given.extend(privileges.split(", "));
        }
    }
    let has = |privilege: &str| given.iter().any(|given| *given == privilege || given.starts_with("ALL PRIVILEGES"));
    let missing: Vec<_> = NEEDED.into_iter().filter(|privilege| !has(privilege)).collect();
    if has_role && !missing.is_empty() { None } else { Some(missing) }
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
