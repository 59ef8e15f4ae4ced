//! A schema: which keys there are, and of which types, those of `config/default.toml`. What is wrong with a name or a type is found here
//! for all keys at once; serde would stop at the first, and quote its value.

use config::{Config, Map, Value, ValueKind};

use crate::language::{Text, pair};

use super::error::ConfigError;
use super::mistakes::Mistakes;

/// The sections with their keys.
type Sections = Map<String, Map<String, Value>>;

/// A configuration with the keys that there are: what is unknown is left out, what has a wrong type keeps its default.
pub fn known(given: Config, defaults: Config, mistakes: &mut Mistakes) -> Result<Value, ConfigError> {
    let mut known = defaults.try_deserialize::<Sections>()?;
    // As it is kept: what is deserialized does not know any more where it stood.
    for (section, values) in given.cache.into_table()? {
        let Some(keys) = known.get_mut(&section) else {
            mistakes.add(unknown(&section, &values, known.keys()));
            continue;
        };
        let origin = values.clone();
        let Ok(values) = values.into_table() else {
            mistakes.add(ConfigError::Type { key: section, place: place(&origin), expected: pair("a section", "一个段") });
            continue;
        };
        for (name, value) in values {
            let key = format!("{section}.{name}");
            match keys.get_mut(&name) {
                None => mistakes.add(unknown(&key, &value, keys.keys().map(|known| format!("{section}.{known}")))),
                Some(default) => match expected(&value, default) {
                    Some(expected) => mistakes.add(ConfigError::Type { key, place: place(&value), expected }),
                    None => *default = value,
                },
            }
        }
    }
    let sections = known.into_iter().map(|(section, keys)| (section, Value::new(None, ValueKind::Table(keys))));
    Ok(Value::new(None, ValueKind::Table(sections.collect())))
}

/// What a value should be; `None` if it is that. In the environment everything is a text.
fn expected(value: &Value, default: &Value) -> Option<Text> {
    let (is_right, expected) = match default.kind {
        ValueKind::Boolean(_) => (value.clone().into_bool().is_ok(), pair("true or false", "true 或 false")),
        ValueKind::I64(_) => {
            (value.clone().into_int().is_ok_and(|number| u32::try_from(number).is_ok()), pair("a whole number, not negative", "非负整数"))
        }
        _ => (value.clone().into_string().is_ok(), pair("a text", "文本")),
    };
    (!is_right).then_some(expected)
}

fn unknown(key: &str, value: &Value, known: impl Iterator<Item = impl AsRef<str>>) -> ConfigError {
    ConfigError::Unknown { key: key.to_owned(), place: place(value), similar: similar(key, known) }
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
