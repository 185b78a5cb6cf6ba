//! The even form of a text: one spelling for all queries that differ in literals, blanks, comments and case alone.
//!
//! Invariant: no literal is left in a [`Digest`], for any of them may be a secret; what may have been meant as one counts as one.

use std::collections::BTreeSet;

use super::lex::{self, Kind};
use super::{Dialect, MAX_SQL_BYTES};

/// A query without its literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The same for the same even text.
    pub id: String,
    /// Cut where it is very long.
    pub text: String,
}

/// Whether the guard has let the text through. In one that it refused, a quote may stand where nobody meant it, and words behind it
/// may be a literal's; of these only what is surely none is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Read,
    Refused,
}

/// Longer texts are cut when they are shown.
const MAX_SHOWN_CHARS: usize = 2_000;

const LITERAL: &str = "?";
const LEFT_OUT: &str = "…";

/// Words of the language: behind them a bracket stands apart, and they are shown wherever they stand.
const KEYWORDS: [&str; 78] = [
    "all",
    "alter",
    "and",
    "any",
    "as",
    "asc",
    "between",
    "by",
    "call",
    "case",
    "cast",
    "create",
    "cross",
    "database",
    "delete",
    "desc",
    "describe",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "fetch",
    "filter",
    "first",
    "for",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "in",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "pragma",
    "recursive",
    "returning",
    "right",
    "rows",
    "select",
    "set",
    "show",
    "some",
    "table",
    "then",
    "truncate",
    "union",
    "update",
    "using",
    "values",
    "view",
    "when",
    "where",
    "with",
];

/// The digest of a text, whether it can be read or not. A name in quotes is shown where the source has it: to SQLite it may be a string.
pub fn digest(dialect: Dialect, text: &str, trust: Trust, has_name: impl Fn(&str) -> bool) -> Digest {
    let text = bounded(text);
    let (lexed, refused) = lex::lex_as_far_as_possible(dialect, text);
    let doubtful = trust == Trust::Refused || refused.is_some();
    let mut even = Even::default();
    let mut behind_a_string = false;
    let mut left_out = refused.is_some();
    for token in &lexed.tokens {
        let hides_words = doubtful && behind_a_string;
        match token.kind {
            Kind::End => break,
            Kind::Text | Kind::Number | Kind::EscapedName => even.literal(),
            Kind::Name if has_name(&token.unquoted()) => even.push(text[token.at..token.end].to_owned()),
            Kind::Name => {
                behind_a_string = true;
                even.literal();
            }
            // Another engine's string, or a number that letters follow.
            Kind::Word if token.text.starts_with(|first: char| first == '$' || first.is_ascii_digit()) => {
                behind_a_string |= token.text.starts_with('$');
                even.literal();
            }
            Kind::Word => {
                let word = token.text.to_lowercase();
                if hides_words && !is_keyword(&word) && !has_name(&word) { even.literal() } else { even.push(word) }
            }
            Kind::Variable if hides_words => even.literal(),
            Kind::Variable => even.push(token.text.to_lowercase()),
            Kind::Sign => {
                // Another engine's quotes and comments.
                behind_a_string |= doubtful && ["`", "[", "{", "#", "-"].contains(&token.text);
                even.push(token.text.to_owned());
            }
        }
        behind_a_string |= matches!(token.kind, Kind::Text | Kind::EscapedName);
        if is_ambiguous(&text[token.at..token.end]) {
            left_out = true;
            break;
        }
    }
    let whole = even.finish(left_out);
    let id = format!("q_{:016x}", xxhash_rust::xxh3::xxh3_64(whole.as_bytes()));
    let mut shown: String = whole.chars().take(MAX_SHOWN_CHARS).collect();
    if shown.len() < whole.len() {
        shown.push_str(LEFT_OUT);
    }
    Digest { id, text: shown }
}

/// The text with its literals, in one spelling of all else; none where it cannot be read.
pub fn even(dialect: Dialect, text: &str) -> Option<String> {
    let lexed = lex::lex(dialect, bounded(text)).ok()?;
    let mut even = Even::default();
    for token in lexed.tokens.iter().filter(|token| token.kind != Kind::End) {
        match token.kind {
            Kind::Word => even.push(token.text.to_lowercase()),
            _ => even.push(text[token.at..token.end].to_owned()),
        }
    }
    Some(even.finish(false))
}

/// Everything in the text that may be a name, in small letters; all of its words where it cannot be read.
pub fn names(dialect: Dialect, text: &str) -> BTreeSet<String> {
    let Ok(lexed) = lex::lex(dialect, bounded(text)) else { return words(text) };
    let named = lexed.tokens.iter().filter_map(|token| match token.kind {
        Kind::Word => Some(token.text.to_lowercase()),
        Kind::Name | Kind::EscapedName => Some(token.unquoted().to_lowercase()),
        // Where nothing of this name is there, SQLite takes a string for one in some places.
        Kind::Text if dialect == Dialect::Sqlite => Some(token.text.to_lowercase()),
        _ => None,
    });
    named.collect()
}

/// The words of any text, in small letters.
pub fn words(text: &str) -> BTreeSet<String> {
    let parts = text.split(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '$');
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Pieces of the even text.
#[derive(Default)]
struct Even {
    pieces: Vec<String>,
}

impl Even {
    fn piece(&self, from_the_end: usize) -> &str {
        self.pieces.len().checked_sub(from_the_end).map_or("", |at| self.pieces[at].as_str())
    }

    fn push(&mut self, piece: String) {
        self.pieces.push(piece);
        // Of several rows of literals one is enough: `values (?), (?)`.
        let count = self.pieces.len();
        if count >= 7 && self.pieces[count - 7..].iter().eq(["(", LITERAL, ")", ",", "(", LITERAL, ")"]) {
            self.pieces.truncate(count - 4);
        }
    }

    fn literal(&mut self) {
        let is_value = |piece: &str| !is_keyword(piece) && (piece == LITERAL || piece.ends_with([')', ']']) || is_named(piece));
        // A sign before a number is a part of it where nothing stands before it that it could be taken from.
        if matches!(self.piece(1), "-" | "+") && !is_value(self.piece(2)) {
            self.pieces.pop();
        }
        let is_whole = matches!(self.piece(3), "" | "(" | "[" | ",") || is_keyword(self.piece(3));
        match (self.piece(1), self.piece(2)) {
            (LITERAL, _) => {}
            (",", LITERAL) if is_whole => drop(self.pieces.pop()),
            _ => self.pieces.push(LITERAL.to_owned()),
        }
    }

    fn finish(mut self, left_out: bool) -> String {
        while self.piece(1) == ";" {
            self.pieces.pop();
        }
        if left_out {
            self.pieces.push(LEFT_OUT.to_owned());
        }
        let mut text = String::new();
        let mut before = "";
        for piece in &self.pieces {
            let touches = matches!(before, "" | "(" | "." | "[" | "::")
                || matches!(piece.as_str(), "," | ")" | "." | ";" | "]" | "[" | "::")
                || piece == "(" && is_named(before) && !is_keyword(before);
            if !touches {
                text.push(' ');
            }
            text.push_str(piece);
            before = piece;
        }
        text
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

fn is_named(piece: &str) -> bool {
    piece.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '_' | '"' | '`' | '[' | '@')) && piece != "["
}

/// What stands between the quotes of a name, doubled quotes read as one.
/// A backslash before a quote: one engine's end of a string is another's middle, and who wrote it may have meant either.
fn is_ambiguous(token: &str) -> bool {
    ["\\'", "\\\"", "\\`"].iter().any(|sign| token.contains(sign))
}

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(MAX_SQL_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql];

    fn has(name: &str) -> bool {
        ["orders", "Order Lines"].iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    #[track_caller]
    fn check(dialect: Dialect, text: &str, expected: &str) {
        assert_eq!(digest(dialect, text, Trust::Read, has).text, expected, "{text}");
    }

    #[test]
    fn keywords_are_in_order() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn texts_that_differ_in_literals_blanks_comments_and_case_have_one_digest() {
        for dialect in ALL {
            for text in [
                "select status, count(*) from orders where id in (1, 2, 3) and name = 'Ada' limit 5",
                "SELECT status ,COUNT( * )\n FROM Orders /* hush */ WHERE id IN (-7) AND name = 'Bo''s' -- hush\n LIMIT 10 ;",
            ] {
                check(dialect, text, "select status, count(*) from orders where id in (?) and name = ? limit ?");
            }
        }
    }

    #[test]
    fn literals_of_every_form_are_one_sign() {
        let check_sqlite = |text, expected| check(Dialect::Sqlite, text, expected);
        check_sqlite("values (1, 'a'), (2, 'b'), (3, 'c')", "values (?)");
        check_sqlite("select a - 5, -5, (b) - 1, 2 - -3 from orders", "select a - ?, ?, (b) - ?, ? - ? from orders");
        check_sqlite("select x'00ff', 1e5, .5, 0x1F", "select ?");
        check_sqlite("select a from \"orders\" where \"hunter2\" = b", "select a from \"orders\" where ? = b");
        check_sqlite("select [Order Lines].a, [other] from [Order Lines]", "select [Order Lines].a, ? from [Order Lines]");
        check(Dialect::Postgresql, "select $tag$hush$tag$, E'hush', U&\"hush\", b::TEXT", "select ?, b::text");
        check(Dialect::Postgresql, "select interval '1 day', a[1], array['x', 'y']", "select interval ?, a[?], array[?]");
        check(Dialect::Mysql, "select \"hush\", n'hush', _utf8'hush', @v", "select ?, _utf8 ?, @v");
        check(Dialect::Mysql, "select `hush` from `orders` where a between -1 and +2", "select ? from `orders` where a between ? and ?");
    }

    #[test]
    fn no_literal_is_left_in_a_text_that_cannot_be_read() {
        let secret = "hunter2";
        for dialect in ALL {
            for text in [
                "select 'it's hunter2' from orders",
                "select 'it's John's hunter2' from orders",
                "select 'abc\\' hunter2 'x'",
                "select '\\' , 'hunter2' , '\\'",
                "select a from orders where password = 'hunter2",
                "select a from orders where password = \"hunter2",
                "select 12hunter2",
                "select $$hunter2$$",
                "delete from orders where a = 'x' and hunter2",
                "select /* hunter2",
                "select 1 -- hunter2",
                "select a from orders where password = \"hunter2\" or `hunter2` = 1",
            ] {
                let found = digest(dialect, text, Trust::Refused, has);
                assert!(!found.text.to_lowercase().contains(secret), "{dialect:?}: {text} became {}", found.text);
            }
        }
        let refused = digest(Dialect::Sqlite, "delete from orders where a = 'x'; drop table orders", Trust::Refused, has);
        assert_eq!(refused.text, "delete from orders where a = ?; drop table orders");
        assert_eq!(
            digest(Dialect::Sqlite, "select a from orders where b = :b", Trust::Refused, has).text,
            "select a from orders where b = …"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_still_told_from_another() {
        let long = |last: &str| format!("select {} from orders where {last} = 1", vec!["a"; 2_000].join(", "));
        let (one, other) = (digest(Dialect::Sqlite, &long("b"), Trust::Read, has), digest(Dialect::Sqlite, &long("c"), Trust::Read, has));
        assert!(one.text.chars().count() <= MAX_SHOWN_CHARS + 1 && one.text == other.text && one.id != other.id);
    }

    #[test]
    fn the_even_text_keeps_its_literals() {
        let text = "SELECT a /* x */ FROM hr . Salaries WHERE b IN ( 1,'X' )";
        assert_eq!(even(Dialect::Postgresql, text).unwrap(), "select a from hr.salaries where b in (1, 'X')");
        assert_eq!(even(Dialect::Postgresql, "select 'x"), None);
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let found = names(Dialect::Postgresql, "select 'quiet' from \"HR\" . /* x */ Sala_ries");
        assert!(found.contains("hr") && found.contains("sala_ries") && !found.contains("quiet"), "{found:?}");
        assert!(names(Dialect::Postgresql, "select 'x from hr.pay").contains("hr"));
        assert!(words("hr.pay, x").is_superset(&["hr".to_owned(), "pay".to_owned()].into()));
    }
}
