//! What a JSON schema allows, in a line.

use serde_json::Value;

use crate::page::Language;

pub fn kind(schema: &Value, language: Language) -> String {
    if let Some(place) = schema["$ref"].as_str() {
        return place.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let (or, with) = if language == Language::Chinese { (" 或 ", " 加 ") } else { (" or ", " with ") };
    for (word, between) in [("anyOf", or), ("allOf", with)] {
        if let Some(parts) = schema[word].as_array() {
            return parts.iter().map(|part| kind(part, language)).collect::<Vec<_>>().join(between);
        }
    }
    let reasons = &schema["properties"]["reason"];
    if reasons["enum"].is_array() {
        return kind(reasons, language);
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    let types = schema["type"].as_array().into_iter().flatten().chain([&schema["type"]]).filter_map(Value::as_str);
    let mut kind = types.collect::<Vec<_>>().join(or);
    for (word, sign) in [("format", ""), ("pattern", ""), ("minimum", "≥ "), ("maximum", "≤ ")] {
        match &schema[word] {
            Value::Null => {}
            Value::String(value) => kind += &format!(" {sign}{value}"),
            value => kind += &format!(" {sign}{value}"),
        }
    }
    kind
}
