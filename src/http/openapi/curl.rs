//! The example of a call, as a command for a terminal and as what is answered, made of the examples in its description.

use serde_json::Value;

/// Where `cargo run` listens.
const SERVICE: &str = "localhost:8360";
/// Where a back end might listen for webhooks.
const BACK_END: &str = "localhost:8090/told";

/// The command that makes the call.
pub fn command(path: &str, operation: &Value) -> String {
    let mut parts = vec![format!("curl -s{} {}", patience(operation), quoted_address(&address(path, operation)))];
    parts.extend(examples(operation, "header").map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}")))));
    if let Some((kind, body)) = example(&operation["requestBody"]) {
        parts.push(format!("-H {}", quoted(&format!("content-type: {kind}"))));
        parts.push(format!("-d {}", quoted(&plain(body))));
    }
    parts.join(" \\\n  ")
}

/// What is answered. A webhook is answered by the back end.
pub fn answer(operation: &Value) -> Option<String> {
    let Some(happy) = operation["responses"].get("200") else { return Some("HTTP/1.1 204 No Content".to_owned()) };
    let (_, answer) = example(happy)?;
    Some(answer.as_str().map_or_else(|| format!("{answer:#}"), str::to_owned))
}

/// Further answers by their names: refusals above all.
pub fn other_answers(operation: &Value) -> impl Iterator<Item = (&String, String)> {
    let contents = operation["responses"]["200"]["content"].as_object().into_iter().flatten();
    let named = contents.flat_map(|(_, content)| content["examples"].as_object().into_iter().flatten().skip(1));
    named.map(|(name, example)| (name, format!("{:#}", example["value"])))
}

/// Of a body: its content type and the example, or the first of several.
fn example(body: &Value) -> Option<(&String, &Value)> {
    body["content"].as_object()?.iter().find_map(|(kind, content)| {
        let first = || content["examples"].as_object()?.values().next()?.get("value");
        Some((kind, content.get("example").or_else(first)?))
    })
}

/// The parameters in one place that have an example.
fn examples<'a>(operation: &'a Value, place: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().filter(move |parameter| parameter["in"] == place);
    parameters.filter_map(|parameter| Some((parameter["name"].as_str()?, plain(parameter.get("example")?))))
}

fn address(path: &str, operation: &Value) -> String {
    if !path.starts_with('/') {
        return BACK_END.to_owned();
    }
    let path = examples(operation, "path").fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), &value));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(examples(operation, "query")).finish();
    format!("{SERVICE}{path}{}{query}", if query.is_empty() { "" } else { "?" })
}

/// A stream is shown as it comes.
fn patience(operation: &Value) -> &'static str {
    if operation["responses"]["200"]["content"].get("text/event-stream").is_some() { "N" } else { "" }
}

/// A text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn quoted_address(address: &str) -> String {
    if address.contains('?') { quoted(address) } else { address.to_owned() }
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
