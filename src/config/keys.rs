//! A schema: which keys there are, and of which types, those of `config/default.toml`. What is wrong with a name or a type is found here
//! for all keys at once; serde would stop at the first, and quote its value.

use config::{Config, Map, Value, ValueKind};

use crate::language::{Text, pair};

use super::error::ConfigError;
use super::mistakes::Mistakes;

/// In `config/default.toml` a section of this name is the template of those to which operators give names of their own.
pub const ANY_NAME: &str = "<name>";

/// The keys of a section, and its sections.
type Section = Map<String, Value>;

/// A configuration with the keys that there are: what is unknown is left out, what has a wrong type keeps its default.
pub fn known(given: Config, defaults: Config, mistakes: &mut Mistakes) -> Result<Value, ConfigError> {
    let schema = defaults.cache.into_table()?;
    // As it is kept: what is deserialized does not know any more where it stood.
    let known = over_defaults("", given.cache.into_table()?, &schema, mistakes);
    Ok(Value::new(None, ValueKind::Table(known)))
}

fn over_defaults(path: &str, given: Section, schema: &Section, mistakes: &mut Mistakes) -> Section {
    let mut known = nothing_given(schema);
    for (name, value) in given {
        let key = format!("{path}{name}");
        let place = place(&value);
        match schema.get(&name).or(schema.get(ANY_NAME)).map(|default| &default.kind) {
            None => {
                let similar = similar(&key, schema.keys().map(|known| format!("{path}{known}")));
                mistakes.add(ConfigError::Unknown { key, place, similar });
            }
            Some(ValueKind::Table(schema)) => match value.into_table() {
                Ok(given) => {
                    let section = over_defaults(&format!("{key}."), given, schema, mistakes);
                    known.insert(name, Value::new(None, ValueKind::Table(section)));
                }
                Err(_) => mistakes.add(ConfigError::Type { key, place, expected: pair("a section", "一个段") }),
            },
            Some(default) => match expected(&value, default) {
                Some(expected) => mistakes.add(ConfigError::Type { key, place, expected }),
                None => _ = known.insert(name, value),
            },
        }
    }
    known
}

/// The defaults alone, with no section that an operator named.
fn nothing_given(schema: &Section) -> Section {
    let named = schema.iter().filter(|(name, _)| *name != ANY_NAME);
    let value = |default: &Value| match &default.kind {
        ValueKind::Table(schema) => Value::new(None, ValueKind::Table(nothing_given(schema))),
        _ => default.clone(),
    };
    named.map(|(name, default)| (name.clone(), value(default))).collect()
}

/// All keys of a configuration or a schema by their names, `section.key`.
pub fn flattened(section: Section) -> Vec<(String, Value)> {
    let mut keys = Vec::new();
    for (name, value) in section {
        match value.kind {
            ValueKind::Table(section) => keys.extend(flattened(section).into_iter().map(|(key, value)| (format!("{name}.{key}"), value))),
            _ => keys.push((name, value)),
        }
    }
    keys
}

/// What a value should be; `None` if it is that. In the environment everything is a text.
fn expected(value: &Value, default: &ValueKind) -> Option<Text> {
    let (is_right, expected) = match default {
        ValueKind::Boolean(_) => (value.clone().into_bool().is_ok(), pair("true or false", "true 或 false")),
        ValueKind::I64(_) => {
            (value.clone().into_int().is_ok_and(|number| u32::try_from(number).is_ok()), pair("a whole number, not negative", "非负整数"))
        }
        _ => (value.clone().into_string().is_ok(), pair("a text", "文本")),
    };
    (!is_right).then_some(expected)
}

/// The file in which a value stands.
fn place(value: &Value) -> Option<String> {
    // The library's word for the environment is misspelt.
    value.origin().filter(|origin| origin.ends_with(".toml")).map(str::to_owned)
}

/// The name that was meant, most likely.
pub fn similar(name: &str, known: impl Iterator<Item = impl AsRef<str>>) -> Option<String> {
    let distances = known.map(|known| (strsim::damerau_levenshtein(name, known.as_ref()), known.as_ref().to_owned()));
    distances.filter(|(distance, _)| *distance <= 1 + name.len() / 5).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use config::{File, FileFormat};

    use super::*;

    fn read(toml: &str) -> Config {
        Config::builder().add_source(File::from_str(toml, FileFormat::Toml)).build().unwrap()
    }

    /// The keys that come of it with their values, and the mistakes.
    fn known_of(given: &str) -> (Vec<(String, String)>, Vec<String>) {
        let schema = "[wechat]\nbody = \"b\"\n[accounts.\"<name>\"]\nbody = \"\"\nbudget = 100\n";
        let mut mistakes = Mistakes::default();
        let known = known(read(given), read(schema), &mut mistakes).unwrap();
        let mut keys: Vec<_> = flattened(known.into_table().unwrap()).into_iter().map(|(key, value)| (key, value.to_string())).collect();
        keys.sort();
        let mistakes = mistakes.or_else(Some(())).err();
        (keys, mistakes.iter().flat_map(|mistakes| mistakes.iter()).map(ToString::to_string).collect())
    }

    #[test]
    fn a_section_with_a_name_of_its_own_has_the_keys_of_its_template() {
        let key = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(known_of(""), (vec![key("wechat.body", "b")], vec![]), "the template is no section itself");
        let (keys, mistakes) = known_of("[accounts.a]\nbody = \"x\"\n[accounts.b]\n");
        let of_both = [("accounts.a.body", "x"), ("accounts.a.budget", "100"), ("accounts.b.body", ""), ("accounts.b.budget", "100")];
        assert_eq!(keys[..4], of_both.map(|(name, value)| key(name, value)));
        assert!(mistakes.is_empty(), "{mistakes:?}");
    }

    #[test]
    fn mistakes_in_such_sections_are_told_like_others() {
        for (given, told) in [
            ("[accounts.a]\nbodi = 1\n", "accounts.a.bodi: there is no such key; did you mean accounts.a.body?"),
            ("[accounts.a]\nbudget = \"x\"\n", "accounts.a.budget must be a whole number, not negative"),
            ("[accounts]\na = 5\n", "accounts.a must be a section"),
            ("accounts = 5\n", "accounts must be a section"),
            ("[acounts.a]\n", "acounts: there is no such key; did you mean accounts?"),
        ] {
            assert_eq!(known_of(given).1, [told], "{given}");
        }
    }
}
