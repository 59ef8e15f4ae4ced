//! A template: a page with `{{names}}` in it. Ten lines do what is needed here, so there is no template engine.

/// What may stand in a page: every value is escaped, unless it says that it is markup.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// HTML that was made here.
    Markup(&'a str),
}

/// Fills the template. A name that has no value stays empty.
pub fn fill<'a>(template: &'a str, value: impl Fn(&'a str) -> Option<Value<'a>>) -> String {
    let mut page = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, (name, after))) = rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?))) {
        page.push_str(before);
        match value(name) {
            Some(Value::Text(text)) => page.push_str(&quick_xml::escape::escape(text)),
            Some(Value::Markup(markup)) => page.push_str(markup),
            None => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_text_unless_it_says_otherwise() {
        let page = fill("<p title=\"{{a}}\">{{b}}{{c}}</p>{{", |name| match name {
            "a" => Some(Value::Text("\"'<>&{{b}}")),
            "b" => Some(Value::Markup("<br>")),
            _ => None,
        });
        assert_eq!(page, "<p title=\"&quot;&apos;&lt;&gt;&amp;{{b}}\"><br></p>{{");
    }
}
