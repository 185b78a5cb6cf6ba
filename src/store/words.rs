//! Words for search: names are split as people read them (`order_items`, `orderItems`, `address2`), and the whole name is kept.
//!
//! Invariant: whatever the text, the query that comes of it is valid for FTS5.

/// Words of a query that are looked at; the rest is noise.
const MOST_WORDS: usize = 24;
/// Characters of a word.
const LONGEST_WORD: usize = 64;

/// The text with the parts of its names beside them.
pub fn to_index(text: &str, into: &mut String) {
    for word in names(text) {
        add(word, into);
        let parts = parts(word);
        if parts.len() > 1 {
            for part in &parts {
                add(part, into);
            }
            if word.contains('_') {
                add(&parts.concat(), into);
            }
        }
    }
}

/// A word of a query, with its pieces in the language of FTS5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The name as it was written.
    pub name: String,
    /// All its parts, where it has several.
    pub parts: Option<String>,
    /// The name in lower case, then its parts where it has several.
    pub prefixes: Vec<String>,
}

/// The words of a query; none where the text has none. Each is looked for as a prefix, and a name also by all its parts.
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for word in names(text) {
        let name = word.to_lowercase();
        if terms.iter().any(|term| term.prefixes[0] == name) {
            continue;
        }
        let parts = parts(word);
        let mut prefixes = vec![name];
        let several = parts.len() > 1;
        if several {
            prefixes.extend(parts.iter().map(|part| part.to_lowercase()));
        }
        let all = several.then(|| format!("({})", parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(" AND ")));
        terms.push(Term { name: quoted(word), parts: all, prefixes });
        if terms.len() == MOST_WORDS {
            break;
        }
    }
    terms
}

/// Any of the words is a hit.
pub fn any_of(terms: &[Term]) -> String {
    let pieces = terms.iter().flat_map(|term| [Some(term.name.as_str()), term.parts.as_deref()]);
    pieces.flatten().collect::<Vec<_>>().join(" OR ")
}

/// The names of a text: runs of letters, digits and underscores, cut where they are too long.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .map(|word| word.trim_matches('_'))
        .filter(|word| !word.is_empty())
        .map(|word| word.char_indices().nth(LONGEST_WORD).map_or(word, |(end, _)| &word[..end]))
}

/// `HTTPServer_v2` → `HTTP`, `Server`, `v`, `2`.
pub fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in word.split('_').filter(|piece| !piece.is_empty()) {
        let mut start = 0;
        let mut before: Option<char> = None;
        let mut chars = piece.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let after = chars.peek().map(|(_, next)| *next);
            if at > start && before.is_some_and(|before| begins_part(before, c, after)) {
                parts.push(&piece[start..at]);
                start = at;
            }
            before = Some(c);
        }
        parts.push(&piece[start..]);
    }
    parts
}

fn begins_part(before: char, c: char, after: Option<char>) -> bool {
    (before.is_lowercase() && c.is_uppercase())
        || (before.is_uppercase() && c.is_uppercase() && after.is_some_and(char::is_lowercase))
        || before.is_numeric() != c.is_numeric()
}

/// One letter alone would be a prefix of nearly everything.
fn quoted(word: &str) -> String {
    if word.chars().nth(1).is_some() { format!("\"{word}\"*") } else { format!("\"{word}\"") }
}

fn add(word: &str, into: &mut String) {
    if !into.is_empty() {
        into.push(' ');
    }
    into.push_str(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_as_people_read_them() {
        for (word, expect) in [
            ("orders", "orders"),
            ("order_items", "order items"),
            ("orderItems", "order Items"),
            ("HTTPServer", "HTTP Server"),
            ("address2", "address 2"),
            ("v2Final", "v 2 Final"),
            ("ÄußereGröße", "Äußere Größe"),
            ("ID", "ID"),
        ] {
            assert_eq!(parts(word).join(" "), expect);
        }
    }

    #[test]
    fn the_index_keeps_the_name_and_its_parts() {
        let mut text = String::new();
        to_index("shop.order_items, address2!", &mut text);
        assert_eq!(text, "shop order_items order items orderitems address2 address 2");
    }

    #[test]
    fn any_text_is_a_query_or_none() {
        for (text, expect) in [
            ("", ""),
            ("\" ' * ( ) ___ --", ""),
            ("c++", "\"c\""),
            ("Orders orders", "\"Orders\"*"),
            ("a_b", "\"a_b\"* OR (\"a\" AND \"b\")"),
            ("shop.orders", "\"shop\"* OR \"orders\"*"),
        ] {
            assert_eq!(any_of(&terms(text)), expect, "{text}");
        }
    }
}
