//! The examples of `/docs`: read out of the page, sent as they stand there, and held against what is really answered.

use serde_json::Value;

use super::http::{Answer, Caller};

/// A call as the page shows it.
#[derive(Debug, Clone)]
pub struct Example {
    /// The operation's name.
    pub id: String,
    /// The command.
    pub asked: String,
    /// What it answers.
    pub answered: String,
}

/// A command, taken apart.
#[derive(Debug, Default)]
pub struct Command {
    pub address: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// Those of the page, in its order.
pub fn on(page: &str) -> Vec<Example> {
    let between = |text: &str, before: &str, after: &str| {
        let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        quick_xml::escape::unescape(found.unwrap_or_else(|| panic!("no {before} in {text}")).0).unwrap().into_owned()
    };
    let calls = page.split("<section class=\"card\" id=\"").skip(1).filter(|call| call.contains("<span class=\"method\">"));
    let example = |call: &str| Example {
        id: call.split('"').next().unwrap().to_owned(),
        asked: between(call, "<pre class=\"asked\"><code>", "</code></pre>"),
        answered: between(call, "<pre class=\"answered\"><code>", "</code></pre>"),
    };
    calls.map(example).collect()
}

impl Example {
    /// With other values, such as the number of an order that there is.
    #[must_use]
    pub fn with(&self, values: &[(&str, &str)]) -> Self {
        let asked = values.iter().fold(self.asked.clone(), |asked, (shown, value)| asked.replace(shown, value));
        Self { asked, ..self.clone() }
    }

    pub fn command(&self) -> Command {
        let words = words(&self.asked);
        assert_eq!(words[0], "curl", "{}", self.asked);
        assert!(["-s", "-sN"].contains(&&*words[1]), "{}", self.asked);
        let mut command = Command { address: words[2].clone(), ..Command::default() };
        for option in words[3..].chunks(2) {
            match &*option[0] {
                "-H" => command.headers.push(option[1].split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap()),
                "-d" => command.body = Some(option[1].clone()),
                other => panic!("{other} in {}", self.asked),
            }
        }
        command
    }

    /// Sends it to a running service, which must answer as is shown.
    pub async fn holds(&self, till: &Caller) -> Answer {
        let command = self.command();
        let path = command.address.strip_prefix("localhost:8360").unwrap_or_else(|| panic!("{}", self.asked));
        let request = till.request(if command.body.is_some() { "POST" } else { "GET" }, path);
        let request = command.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = till.send(request.body(command.body.unwrap_or_default())).await;
        assert_eq!(answer.status, 200, "{}: {}", self.asked, answer.body);
        if let Err(why) = looks_like(&self.answered, &answer.body) {
            panic!("{}\nis not answered as shown: {why}\nshown: {}\ntruly: {}", self.asked, self.answered, answer.body);
        }
        answer
    }
}

/// As a shell reads them: words in single quotes, and lines that go on.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    let command = command.replace(" \\\n", " ");
    let mut signs = command.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => word.extend(signs.next()),
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            sign => {
                let is_plain = is_quoted || sign.is_ascii_alphanumeric() || "-_.:/".contains(sign);
                assert!(is_plain, "a shell does something with {sign} in {command}");
                word.push(sign);
            }
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// JSON and events by their fields, another text by what stands before its "…".
fn looks_like(shown: &str, real: &str) -> Result<(), String> {
    if let Ok(shown) = serde_json::from_str::<Value>(shown) {
        return has_shape(&shown, &serde_json::from_str(real).map_err(|error| error.to_string())?, "it");
    }
    if let Some(data) = shown.strip_prefix("event: state\ndata: ") {
        let real = real.strip_prefix("event: state\ndata: ").ok_or("it is no such event")?;
        return looks_like(data.trim_end(), real.trim_end());
    }
    match shown.split_once('…') {
        Some((beginning, _)) if real.starts_with(beginning) => Ok(()),
        None if real == shown => Ok(()),
        _ => Err("another text".to_owned()),
    }
}

/// The same fields of the same types. A field "…" stands for others.
fn has_shape(shown: &Value, real: &Value, what: &str) -> Result<(), String> {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            if let Some(more) = real.keys().find(|name| !shown.contains_key(*name) && !shown.contains_key("…")) {
                return Err(format!("{what} has {more} too"));
            }
            shown.iter().filter(|(name, _)| *name != "…").try_for_each(|(name, value)| {
                let real = real.get(name).ok_or(format!("{what} has no {name}"))?;
                has_shape(value, real, &format!("{what}.{name}"))
            })
        }
        (Value::Array(shown), Value::Array(real)) => shown.iter().try_for_each(|element| {
            let differences: Vec<_> = real.iter().map_while(|real| has_shape(element, real, what).err()).collect();
            if differences.len() < real.len() { Ok(()) } else { Err(format!("{what}: none is like {element}: {differences:?}")) }
        }),
        _ if std::mem::discriminant(shown) == std::mem::discriminant(real) => Ok(()),
        _ => Err(format!("{what} is {real}, and {shown} is shown")),
    }
}
