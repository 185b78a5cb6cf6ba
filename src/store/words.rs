//! Words for search: names are split as people read them (`order_items`, `orderItems`, `address2`), and the whole name is kept.
//!
//! Invariant: a word has letters, digits and underscores, so that whatever the text, the query that comes of it is valid.

/// Words of a query that are looked at; the rest is noise.
const MOST_WORDS: usize = 24;
/// Characters of a word.
const LONGEST_WORD: usize = 64;
/// Hits of one search, whatever is asked for.
pub const MOST_HITS: usize = 200;
/// Hits that the rarest words should have, for each that is asked for: enough for filters to leave some over.
const ROOM: usize = 4;
const LEAST_ROOM: usize = 40;

/// The text with the parts of its names beside them: those between underscores and capitals, and of each the letters and the digits.
pub fn to_index(text: &str, into: &mut String) {
    for word in names(text) {
        add(word, into);
        let parts = parts(word);
        for part in &parts {
            if parts.len() > 1 {
                add(part, into);
            }
            let pieces = if part.contains(char::is_numeric) { letters_and_digits(part) } else { Vec::new() };
            if pieces.len() > 1 {
                pieces.iter().for_each(|piece| add(piece, into));
            }
        }
        if word.contains('_') {
            add(&parts.concat(), into);
        }
    }
}

/// A word of a query, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub name: String,
    /// The name as others write it, where it has underscores.
    pub joined: Option<String>,
    /// Its parts, where it has several.
    pub parts: Vec<String>,
    /// Their letters and digits apart, where that is something else.
    pub finest: Vec<String>,
}

/// Words that must all stand in an entry, each as a prefix.
pub type Piece<'t> = &'t [String];

impl Term {
    /// The name as it was written or as others write it, or all its parts.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let names = std::iter::once(&self.name).chain(&self.joined).map(std::slice::from_ref);
        names.chain(std::iter::once(self.parts.as_slice()).filter(|parts| !parts.is_empty()))
    }

    /// All words that are looked for.
    pub fn words(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.name).chain(&self.joined).chain(&self.parts)
    }

    fn of(word: &str) -> Self {
        let lower = |parts: &[&str]| if parts.len() > 1 { parts.iter().map(|part| part.to_lowercase()).collect() } else { Vec::new() };
        let parts = parts(word);
        let finest: Vec<&str> = parts.iter().flat_map(|part| letters_and_digits(part)).collect();
        Self {
            name: word.to_lowercase(),
            joined: word.contains('_').then(|| parts.concat().to_lowercase()),
            finest: if finest.len() > parts.len() { lower(&finest) } else { Vec::new() },
            parts: lower(&parts),
        }
    }
}

/// The words of a query; none where the text has none. Each is looked for as a prefix, and a name also by all its parts.
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for word in names(text) {
        let term = Term::of(word);
        if terms.iter().any(|known| known.name == term.name) {
            continue;
        }
        terms.push(term);
        if terms.len() == MOST_WORDS {
            break;
        }
    }
    terms
}

/// The rarest pieces of the terms, as many as make about `room` hits and at least one; none where that is all of them.
/// Of a name that is known as it was written, the parts are left out. `count` says in how many entries a prefix stands, or nothing where
/// nobody has counted them, because they are few.
pub fn rarest(terms: &[Term], room: i64, count: impl Fn(&str) -> Option<i64>) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut complete = true;
    for term in terms {
        let names = std::iter::once(&term.name).chain(&term.joined);
        let before = pieces.len();
        pieces.extend(names.map(|name| (count(name), std::slice::from_ref(name))));
        let is_known = pieces[before..].iter().any(|(count, _)| count.is_some_and(|count| count > 0));
        if !is_known && !term.parts.is_empty() {
            pieces.push((term.parts.iter().map(|part| count(part)).min().flatten(), &term.parts));
        }
        complete &= !is_known || term.parts.is_empty();
    }
    pieces.sort_by_key(|(count, _)| count.unwrap_or(0));
    let (mut hits, mut may_hit) = (0, false);
    let fitting = pieces.iter().take_while(|(count, _)| {
        hits += count.unwrap_or(0);
        let fits = !may_hit || hits <= room;
        may_hit |= *count != Some(0);
        fits
    });
    let rarest: Vec<Piece<'_>> = fitting.map(|(_, piece)| *piece).collect();
    (!complete || rarest.len() < pieces.len()).then_some(rarest)
}

/// Where nothing was found: names by their letters and digits apart, `t17` as `t` and `17`. None where no name has both.
pub fn finest(terms: &[Term]) -> Option<Vec<Piece<'_>>> {
    let apart = |term: &Term| !term.finest.is_empty();
    terms.iter().any(apart).then(|| terms.iter().filter(|term| apart(term)).map(|term| term.finest.as_slice()).collect())
}

/// Hits that are enough for a search with this limit.
pub fn room(limit: usize) -> i64 {
    LEAST_ROOM.max(ROOM * limit) as i64
}

/// Whether a word may be looked for as a prefix: one letter alone would be a prefix of nearly everything.
pub fn is_prefix(word: &str) -> bool {
    word.chars().nth(1).is_some()
}

/// The names of a text: runs of letters, digits and underscores, cut where they are too long.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .map(|word| word.trim_matches('_'))
        .filter(|word| !word.is_empty())
        .map(|word| word.char_indices().nth(LONGEST_WORD).map_or(word, |(end, _)| &word[..end]))
}

/// `HTTPServer_v2` → `HTTP`, `Server`, `v2`.
pub fn parts(word: &str) -> Vec<&str> {
    word.split('_').flat_map(|piece| split(piece, begins_part)).collect()
}

/// `v2` → `v`, `2`.
fn letters_and_digits(part: &str) -> Vec<&str> {
    split(part, |before, c, _| before.is_numeric() != c.is_numeric())
}

/// Before each sign that begins another part, told by the sign before it, itself and the one after.
fn split(piece: &str, begins: impl Fn(char, char, Option<char>) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    let mut chars = piece.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, next)| *next);
        if at > start && before.is_some_and(|before| begins(before, c, after)) {
            parts.push(&piece[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start < piece.len() {
        parts.push(&piece[start..]);
    }
    parts
}

fn begins_part(before: char, c: char, after: Option<char>) -> bool {
    ((before.is_lowercase() || before.is_numeric()) && c.is_uppercase())
        || (before.is_uppercase() && c.is_uppercase() && after.is_some_and(char::is_lowercase))
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
            ("address2", "address2"),
            ("order_t17", "order t17"),
            ("v2Final", "v2 Final"),
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
        let mut text = String::new();
        to_index("order_t17", &mut text);
        assert_eq!(text, "order_t17 order t17 t 17 ordert17");
    }

    #[test]
    fn a_name_is_taken_apart_only_as_far_as_is_needed() {
        let pieces = |text: &str| {
            let terms = terms(text);
            let shown = |pieces: Vec<Piece<'_>>| pieces.iter().map(|piece| piece.join("+")).collect::<Vec<_>>().join(" ");
            (shown(terms.iter().flat_map(Term::pieces).collect()), finest(&terms).map(shown))
        };
        assert_eq!(pieces("T17"), ("t17".to_owned(), Some("t+17".to_owned())));
        assert_eq!(pieces("order_t17"), ("order_t17 ordert17 order+t17".to_owned(), Some("order+t+17".to_owned())));
        assert_eq!(pieces("placed_at orders"), ("placed_at placedat placed+at orders".to_owned(), None));
    }

    #[test]
    fn the_rarest_words_are_looked_for_first() {
        let count = |word: &str| match word {
            "order" => Some(900),
            "orders" | "a_b" => Some(500),
            "rare" => Some(3),
            "uncounted" => None,
            _ => Some(0),
        };
        let rarest = |text: &str| {
            let terms = terms(text);
            rarest(&terms, 10, count).map(|pieces| pieces.iter().map(|piece| piece.join("+")).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(rarest("rare orders").as_deref(), Some("rare"));
        assert_eq!(rarest("orders order").as_deref(), Some("orders"));
        assert_eq!(rarest("rare unknown"), None);
        assert_eq!(rarest("orders uncounted").as_deref(), Some("uncounted"), "what nobody counted is rarer than what many have");
        assert_eq!(rarest("orders unknown order").as_deref(), Some("unknown orders"), "what nobody has makes no hits");
        assert_eq!(rarest("a_b rare").as_deref(), Some("ab rare"), "a name that is known stands without its parts");
        assert_eq!(rarest("orderRare order").as_deref(), Some("orderrare order+rare"));
    }
}
