//! The environment variables of this process, and what stands among them that was meant for this service and does not reach it.

use std::collections::HashMap;
use std::ffi::OsString;

use crate::language::Text;

use super::error::ConfigError;
use super::mistakes::Mistakes;
use super::secrets::CREDENTIALS;
use super::{PREFIX, PROFILE, defaults, keys, words};

/// What variables of this service's begin with, when they are mistyped.
const STEM: &str = "WECHAT_PAY";
/// Kubernetes tells every container of the services beside it: of one that is called wechat-pay, by these.
const OF_KUBERNETES: [&str; 2] = ["WECHAT_PAY_SERVICE_", "WECHAT_PAY_PORT"];
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Reads the variables. One of ours that is no UTF-8 is a mistake; others' are left out.
pub fn read(variables: impl Iterator<Item = (OsString, OsString)>, mistakes: &mut Mistakes) -> HashMap<String, String> {
    let mut read = HashMap::new();
    for (name, value) in variables {
        let shown = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => _ = read.insert(name, value),
            _ if shown.starts_with(STEM) || shown == CREDENTIALS => mistakes.add(ConfigError::NotUtf8(shown)),
            _ => {}
        }
    }
    read
}

/// Notes each two variables of one key, whose names differ in capitals only: chance would decide which of them counts.
pub fn each_once(variables: &HashMap<String, String>, mistakes: &mut Mistakes) {
    let mut names: Vec<_> = variables.keys().filter(|name| name.starts_with(PREFIX)).map(|name| (name.to_uppercase(), name)).collect();
    names.sort();
    for two in names.windows(2) {
        if let [(key, one), (same, other)] = two
            && key == same
        {
            mistakes.add(ConfigError::TwoVariables((*one).clone(), (*other).clone()));
        }
    }
}

/// Variables that look like ours, and are not.
pub fn mistyped(variables: &HashMap<String, String>) -> Vec<Text> {
    let is_mistyped = |name: &&String| {
        name.starts_with(STEM) && !name.starts_with(PREFIX) && !OF_KUBERNETES.iter().any(|beginning| name.starts_with(beginning))
    };
    let mut names: Vec<_> = variables.keys().filter(is_mistyped).collect();
    names.sort();
    names.into_iter().map(|name| words::mistyped(name, meant(name))).collect()
}

/// The variable that was meant: underscores are what is mistyped.
fn meant(name: &str) -> Option<String> {
    let variables = variables();
    let known = variables.iter().find(|known| plain(known) == plain(name)).cloned();
    // Of two keys that end alike, the longer one is meant: previous_api_key and api_key.
    let named = || variables.iter().filter_map(|known| named_like(known, name)).min_by_key(|(own_name, _)| own_name.len());
    known.or_else(|| named().map(|(_, meant)| meant)).or_else(|| keys::similar(name, variables.iter()))
}

fn plain(name: &str) -> String {
    name.replace('_', "")
}

/// For a variable of a section that an operator names: the name that stands in `name`, and how the variable is written with it.
fn named_like(known: &str, name: &str) -> Option<(String, String)> {
    let (before, after) = known.split_once(&keys::ANY_NAME.to_uppercase())?;
    let own_name = rest_after(name, before)?;
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    let own_name = reversed(rest_after(&reversed(own_name), &reversed(after))?);
    (!own_name.is_empty()).then(|| (own_name.clone(), format!("{before}{own_name}{after}")))
}

/// What follows in `name` after `beginning`, which is compared without its underscores.
fn rest_after<'a>(name: &'a str, beginning: &str) -> Option<&'a str> {
    let mut rest = name;
    for expected in plain(beginning).chars() {
        rest = rest.trim_start_matches('_').strip_prefix(expected)?;
    }
    Some(rest.trim_start_matches('_'))
}

/// All variables that there are.
fn variables() -> Vec<String> {
    let schema = defaults().and_then(|defaults| defaults.cache.into_table()).unwrap_or_default();
    let variable = |(key, _): (String, _)| format!("{PREFIX}{}", key.replace('.', "__")).to_uppercase();
    keys::flattened(schema).into_iter().map(variable).chain([PROFILE.to_owned()]).collect()
}

/// The proxies that the environment offers to programs, which this service does not take.
pub fn proxies(variables: &HashMap<String, String>) -> Option<Text> {
    let set: Vec<_> = PROXIES.into_iter().filter(|name| variables.get(*name).is_some_and(|value| !value.is_empty())).collect();
    (!set.is_empty()).then(|| words::proxies(&set))
}
