//! The walls between the rooms of the sources: which may name which.

use std::fs;
use std::path::{Path, PathBuf};

pub fn sources(under: &str) -> Vec<(PathBuf, String)> {
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
fn the_domain_knows_no_library_of_the_outside() {
    never_names(&["deal"], &["sqlx", "axum", "quick_xml", "reqwest"]);
}

#[test]
fn gateway_store_and_channel_know_no_http_framework() {
    never_names(&["gateway", "store", "channel"], &["axum", "hyper"]);
}

#[test]
fn a_channel_s_protocol_is_named_below_the_channel_boundary_only() {
    never_names(&["deal", "store", "gateway", "http", "auth", "metrics", "listener", "trace.rs"], &["channel::wechat", "v2::"]);
}

#[test]
fn proofs_know_no_protocol_and_protocols_no_channel() {
    let below = ["channel/proof.rs", "channel/error.rs", "channel/notice.rs", "channel/order.rs", "channel/outcome.rs"];
    never_names(&below, &["wechat::", "v2::"]);
    never_names(&["channel/wechat"], &["crate::channel::Channel"]);
}

#[test]
fn the_store_knows_of_a_channel_only_what_it_proves() {
    let proofs = ["Evidence", "ProvenPayment", "ProvenRefund", "Source", "OpenedOrder"];
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
    never_names(&["http", "console"], &[".store()", "gateway.metrics()", "sqlx"]);
}

/// Who calls an action's handler has been let through by the form, which refuses viewers; and what it does is in the trail.
#[test]
fn no_action_of_the_console_is_without_its_row_of_the_trail() {
    for (path, text) in sources("console") {
        let code = code_of(&text);
        let acts = code.contains("form: PostedForm") && !path.ends_with("form.rs");
        assert!(!acts || code.contains(".audit("), "{} acts, and nobody is named", path.display());
    }
}

#[test]
fn who_may_open_a_deal_is_decided_without_anybody_else() {
    never_names(&["auth"], &["axum", "sqlx"]);
}

#[test]
fn a_route_comes_from_a_deal_and_of_a_new_one_from_to_pay_alone() {
    let draws = |(_, text): &(PathBuf, String)| code_of(text).contains("Route::of_new_deal(");
    let drawing: Vec<_> = sources("").into_iter().filter(draws).map(|(path, _)| path).collect();
    assert!(matches!(&drawing[..], [path] if path.ends_with("gateway/to_pay.rs")), "{drawing:?}");
}

/// A comparison that ends at the first wrong byte tells a stranger how many were right. Where `==` is, both sides are an operator's.
#[test]
fn what_a_caller_shows_is_compared_in_constant_time() {
    let compares = |line: &&str| ["sha256", "hash", "signature", "expected"].iter().any(|secret| line.contains(secret));
    for (path, text) in sources("auth") {
        let code = code_of(&text);
        let quick: Vec<_> = code.lines().filter(|line| line.contains(" == ") || line.contains(" != ")).filter(compares).collect();
        let of_operators = ["sha256.len() == 64", "one.sha256 == other.sha256"];
        assert!(quick.iter().all(|line| of_operators.iter().any(|known| line.contains(known))), "{}: {quick:?}", path.display());
    }
    let slow: usize = sources("auth").iter().map(|(_, text)| code_of(text).matches(".ct_eq(").count()).sum();
    assert_eq!(slow, 2, "of a key's hash, and of an offer's signature");
    never_names(&["http"], &["lower_hex"]);
    // Of a bill's file it is shown, and compared with nothing.
    let named = sources("http").into_iter().filter(|(_, text)| code_of(text).contains(".sha256")).map(|(path, _)| path);
    assert!(named.into_iter().all(|path| path.ends_with("http/bills/file.rs")));
}

#[test]
fn sql_lives_in_the_store() {
    never_names(
        &["deal", "gateway", "channel", "http", "console", "simulator", "doctor", "app.rs", "dry_run", "explain", "app", "cli", "main.rs"],
        &["sqlx", "SELECT ", "UPDATE deal", "UPDATE refund", "INSERT INTO"],
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
fn metrics_and_traces_know_no_framework() {
    never_names(&["metrics", "trace.rs", "telemetry"], &["axum", "sqlx"]);
}

#[test]
fn the_simulator_s_world_is_plain() {
    let model =
        ["world", "merchants", "orders", "order_book", "payment", "notifications", "answers", "rules", "switches", "bills", "calendar"];
    let ways_to_pay = ["acts", "codes", "h5", "invocations", "login", "payers", "scene", "unified_order"];
    let model: Vec<_> = model.iter().chain(&ways_to_pay).map(|part| format!("simulator/{part}.rs").replace("bills.rs", "bills")).collect();
    let refunds = ["mod", "answers", "balance", "book", "by_hand", "form", "notifications", "query", "refusal", "rules"];
    let refunds = refunds.map(|part| format!("simulator/refunds/{part}.rs"));
    for part in model.iter().chain(&refunds) {
        never_names(&[part], &["axum", "reqwest", "tokio", "crate::listener", "crate::clock"]);
    }
}

#[test]
fn the_doctor_only_looks() {
    never_names(&["doctor"], &["Store::open", "Store::migrate", "Client::new"]);
    never_names(
        &["store/schema/inspect", "store/schema/dry_run.rs"],
        &["INSERT INTO", "UPDATE deal", "DELETE FROM", "ALTER TABLE", "CREATE TABLE"],
    );
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
        // By which a server shows whether it takes changes, others hear of them, and it is one of several.
        let code = code_of(&text).replace("UPDATE deal_migration SET version = version WHERE 1 = 0", "");
        let code = code.replace("SELECT member_state FROM performance_schema.", "").replace("SELECT CAST(@@wsrep_on AS SIGNED)", "");
        for word in tables.iter().chain(&rooms) {
            assert!(!code.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn a_room_of_the_store_names_no_other_table() {
    never_names(&["store/journal"], &["FROM deal ", "UPDATE deal", "INTO deal ", "store::deals", "store::schema"]);
    never_names(&["store/deals"], &["deal_event", "deal_migration"]);
    never_names(&["store/refunds"], &["deal_event", "deal_migration", "SET status", "INTO deal "]);
}

/// What stands before the tests of a file, without comments.
pub fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_change_of_status_names_the_status_it_expects() {
    let mut changes = 0;
    for (path, text) in sources("store") {
        for (at, _) in text.match_indices("SET status = ") {
            // The statement goes on to the end of its string; a guard that two statements share is the file's function.
            let guard = text.split_once("fn guard(").map_or("", |(_, guard)| guard.split("\n    }").next().unwrap());
            let statement = text[at..].split('"').next().unwrap().replace("{guard}", guard);
            assert!(statement.contains("COALESCE(status, 0) = "), "{}: {statement}", path.display());
            changes += 1;
        }
    }
    assert!(changes >= 3, "the statements are looked for in the wrong way");
}

#[test]
fn every_change_of_a_refund_names_the_state_it_expects() {
    let mut changes = 0;
    for (path, text) in sources("store") {
        for (at, _) in text.match_indices("UPDATE refund SET ") {
            let statement = text[at..].split('"').next().unwrap();
            assert!(
                statement.split_once(" WHERE ").is_some_and(|(_, guard)| guard.contains("state = ")),
                "{}: {statement}",
                path.display()
            );
            changes += 1;
        }
    }
    assert!(changes >= 5, "the statements are looked for in the wrong way");
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
    for use_case in ["to_pay", "query_order", "close_order", "pay_page", "events", "sweep", "sweep_once", "take_notice"] {
        never_names(&verbs, &[&format!("super::{use_case}"), &format!("self.{use_case}(")]);
    }
}

pub fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}
