//! The arrows between the rooms of the sources: which names which, and that no files import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::architecture::{code_lines, code_of, sources};

/// The rooms of the sources from the top of the house down, each with the others that it names: rooms further down only.
/// What is listed is used, and what is not listed is forbidden.
const ARROWS: &[(&str, &str)] = &[
    ("main", "cli"),
    (
        "app",
        "auth bookkeeper chance channel clock config console deal gateway handshake http listener pruner resolver simulator store sweeper teller trust watcher webhook",
    ),
    ("cli", "auth chance channel clock config deal doctor dry_run explain gateway language store telemetry told webhook"),
    ("doctor", "chance channel clock config deal dry_run handshake language store trust webhook"),
    ("dry_run", "language store"),
    ("http", "auth chance channel clock config deal explain gateway handshake listener metrics page telemetry told trace webhook"),
    ("console", "auth chance config deal explain gateway language listener page told trace webhook"),
    ("explain", "channel deal language store told webhook"),
    ("config", "auth channel deal gateway language store trust webhook"),
    ("simulator", "chance channel clock deal listener page"),
    ("sweeper", "gateway"),
    ("bookkeeper", "gateway"),
    ("pruner", "gateway"),
    ("teller", "gateway webhook"),
    ("watcher", "gateway"),
    ("gateway", "chance channel clock deal metrics store told trace webhook"),
    ("store", "chance channel deal metrics resolver"),
    ("handshake", "chance deal"),
    ("channel", "chance clock deal metrics resolver trace trust"),
    ("webhook", "chance clock deal language resolver trace trust"),
    ("told", "deal language"),
    ("auth", "chance deal"),
    ("listener", ""),
    ("page", "language"),
    ("language", ""),
    ("metrics", "deal"),
    ("telemetry", "clock"),
    ("trace", "chance"),
    ("resolver", ""),
    ("trust", ""),
    ("clock", "deal"),
    ("deal", ""),
    ("chance", ""),
];

/// Arrows that go another way: up, or past the channel boundary to a protocol.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("cli", "app", "the subcommands that serve start it, and refund takes the gateway from it"),
    ("doctor", "app", "a listener's address as this machine reaches it, and the endpoints as the service opens them"),
    ("app", "channel::wechat", "opens the client, and reads the merchant's number in older rows"),
    ("config", "channel::wechat", "parses keys, certificates and the proxy"),
    ("config", "simulator", "the merchants it knows; the key of its default one is refused for the real WeChat"),
    ("doctor", "channel::wechat", "tries WeChat's hosts with a signed query"),
    ("simulator", "channel::wechat", "speaks the protocol from the other side"),
    ("handshake", "channel::wechat", "its tests alone: a key of a real signer"),
    ("deal", "chance", "its tests alone: drawn order ids"),
    ("told", "channel", "its tests alone: the words of errors about bills"),
];

#[test]
fn rooms_name_the_rooms_below_them_and_no_others() {
    let is_room = |name: &str| ARROWS.iter().any(|(room, _)| *room == name);
    let modules: BTreeMap<_, _> = sources("").into_iter().map(|(path, text)| (module_of(&path), text)).collect();
    let mut found = BTreeSet::new();
    for (module, text) in modules.iter().filter(|(module, _)| *module != "lib") {
        let room = module.split("::").next().unwrap();
        assert!(is_room(room), "{room} has no line in the list");
        let code = code_lines(text).collect::<Vec<_>>().join("\n");
        for path in paths(&code).iter().filter_map(|path| absolute(path, module, &|path| modules.contains_key(path))) {
            let named = path.split("::").next().unwrap();
            if named != room && is_room(named) {
                let is_protocol = path.starts_with("channel::wechat");
                found.insert((room.to_owned(), if is_protocol { "channel::wechat" } else { named }.to_owned()));
            }
        }
    }
    let listed = ARROWS.iter().flat_map(|(room, named)| named.split(' ').filter(|name| !name.is_empty()).map(move |name| (*room, name)));
    let position = |name: &str| ARROWS.iter().position(|(room, _)| *room == name);
    for (room, named) in listed.clone() {
        assert!(position(named) > position(room), "{room} → {named} goes up");
    }
    let listed = listed.chain(DEVIATIONS.iter().map(|(room, named, _)| (*room, *named)));
    let listed: BTreeSet<_> = listed.map(|(room, named)| (room.to_owned(), named.to_owned())).collect();
    let (forbidden, unused): (Vec<_>, Vec<_>) = (found.difference(&listed).collect(), listed.difference(&found).collect());
    assert!(forbidden.is_empty() && unused.is_empty(), "forbidden: {forbidden:?}; listed, but not there: {unused:?}");
}

/// Circles of imports that are still there.
const KNOWN_CIRCLES: &[&[&str]] = &[
    &["channel::wechat::v2::merchant", "channel::wechat::v2::rotation"],
    &["doctor::line", "doctor::words::hosts"],
    &["simulator::answers", "simulator::notifications", "simulator::pay_api", "simulator::world"],
];

/// A name that a folder's file hands on counts as the file's that defines it. What a folder's file defines itself belongs to
/// all below it.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let is_of_tests = |module: &str| module.split("::").any(|name| ["tests", "testing", "vectors", "properties"].contains(&name));
    let texts = sources("").into_iter().map(|(path, text)| (module_of(&path), code_of(&text)));
    let codes: BTreeMap<_, _> = texts.filter(|(module, _)| !is_of_tests(module) && module != "lib").collect();
    let is_module = |path: &str| codes.contains_key(path);
    let (mut imported, mut aliases) = (BTreeMap::<_, BTreeSet<String>>::new(), BTreeMap::new());
    for (module, code) in &codes {
        for statement in code.split(';') {
            let (before, import) = statement.rsplit_once("use ").unwrap_or((statement, ""));
            let is_handed_on = before.ends_with("pub ") || before.ends_with(") ");
            let named = paths(import).into_iter().filter_map(|path| absolute(&path, module, &is_module));
            for path in named {
                aliases.insert(format!("{module}::{}", path.rsplit("::").next().unwrap()), path);
            }
            let here = paths(if is_handed_on { before } else { statement });
            imported.entry(module).or_default().extend(here.iter().filter_map(|path| absolute(path, module, &is_module)));
        }
    }
    let owner = |path: &str| {
        let mut path = path.to_owned();
        // A name may be handed on several times; the bound is for a name of two things.
        for _ in 0..8 {
            let (module, rest) = split_at_module(&path, &is_module)?;
            let name = rest.split("::").next().unwrap();
            match aliases.get(&format!("{module}::{name}")) {
                Some(alias) if *alias != path => path = format!("{alias}{}", &rest[name.len()..]),
                _ => return Some(module.to_owned()),
            }
        }
        None
    };
    let imports: BTreeMap<_, BTreeSet<_>> = imported
        .iter()
        .map(|(module, paths)| {
            let owners = paths.iter().filter_map(|path| owner(path));
            (module.as_str(), owners.filter(|owner| !format!("{module}::").starts_with(&format!("{owner}::"))).collect())
        })
        .collect();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 800, "imports are looked for in the wrong way");
    for (module, import) in [("store::deals::settle", "store::engine::connection"), ("gateway::close_order", "gateway::expire")] {
        assert!(imports[module].contains(import), "{module} imports {import}, and that is not seen");
    }
    let reached: BTreeMap<_, _> = imports.keys().map(|module| (*module, reached_from(module, &imports))).collect();
    let circle = |module: &&str| reached[module].iter().copied().filter(|other| reached[other].contains(module)).collect::<Vec<_>>();
    let circles: BTreeSet<_> = imports.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
    assert_eq!(circles, KNOWN_CIRCLES.iter().map(|circle| circle.to_vec()).collect());
}

fn reached_from<'a>(module: &'a str, imports: &'a BTreeMap<&str, BTreeSet<String>>) -> BTreeSet<&'a str> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![module]);
    while let Some(module) = next.pop() {
        next.extend(imports[module].iter().map(String::as_str).filter(|imported| reached.insert(*imported)));
    }
    reached
}

/// The module of a file, as the crate's root names it.
fn module_of(path: &Path) -> String {
    let path = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().with_extension("");
    path.iter().map(|name| name.to_str().unwrap()).filter(|name| *name != "mod").collect::<Vec<_>>().join("::")
}

/// A path's longest beginning that is a module, and what follows.
fn split_at_module<'a>(path: &'a str, is_module: &dyn Fn(&str) -> bool) -> Option<(&'a str, &'a str)> {
    let ends = std::iter::once(path.len()).chain(path.rmatch_indices("::").map(|(at, _)| at));
    ends.map(|end| path.split_at(end)).find(|(module, _)| is_module(module)).map(|(module, rest)| (module, rest.trim_start_matches("::")))
}

/// A path from the crate's root; `None` for another crate's and for a local name's.
fn absolute(path: &str, module: &str, is_module: &dyn Fn(&str) -> bool) -> Option<String> {
    let (head, rest) = path.split_once("::")?;
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let below = |module: &str, rest: &str| if module.is_empty() { rest.to_owned() } else { format!("{module}::{rest}") };
    match head {
        "crate" | "wechat_pay" => Some(rest.to_owned()),
        "super" if rest.starts_with("super::") => absolute(rest, parent, is_module),
        "super" => Some(below(parent, rest)),
        "self" => Some(below(module, rest)),
        child => is_module(&below(module, child)).then(|| below(module, path)),
    }
}

/// The paths that code names; `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<String> {
    let (mut paths, mut groups, mut path) = (Vec::new(), Vec::new(), String::new());
    let mut is_renamed = false;
    let mut flush = |path: &mut String| {
        let whole = std::mem::take(path);
        let whole = whole.trim_end_matches("::").trim_end_matches("::self");
        paths.extend(whole.contains("::").then(|| whole.to_owned()));
    };
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        let word = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())];
        let sign = if rest.starts_with("::") { 2 } else { c.len_utf8() };
        let token = &rest[..if word.is_empty() { sign } else { word.len() }];
        rest = &rest[token.len()..];
        match token {
            "::" => path.push_str(token),
            "{" if path.ends_with("::") => groups.push(std::mem::take(&mut path)),
            "{" => {
                flush(&mut path);
                groups.push(String::new());
            }
            "}" => {
                flush(&mut path);
                groups.pop();
            }
            "as" => {
                flush(&mut path);
                is_renamed = true;
            }
            _ if word.is_empty() && !c.is_whitespace() => flush(&mut path),
            _ if word.is_empty() => {}
            _ if path.ends_with("::") => path.push_str(word),
            _ => {
                flush(&mut path);
                let group = groups.last().map_or("", String::as_str);
                // The new name in a group is none of its module's.
                if !std::mem::take(&mut is_renamed) || group.is_empty() {
                    path = format!("{group}{word}");
                }
            }
        }
    }
    flush(&mut path);
    paths
}
