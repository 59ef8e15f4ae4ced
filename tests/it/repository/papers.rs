//! The papers of the repository, held against what they tell of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wechat_pay::deal::{DifferenceKind, Finding};

use crate::operations::metrics::NAMES;
use crate::repository::architecture::files;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All papers, without those of dependencies and of builds.
fn papers() -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap();
            if entry.is_dir() {
                let is_ours = !matches!(name, "target" | ".git" | "node_modules" | ".venv" | "data");
                if is_ours {
                    walk(&entry, found);
                }
            } else if name.ends_with(".md") {
                found.push(entry);
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    assert!(found.len() >= 10, "the papers are looked for in the wrong way");
    found
}

/// The texts between two marks.
fn between<'a>(text: &'a str, before: &str, after: char) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).map(move |rest| rest.split(after).next().unwrap())
}

/// What leads to a heading, as Git hosts make it.
fn anchors(paper: &str) -> BTreeSet<String> {
    let headings = paper.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let anchor = |heading: &str| -> String {
        let kept = heading.trim().to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

fn all_in(paper: &str, words: &[String]) {
    assert!(words.len() > 8, "the words are looked for in the wrong way: {words:?}");
    let text = read(paper);
    let missing: Vec<_> = words.iter().filter(|word| !text.contains(*word)).collect();
    assert!(missing.is_empty(), "{paper} does not tell of {missing:?}");
}

#[test]
fn every_link_of_the_papers_leads_somewhere() {
    let mut links = 0;
    for paper in papers() {
        let text = fs::read_to_string(&paper).unwrap();
        for link in between(&text, "](", ')').chain(between(&text, "src=\"", '"')).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { paper.clone() } else { paper.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} leads nowhere", paper.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{}: {link} leads to no heading: {there:?}", paper.display());
            }
            links += 1;
        }
    }
    assert!(links > 50, "the links are looked for in the wrong way");
}

#[test]
fn the_readme_is_read_in_two_minutes_in_either_language() {
    let (english, chinese) = (read("README.md"), read("README.zh-CN.md"));
    assert!(english.lines().count() <= 150, "what does not fit belongs beside its subject");
    let top = |paper: &str| paper.lines().take(4).collect::<String>();
    assert!(top(&english).contains("](README.zh-CN.md)") && top(&chinese).contains("](README.md)"));
}

#[test]
fn every_key_is_explained_in_chinese_too() {
    let mut section = String::new();
    let mut keys = Vec::new();
    let defaults = read("config/default.toml");
    for line in defaults.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').replace('"', "");
        } else if let Some((key, _)) = line.split_once(" = ")
            && !key.ends_with("_file")
            // An account's keys are those of `[wechat]`.
            && !(section == "accounts.<name>" && keys.contains(&format!("`wechat.{key}`")))
        {
            keys.push(format!("`{section}.{key}`"));
        }
    }
    all_in("README.zh-CN.md", &keys);
}

#[test]
fn every_alert_says_what_to_do_in_either_language() {
    let rules = read("config/monitoring/alerts.yaml");
    let alerts: Vec<_> = between(&rules, "- alert: ", '\n').map(|alert| format!("| `{alert}`")).collect();
    all_in("config/monitoring/README.md", &alerts);
    all_in("README.zh-CN.md", &alerts);
}

#[test]
fn every_difference_from_a_bill_and_what_is_found_of_it_is_explained_in_either_language() {
    let kinds = DifferenceKind::ALL.map(DifferenceKind::as_str);
    let words: Vec<_> = kinds.into_iter().chain(Finding::ALL.map(Finding::as_str)).map(|word| format!("`{word}`")).collect();
    all_in("config/bills/README.md", &words);
    all_in("README.zh-CN.md", &words);
}

#[test]
fn every_number_for_prometheus_is_explained() {
    let ours = NAMES.iter().filter_map(|(name, _)| name.strip_prefix("wechat_pay_"));
    all_in("config/monitoring/README.md", &ours.map(|name| format!("`{}", name.trim_end_matches("_info"))).collect::<Vec<_>>());
}

#[test]
fn every_call_and_every_refusal_is_told_of_in_either_language() {
    let routes = read("src/http/mod.rs") + &read("src/http/pay_page/mod.rs");
    let mut words: Vec<_> = between(&routes, ".route(\"", '"').map(str::to_owned).collect();
    let refusals = read("src/http/refusal.rs");
    words.extend(between(&refusals, "Self::new(", '\n').filter_map(|call| between(call, "\"", '"').next()).map(str::to_owned));
    let words: Vec<_> = words.into_iter().filter(|word| word != "/wxPay/wxPay/queryOrder").collect();
    all_in("src/http/README.md", &words);
    all_in("README.zh-CN.md", &words);
}

#[test]
fn every_word_to_wechat_is_told_of_in_either_language() {
    let (taken, notify) = (read("src/gateway/take_notice.rs"), read("src/http/notify.rs"));
    let said = [(&taken, "=> \""), (&taken, "Refused(\""), (&notify, "_LARGE, \""), (&notify, "_TIMEOUT, \""), (&notify, "_TYPE, \"")];
    let words: Vec<_> = said.iter().flat_map(|(text, before)| between(text, before, '"')).map(|word| format!("`{word}`")).collect();
    all_in("src/http/README.md", &words);
    all_in("README.zh-CN.md", &words);
}

#[test]
fn every_word_of_the_gateway_s_numbers_is_explained() {
    let labels = read("src/gateway/labels.rs");
    let values = labels.split("pub enum Pass").next().unwrap().lines().filter(|line| line.ends_with("\","));
    let words: Vec<_> = values.filter_map(|line| between(line, " = \"", '"').next()).map(|word| format!("`{word}`")).collect();
    all_in("config/monitoring/README.md", &words);
}

#[test]
fn every_field_about_a_deal_is_told_of_in_either_language() {
    let mut fields = Vec::new();
    for (file, name) in [("src/http/details.rs", "struct ToldDetails {"), ("src/http/query_order.rs", "struct OfMerchant {")] {
        let text = read(file);
        let body = text.split(name).nth(1).unwrap().split("\n}").next().unwrap();
        let names =
            body.lines().filter_map(|line| line.trim().split_once(": ")).map(|(name, _)| name).filter(|name| !name.contains(['/', '#']));
        fields.extend(names.map(|name| format!("`{name}`")));
    }
    all_in("src/http/README.md", &fields);
    all_in("README.zh-CN.md", &fields);
}

#[test]
fn the_chinese_table_of_contents_leads_to_every_section() {
    let paper = read("README.zh-CN.md");
    let sections = paper.lines().filter_map(|line| line.strip_prefix("## ")).filter(|section| *section != "许可");
    let missing: Vec<_> = sections.filter(|section| !paper.contains(&format!("[{section}](#"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The code and its tests, as far as they are ours.
fn code() -> Vec<String> {
    let found = ["src", "tests", "benches"].map(|folder| files(&root().join(folder)));
    found.into_iter().flatten().filter(|path| !path.ends_with(file!())).map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_citation_of_the_protocol_is_found() {
    let protocol = read("src/channel/wechat/v2/PROTOCOL.md");
    let mut citations = 0;
    for text in code() {
        assert!(!text.contains("protocol file"), "the protocol's paper is PROTOCOL.md");
        for citation in between(&text, "PROTOCOL.md, ", '\n') {
            for place in citation.split([')', ':']).next().unwrap().split(" and ").map(|place| place.trim_end_matches('.')) {
                let heading = match place.strip_prefix("fact ") {
                    Some(fact) => format!("\n{fact}. "),
                    None if place.contains('.') => format!("\n**{place} "),
                    None => format!("\n## {place}. "),
                };
                assert!(protocol.contains(&heading), "PROTOCOL.md has no {place}");
                citations += 1;
            }
        }
    }
    assert!(citations > 15, "the citations are looked for in the wrong way");
}

#[test]
fn every_invariant_that_a_check_names_is_numbered() {
    let page = read("src/lib.rs");
    let invariants = page.split("# What must always hold").nth(1).unwrap().split("//! # ").next().unwrap();
    let mut named = 0;
    for text in code() {
        for number in between(&text.to_lowercase(), "invariant ", ':').filter(|number| number.parse::<u8>().is_ok()) {
            assert!(invariants.contains(&format!("//! {number}. ")), "there is no invariant {number}");
            named += 1;
        }
    }
    assert!(named > 15, "the numbers are looked for in the wrong way");
}
