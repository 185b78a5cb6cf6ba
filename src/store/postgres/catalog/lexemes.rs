//! Words in the language of PostgreSQL's `tsvector` and `tsquery`, made here, so that no dictionary of the server has a say.
//!
//! Invariant: words have letters, digits and underscores only, so that nothing needs escaping inside quotes.

use unicode_normalization::UnicodeNormalization;

use crate::store::words::{self, Piece};

/// Bytes of a vector, about; a server refuses more than a megabyte.
const LONGEST: usize = 500_000;
/// A server counts no positions beyond.
const LAST_POSITION: usize = 16_383;

/// Key, label and text with the weights A, B and C.
pub fn vector(fields: &[String; 3]) -> String {
    let mut vector = String::new();
    let mut position = 0;
    for (field, weight) in fields.iter().zip(['A', 'B', 'C']) {
        for word in field.split(' ').filter(|word| !word.is_empty()) {
            if vector.len() > LONGEST {
                return vector;
            }
            position = LAST_POSITION.min(position + 1);
            vector.push_str(&format!("'{}':{position}{weight} ", folded(word)));
        }
    }
    vector
}

/// Every word of the piece must be there.
pub fn query(piece: Piece<'_>) -> String {
    let words: Vec<String> = piece
        .iter()
        .map(|word| if words::is_prefix(word) { format!("'{}':*", folded(word)) } else { format!("'{}'", folded(word)) })
        .collect();
    if words.len() == 1 { words.concat() } else { format!("({})", words.join(" & ")) }
}

/// In lower case, without diacritics.
pub fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_on_both_sides() {
        assert_eq!(vector(&["Größe".to_owned(), String::new(), "a Größe".to_owned()]), "'große':1A 'a':2C 'große':3C ");
        assert_eq!(query(&["größe".to_owned()]), "'große':*");
        assert_eq!(query(&["a".to_owned(), "naïve".to_owned()]), "('a' & 'naive':*)");
        assert!(vector(&[String::new(), String::new(), "word ".repeat(200_000)]).len() < 600_000);
    }
}
