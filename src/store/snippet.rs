//! The text of a document, and the piece of it that a search result shows.

use serde_json::Value;

use super::words;

/// Characters of a document that are searched.
const LONGEST_TEXT: usize = 16_000;
/// Characters of a snippet.
const LONGEST_SNIPPET: usize = 160;
/// Characters before the word that was found.
const BEFORE: usize = 40;

/// What a check asked and counted: nobody looks for its words.
const CHECK: &str = "check";

/// All strings and numbers of the document but those of its check, in order, bounded.
pub fn text(document: &Value) -> String {
    let mut into = String::new();
    match document {
        Value::Object(members) => members.iter().filter(|(name, _)| *name != CHECK).for_each(|(_, member)| collect(member, &mut into)),
        other => collect(other, &mut into),
    }
    into
}

/// The text around the first word of the query that stands in it.
pub fn snippet(document: &Value, query: &str) -> String {
    let text = text(document);
    let lower = text.to_ascii_lowercase();
    let found = words::names(query).filter_map(|word| lower.find(&word.to_ascii_lowercase())).min().unwrap_or(0);
    let start = text[..found].char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    let end = text[start..].char_indices().nth(LONGEST_SNIPPET).map_or(text.len(), |(at, _)| start + at);
    let (before, after) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{}{after}", text[start..end].trim())
}

fn collect(value: &Value, into: &mut String) {
    if into.len() >= LONGEST_TEXT {
        return;
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| collect(member, into)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::String(text) => {
            let end = text.char_indices().nth(LONGEST_TEXT).map_or(text.len(), |(at, _)| at);
            add(&text[..end], into);
        }
        Value::Number(number) => add(&number.to_string(), into),
        Value::Bool(_) | Value::Null => {}
    }
}

fn add(text: &str, into: &mut String) {
    if !into.is_empty() {
        into.push(' ');
    }
    into.push_str(text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_snippet_shows_the_word_that_was_found() {
        let long = format!("{} the Größe of CUSTOMER accounts {}", "ä ".repeat(300), "z ".repeat(300));
        let shown = snippet(&json!({"text": long}), "x customer");
        assert!(shown.starts_with('…') && shown.ends_with('…') && shown.contains("CUSTOMER accounts"), "{shown}");
        assert!(shown.chars().count() <= LONGEST_SNIPPET + 2);
        assert_eq!(snippet(&json!({"a": "one", "b": [2, null, "three"]}), "none"), "one 2 three");
        assert_eq!(snippet(&json!({}), ""), "");
    }
}
