//! Small work on text that briefs, checks and rules share: cutting at a bound, and the words of names and sentences.

use serde_json::Value;

/// The text, or its beginning with an ellipsis where it is longer than the bound.
pub fn cut(text: &str, bound: usize) -> String {
    if text.len() <= bound {
        return text.to_owned();
    }
    let end = (0..=bound).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// One line: line breaks and runs of blanks become one blank, then cut.
pub fn line(text: &str, bound: usize) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), bound)
}

/// A JSON value as it is, or the beginning of its text where that is longer than the bound.
pub fn bounded(value: &Value, bound: usize) -> Value {
    let text = value.to_string();
    if text.len() <= bound { value.clone() } else { serde_json::json!({ "cut": cut(&text, bound) }) }
}

/// The words of a name or a sentence, lower case: split at case changes, digits' borders and everything that is no letter or digit.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    for c in text.chars() {
        let camel = before.is_some_and(|before| before.is_lowercase() && c.is_uppercase());
        let digits = before.is_some_and(|before| before.is_alphanumeric() && before.is_numeric() != c.is_numeric());
        if (!c.is_alphanumeric() || camel || digits) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// An English word without its plural ending; good enough to match `orders` with `order`.
pub fn singular(word: &str) -> String {
    match word {
        _ if word.len() > 4 && word.ends_with("ies") => format!("{}y", &word[..word.len() - 3]),
        _ if word.len() > 4 && ["sses", "shes", "ches", "xes"].iter().any(|ending| word.ends_with(ending)) => {
            word[..word.len() - 2].to_owned()
        }
        _ if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") => word[..word.len() - 1].to_owned(),
        _ => word.to_owned(),
    }
}

/// The words that carry a sentence: no short ones, no numbers, no words of our own trade.
pub fn telling_words(text: &str) -> Vec<String> {
    const COMMON: [&str; 40] = [
        "about",
        "advance",
        "all",
        "and",
        "are",
        "column",
        "columns",
        "data",
        "database",
        "discovery",
        "does",
        "each",
        "find",
        "for",
        "from",
        "has",
        "have",
        "how",
        "into",
        "its",
        "look",
        "out",
        "row",
        "rows",
        "schema",
        "step",
        "table",
        "tables",
        "that",
        "the",
        "their",
        "them",
        "this",
        "what",
        "when",
        "which",
        "who",
        "with",
        "write",
        "you",
    ];
    let mut telling: Vec<String> = Vec::new();
    for word in words(text) {
        let carries = word.len() > 2 && word.chars().any(char::is_alphabetic) && !COMMON.contains(&word.as_str());
        if carries && !telling.contains(&word) {
            telling.push(word);
        }
    }
    telling
}

/// A document in one line: what it says first, or its JSON.
pub fn snippet(document: &Value, bound: usize) -> String {
    let telling = ["summary", "meaning", "claim", "question", "text", "description"];
    let said = telling.iter().find_map(|member| document.get(member).and_then(Value::as_str));
    match said {
        Some(said) => line(said, bound),
        None => line(&document.to_string(), bound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        let check = |text: &str, expect: &[&str]| assert_eq!(words(text), expect, "{text}");
        check("order_items", &["order", "items"]);
        check("customerId", &["customer", "id"]);
        check("shop.t0001", &["shop", "t", "0001"]);
        check("Find what `status` means!", &["find", "what", "status", "means"]);
        check("", &[]);
    }

    #[test]
    fn plurals_fall_away() {
        let check = |word: &str, expect: &str| assert_eq!(singular(word), expect);
        check("orders", "order");
        check("categories", "category");
        check("status", "status");
        check("address", "address");
        check("boxes", "box");
        check("gas", "gas");
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("äöü", 3), "ä…");
        assert_eq!(cut("short", 10), "short");
        assert_eq!(line("two\n  lines", 40), "two lines");
    }
}
