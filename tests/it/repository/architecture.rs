//! The walls between the rooms of the sources: which may name which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn sources(under: &str) -> Vec<(PathBuf, String)> {
    let found = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(under));
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The Rust files below a folder.
pub fn files(below: &Path) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    walk(below, &mut found);
    assert!(!found.is_empty(), "no sources below {}", below.display());
    found
}

fn never_names(rooms: &[&str], words: &[&str]) {
    for (path, text) in rooms.iter().flat_map(|room| sources(room)) {
        let code = code_lines(&text).collect::<Vec<_>>().join("\n");
        for word in words {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn the_domain_knows_nothing_of_ours() {
    never_names(&["deal"], &["crate::store", "crate::channel", "crate::gateway", "crate::http", "sqlx", "axum", "quick_xml", "reqwest"]);
}

#[test]
fn gateway_store_and_channel_know_no_http_framework() {
    never_names(&["gateway", "store", "channel"], &["axum", "hyper", "crate::http", "crate::simulator", "crate::config"]);
}

#[test]
fn a_channel_s_protocol_is_named_below_the_channel_boundary_only() {
    never_names(&["deal", "store", "gateway", "http", "auth", "metrics", "listener", "trace.rs"], &["channel::wechat", "v2::"]);
}

#[test]
fn the_channel_knows_nobody_who_uses_it() {
    never_names(&["channel"], &["crate::store", "crate::gateway", "crate::auth", "crate::app", "crate::simulator", "crate::doctor"]);
    let below = ["channel/proof.rs", "channel/error.rs", "channel/notice.rs", "channel/order.rs", "channel/outcome.rs"];
    never_names(&below, &["wechat::", "v2::"]);
    never_names(&["channel/wechat"], &["crate::channel::Channel"]);
}

#[test]
fn the_store_knows_of_a_channel_only_what_it_proves() {
    let proofs = ["Evidence", "ProvenPayment", "Source", "Ticket"];
    let mut named = 0;
    for (path, text) in sources("store") {
        for (at, _) in text.match_indices("crate::channel::") {
            let path_named = text[at + "crate::channel::".len()..].trim_start_matches("proof::");
            let end = path_named.find(|c: char| !c.is_alphanumeric() && !"{, }_".contains(c)).unwrap();
            for name in path_named[..end].split(|c: char| !c.is_alphanumeric()).filter(|name| !name.is_empty()) {
                assert!(proofs.contains(&name), "{} names {name}", path.display());
                named += 1;
            }
        }
    }
    assert!(named > 0, "the names are looked for in the wrong way");
}

#[test]
fn handlers_reach_through_the_gateway_to_nothing() {
    never_names(&["http"], &["crate::store", ".store()", "gateway.metrics()", "sqlx"]);
}

#[test]
fn who_may_open_a_deal_is_decided_without_anybody_else() {
    never_names(&["auth"], &["axum", "sqlx", "crate::store", "crate::channel", "crate::gateway", "crate::http", "crate::config"]);
}

#[test]
fn sql_lives_in_the_store() {
    never_names(
        &["deal", "gateway", "channel", "http", "simulator", "doctor", "app.rs", "dry_run", "explain", "app", "cli", "main.rs"],
        &["sqlx", "SELECT ", "UPDATE deal", "INSERT INTO"],
    );
}

/// A name as a value would be the plain one, whatever prefix the tables have.
#[test]
fn tables_named_as_values_are_asked_of_the_connection() {
    never_names(
        &["store"],
        &["table_name = '", "table_name IN ('", "event_object_table = '", "table_info('", "table_xinfo('", "index_list('", "tbl_name = '"],
    );
}

#[test]
fn who_counts_and_traces_knows_nobody_who_is_counted() {
    never_names(
        &["metrics", "trace.rs", "telemetry"],
        &["crate::store", "crate::channel", "crate::gateway", "crate::http", "axum", "sqlx"],
    );
}

#[test]
fn the_simulator_is_the_other_side() {
    never_names(&["simulator"], &["crate::gateway", "crate::store", "crate::http", "crate::config"]);
    let model = ["world", "merchants", "orders", "order_book", "payment", "notifications", "answers", "rules", "switches"];
    for part in model {
        never_names(&[&format!("simulator/{part}.rs")], &["axum", "reqwest", "tokio", "crate::listener", "crate::clock"]);
    }
}

#[test]
fn the_doctor_only_looks() {
    never_names(&["doctor"], &["crate::gateway", "crate::http", "Store::open", "Store::migrate", "Client::new"]);
    never_names(
        &["store/schema/inspect", "store/schema/dry_run.rs"],
        &["INSERT INTO", "UPDATE deal", "DELETE FROM", "ALTER TABLE", "CREATE TABLE"],
    );
}

#[test]
fn what_the_pages_share_knows_none_of_them() {
    for (path, text) in sources("page") {
        assert!(!text.replace("crate::language", "").contains("crate::"), "{} names a room", path.display());
    }
}

#[test]
fn the_languages_know_nothing_of_ours() {
    never_names(&["language.rs"], &["crate::"]);
}

/// A sentence that is made elsewhere would be in one language only.
#[test]
fn what_is_told_in_both_languages_stands_in_rooms_of_words() {
    for room in ["doctor", "explain", "dry_run"] {
        for (path, text) in sources(room) {
            let is_of_words = path.to_str().is_some_and(|path| path.contains("words"));
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let names = ["doctor/hosts.rs", "doctor/finding.rs", "doctor/service.rs", "explain/mod.rs"];
            let is_chinese = code.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
            assert!(is_of_words || !is_chinese || names.iter().any(|name| path.ends_with(name)), "{} has words", path.display());
        }
    }
}

#[test]
fn the_engine_of_the_store_knows_no_table() {
    let tables = ["deal", "order_key", "crate::channel", "SELECT ", "UPDATE ", "INSERT "];
    let rooms = ["store::schema", "store::journal", "store::deals", "store::columns", "store::error", "store::handle", "super::super::"];
    for (path, text) in sources("store/engine").into_iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        let code = code_of(&text);
        for word in tables.iter().chain(&rooms) {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn a_room_of_the_store_names_no_other_table() {
    never_names(&["store/journal"], &["FROM deal ", "UPDATE deal", "INTO deal ", "store::deals", "store::schema"]);
    never_names(&["store/deals"], &["deal_event", "deal_migration"]);
}

/// What stands before the tests of a file, without comments.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_file_of_the_store_imports_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let module_of = |path: &Path| {
        let path = path.strip_prefix(&root).unwrap().with_extension("");
        let names: Vec<_> = path.iter().map(|name| name.to_str().unwrap()).filter(|name| *name != "mod").collect();
        names.join("::")
    };
    let texts: BTreeMap<_, _> = sources("store").into_iter().map(|(path, text)| (module_of(&path), (path, code_of(&text)))).collect();
    let imports: BTreeMap<_, _> = texts
        .iter()
        .filter(|(module, _)| !module.ends_with("tests") && !module.ends_with("testing"))
        .map(|(module, (path, code))| {
            let mut named = BTreeSet::new();
            for path in paths_in(code, module, path.ends_with("mod.rs")) {
                // The module is the longest beginning that is one.
                let segments: Vec<_> = path.split("::").collect();
                let found = (1..=segments.len()).rev().map(|length| segments[..length].join("::")).find(|path| texts.contains_key(path));
                named.extend(found.filter(|found| found != module));
            }
            (module.clone(), named)
        })
        .collect();
    assert!(imports["store::deals::settle"].contains("store::engine::connection"), "imports are looked for in the wrong way");
    // A file that imports nothing that is left is in no circle.
    let mut left = imports;
    loop {
        let free: Vec<_> =
            left.iter().filter(|(_, named)| named.iter().all(|module| !left.contains_key(module))).map(|(m, _)| m.clone()).collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|module| _ = left.remove(module));
    }
    left.values_mut().for_each(|named| named.retain(|module| texts.contains_key(module)));
    assert!(left.is_empty(), "in a circle, or before one: {left:#?}");
}

/// The paths that the imports of a file name, from the root of the crate.
fn paths_in(code: &str, module: &str, is_folder: bool) -> Vec<String> {
    let mut paths = Vec::new();
    let imports = code.split(';').filter_map(|statement| {
        let statement = statement.split_once("use ").filter(|(before, _)| {
            before.trim_end().is_empty() || before.ends_with("pub ") || before.ends_with(") ") || before.ends_with('\n')
        })?;
        Some(statement.1.split_whitespace().collect::<String>())
    });
    for import in imports {
        expand(&import, "", &mut paths);
    }
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    paths
        .into_iter()
        .filter_map(|path| match path.split_once("::")? {
            ("crate", rest) => Some(rest.to_owned()),
            ("super", rest) => Some(format!("{parent}::{rest}")),
            // A child's.
            _ if is_folder => Some(format!("{module}::{path}")),
            _ => None,
        })
        .collect()
}

/// `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(import: &str, before: &str, paths: &mut Vec<String>) {
    let Some((head, group)) = import.split_once('{') else {
        return paths.push(format!("{before}{import}"));
    };
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                if at > start {
                    expand(&group[start..at], &format!("{before}{head}"), paths);
                }
                start = at + 1;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
}

#[test]
fn every_change_of_status_names_the_status_it_expects() {
    let mut changes = 0;
    for (path, text) in sources("store") {
        for (at, _) in text.match_indices("SET status = ") {
            // The statement goes on to the end of its string.
            let statement = text[at..].split('"').next().unwrap();
            assert!(statement.contains("COALESCE(status, 0) = "), "{}: {statement}", path.display());
            changes += 1;
        }
    }
    assert!(changes >= 3, "the statements are looked for in the wrong way");
}

#[test]
fn every_change_of_a_deal_keeps_the_times_that_it_does_not_mean() {
    let mut changes = 0;
    for (path, text) in sources("store") {
        let beginnings = ["UPDATE deal SET ", "UPDATE {deal} SET "].map(|beginning| text.match_indices(beginning).collect::<Vec<_>>());
        for (at, _) in beginnings.into_iter().flatten() {
            let statement = text[at..].split("WHERE").next().unwrap();
            assert!(statement.contains("create_at = create_at") && statement.contains("update_at = "), "{}: {statement}", path.display());
            changes += 1;
        }
    }
    assert!(changes >= 14, "the statements are looked for in the wrong way: {changes}");
}

#[test]
fn every_test_that_the_security_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join(".github/SECURITY.md")).unwrap();
    let tests = ["it", "torture", "memory"].map(|folder| files(&root.join("tests").join(folder)));
    let tests: String = tests.iter().flatten().map(|path| fs::read_to_string(path).unwrap()).collect();
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| API")).collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let named: Vec<_> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for test in named {
            assert!(tests.contains(&format!("fn {test}(")), "there is no test {test}");
        }
    }
}

#[test]
fn what_is_live_calls_nothing_of_the_gateway() {
    never_names(&["gateway/live"], &["Gateway", "crate::gateway", "crate::store"]);
    names_no_parent("gateway/live");
}

#[test]
fn the_follower_knows_only_due_times_and_leases() {
    never_names(&["gateway/follow"], &["Gateway", "crate::gateway", "crate::channel", "Deal"]);
    names_no_parent("gateway/follow");
}

fn names_no_parent(room: &str) {
    for (path, text) in sources(room) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let parent = if path.ends_with("mod.rs") { "super::" } else { "super::super::" };
        assert!(!code_lines(code).any(|line| line.contains(parent)), "{} names what is outside of its room", path.display());
    }
}

#[test]
fn verbs_name_no_use_case() {
    let verbs = ["inquire.rs", "settle.rs", "expire.rs", "link", "view.rs", "poll.rs"].map(|verb| format!("gateway/{verb}"));
    let verbs: Vec<_> = verbs.iter().map(String::as_str).collect();
    for use_case in ["to_pay", "query_order", "close_order", "pay_page", "events", "sweep", "sweep_once", "notice"] {
        never_names(&verbs, &[&format!("super::{use_case}"), &format!("self.{use_case}(")]);
    }
}

#[test]
fn no_room_of_the_gateway_is_imported_in_a_circle() {
    let mut found = 0;
    for room in ["gateway", "gateway/live", "gateway/follow", "gateway/link"] {
        let imports = imports(room);
        found += imports.values().map(BTreeSet::len).sum::<usize>();
        for start in imports.keys() {
            let (mut reached, mut next) = (BTreeSet::new(), vec![start]);
            while let Some(module) = next.pop() {
                for imported in &imports[module] {
                    assert!(imported != start, "{room}/{start} is imported by {room}/{module}, which it imports itself");
                    if reached.insert(imported) {
                        next.push(imported);
                    }
                }
            }
        }
    }
    assert!(found > 20, "the imports are looked for in the wrong way: {found}");
}

/// Which of a room's modules imports which others, also by the names under which the room's `mod.rs` hands them on. (What is
/// defined in `mod.rs` itself belongs to all of them.)
fn imports(room: &str) -> BTreeMap<String, BTreeSet<String>> {
    let below = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let files = sources(room).into_iter().map(|(path, text)| (path.strip_prefix(&below).unwrap().to_owned(), text));
    let (root, files): (Vec<_>, Vec<_>) = files.partition(|(path, _)| path == Path::new("mod.rs"));
    let module = |path: &Path| path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
    let mut imports: BTreeMap<_, BTreeSet<String>> = files.iter().map(|(path, _)| (module(path), BTreeSet::new())).collect();
    let handed_on = used(&root[0].1, "").into_iter().filter(|path| path.len() > 1 && imports.contains_key(&path[0]));
    let handed_on: BTreeMap<_, _> = handed_on.map(|path| (path[1].clone(), path[0].clone())).collect();
    for (path, text) in &files {
        let is_nested = path.iter().count() > 1 && !path.ends_with("mod.rs");
        let prefix = if is_nested { "super::super::" } else { "super::" };
        for used in used(text, prefix) {
            let imported = if imports.contains_key(&used[0]) { Some(&used[0]) } else { handed_on.get(&used[0]) };
            if let Some(imported) = imported.filter(|imported| **imported != module(path)) {
                imports.get_mut(&module(path)).unwrap().insert(imported.clone());
            }
        }
    }
    imports
}

/// The paths of a file's `use` statements that begin so, without the beginning.
fn used(text: &str, prefix: &str) -> Vec<Vec<String>> {
    let code: String = code_lines(text).collect::<Vec<_>>().join(" ");
    let statements = code.split(';').filter_map(|statement| statement.rsplit_once("use "));
    let paths = statements.map(|(_, path)| path.replace(char::is_whitespace, ""));
    let mut used = Vec::new();
    for path in paths.filter_map(|path| path.strip_prefix(prefix).map(str::to_owned)) {
        let (before, names) = path.split_once('{').unwrap_or(("", &path));
        for name in names.trim_end_matches('}').split(',').filter(|name| !name.is_empty()) {
            used.push(format!("{before}{name}").split("::").map(str::to_owned).collect());
        }
    }
    used
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}
