//! The OpenAPI document, held against what is really answered. More strictly than a reader of it would: a field that is
//! not described is a fault here, although callers are told to expect new ones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::http::Answer;

/// The document, and which statuses were answered so far.
pub struct Description {
    document: Value,
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl Description {
    pub fn new(document: Value) -> Self {
        Self { document, seen: BTreeMap::new() }
    }

    pub fn document(&self) -> &Value {
        &self.document
    }

    pub fn paths(&self) -> BTreeSet<String> {
        self.document["paths"].as_object().unwrap().keys().cloned().collect()
    }

    pub fn methods(&self, path: &str) -> Vec<&str> {
        self.document["paths"][path].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// Path, method and operation.
    pub fn operations(&self) -> impl Iterator<Item = (&String, &String, &Value)> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation)))
    }

    pub fn statuses(&self, method: &str, path: &str) -> BTreeSet<String> {
        self.document["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
    }

    pub fn seen(&self, method: &str, path: &str) -> &BTreeSet<String> {
        &self.seen[&format!("{method} {path}")]
    }

    /// Every `$ref`.
    pub fn references(&self) -> BTreeSet<&str> {
        fn walk<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get("$ref").and_then(Value::as_str));
                    members.values().for_each(|member| walk(member, found));
                }
                Value::Array(elements) => elements.iter().for_each(|element| walk(element, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        walk(&self.document, &mut found);
        found
    }

    /// What a reference leads to; anything else is itself.
    pub fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |place| self.document.pointer(place.trim_start_matches('#')).expect(place))
    }

    /// Holds an answer against its description, and gives its JSON, if it is any.
    #[track_caller]
    pub fn holds(&mut self, method: &str, path: &str, answer: &Answer) -> Value {
        let (what, status) = (format!("{method} {path}"), answer.status.to_string());
        let described = &self.document["paths"][path][method]["responses"][&status];
        assert!(described.is_object(), "{what}: {status} is not described: {}", answer.body);
        let response = self.follow(described);
        for (name, header) in response["headers"].as_object().unwrap() {
            let required = self.follow(header)["required"] == true;
            assert!(!required || answer.header(name).is_some(), "{what}: {status} is without {name}");
        }
        let kind = answer.header("content-type").unwrap().split(';').next().unwrap();
        let content = &response["content"][kind];
        assert!(content.is_object(), "{what}: {status} is described without {kind}");
        let mut json = Value::Null;
        if kind == "application/json" {
            json = answer.json();
            if let Err(why) = self.check(&content["schema"], &json) {
                panic!("{what}: {status}: {why}: {json}");
            }
            self.all_known(&content["schema"], &json, &what);
        }
        self.seen.entry(what).or_default().insert(status);
        json
    }

    /// Holds a value against a schema of the components.
    #[track_caller]
    pub fn fits(&self, name: &str, value: &Value) {
        let schema = &self.document["components"]["schemas"][name];
        self.check(schema, value).unwrap();
        self.all_known(schema, value, name);
    }

    /// The part of JSON Schema that the document uses; `pattern` and `format` are left to the other test.
    fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        const KNOWN: [&str; 16] = [
            "$ref",
            "allOf",
            "anyOf",
            "type",
            "enum",
            "required",
            "properties",
            "items",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
            "description",
            "format",
            "pattern",
            "xml",
        ];
        let keywords = schema.as_object().unwrap();
        if let Some(strange) = keywords.keys().find(|keyword| !KNOWN.contains(&keyword.as_str())) {
            return Err(format!("{strange} is not looked at"));
        }
        if keywords.contains_key("$ref") {
            return self.check(self.follow(schema), value);
        }
        let all = |word: &str| schema[word].as_array().into_iter().flatten();
        all("allOf").try_for_each(|part| self.check(part, value))?;
        let choices: Vec<_> = all("anyOf").map(|part| self.check(part, value)).collect();
        if !choices.is_empty() && choices.iter().all(Result::is_err) {
            return Err(format!("none of them fits: {choices:?}"));
        }
        let is_of_type = |word: &Value| match word.as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("boolean") => value.is_boolean(),
            Some("null") => value.is_null(),
            _ => false,
        };
        let is_right_type = match &schema["type"] {
            Value::Null => !keywords.contains_key("type"),
            Value::Array(types) => types.iter().any(is_of_type),
            word => is_of_type(word),
        };
        let number = |word: &str| schema[word].as_i64();
        let length = value.as_array().map(|elements| i64::try_from(elements.len()).unwrap());
        let within = |given: Option<i64>, least: &str, most: &str| {
            given.is_none_or(|given| number(least).is_none_or(|least| given >= least) && number(most).is_none_or(|most| given <= most))
        };
        if !is_right_type || !within(value.as_i64(), "minimum", "maximum") || !within(length, "minItems", "maxItems") {
            return Err(format!("{value} is not {schema}"));
        }
        if schema["enum"].is_array() && !all("enum").any(|allowed| allowed == value) {
            return Err(format!("{value} is not one of {}", schema["enum"]));
        }
        if let Some(missing) = all("required").find(|name| value.get(name.as_str().unwrap()).is_none()) {
            return Err(format!("{missing} is missing"));
        }
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            value.get(name).map_or(Ok(()), |member| self.check(schema, member))?;
        }
        value.as_array().into_iter().flatten().try_for_each(|element| self.check(&schema["items"], element))
    }

    /// Every field has its place among those that the schema names.
    #[track_caller]
    fn all_known(&self, schema: &Value, value: &Value, what: &str) {
        let mut names = BTreeSet::new();
        self.names(schema, value, &mut names);
        let strange: Vec<_> = value.as_object().unwrap().keys().filter(|name| !names.contains(name.as_str())).collect();
        // A description without fields describes any object.
        assert!(names.is_empty() || strange.is_empty(), "{what}: not described: {strange:?}");
    }

    fn names<'a>(&'a self, schema: &'a Value, value: &Value, names: &mut BTreeSet<&'a str>) {
        let schema = self.follow(schema);
        names.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()));
        let parts = ["allOf", "anyOf"].iter().flat_map(|word| schema[*word].as_array().into_iter().flatten());
        parts.filter(|part| self.check(part, value).is_ok()).for_each(|part| self.names(part, value, names));
    }
}
