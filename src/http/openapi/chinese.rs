//! Translations of the description: what `/docs` says in Chinese. `/openapi.json` stays one document, in English.
//!
//! Each sentence stands in a file of `chinese/`: a line in English as the document has it, the line in Chinese, an empty line.

use std::collections::HashMap;
use std::sync::LazyLock;

const FILES: [&str; 4] = [
    include_str!("chinese/calls.txt"),
    include_str!("chinese/parameters.txt"),
    include_str!("chinese/fields.txt"),
    include_str!("chinese/answers.txt"),
];

static SENTENCES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let pairs = FILES.iter().flat_map(|file| file.split("\n\n"));
    pairs.filter_map(|pair| pair.trim_end().split_once('\n')).collect()
});

/// The sentence in Chinese; in English where nobody has translated it, which a test forbids.
pub fn chinese(sentence: &str) -> &str {
    SENTENCES.get(sentence).copied().unwrap_or(sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::DOCUMENT;
    use super::*;

    /// What the document says to people.
    fn sentences<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(name, _)| !["example", "examples", "links"].contains(&name.as_str())) {
                    match member {
                        Value::String(text) if ["description", "summary"].contains(&name.as_str()) => drop(found.insert(text)),
                        _ => sentences(member, found),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| sentences(element, found)),
            _ => {}
        }
    }

    #[test]
    fn every_sentence_has_its_chinese_and_none_is_left_over() {
        let mut said = BTreeSet::new();
        ["tags", "paths", "webhooks", "components"].iter().for_each(|part| sentences(&DOCUMENT[*part], &mut said));
        said.extend(DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()));
        said.extend(DOCUMENT["info"]["description"].as_str());
        let known: BTreeSet<_> = SENTENCES.keys().copied().collect();
        assert!(said.len() > 200, "the sentences are looked for in the wrong way");
        let (missing, left_over): (Vec<_>, Vec<_>) = (said.difference(&known).collect(), known.difference(&said).collect());
        assert!(missing.is_empty() && left_over.is_empty(), "without Chinese: {missing:#?}; said no more: {left_over:#?}");
        assert!(SENTENCES.values().all(|chinese| chinese.chars().any(|c| c > '\u{3000}')), "some are not Chinese");
        assert_eq!(FILES.iter().map(|file| file.split("\n\n").count()).sum::<usize>(), SENTENCES.len(), "one stands there twice");
    }
}
