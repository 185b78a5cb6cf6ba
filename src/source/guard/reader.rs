//! A cursor over tokens, and what every part of the grammar needs: words, signs, names, lists, and refusals that say where.

use std::cell::OnceCell;

use super::lex::{Kind, Token};
use super::relations::{Name, Reads};
use super::{Dialect, MAX_DEPTH, Refusal};

pub struct Reader<'a> {
    pub dialect: Dialect,
    sql: &'a str,
    /// Ends with [`Kind::End`].
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
    is_limited: OnceCell<bool>,
    pub reads: Reads,
    /// What `with` has named so far, a list for each query that this one stands in.
    pub common_tables: Vec<Vec<Name>>,
}

pub type Read<T = ()> = Result<T, Refusal>;

/// A name with what stands before its last point.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    pub schema: Option<Token<'a>>,
    pub last: Token<'a>,
}

/// Begin or join clauses in some position, so they are no name there.
const NO_NAMES: &[&str] = &[
    "and",
    "as",
    "between",
    "case",
    "else",
    "end",
    "except",
    "fetch",
    "for",
    "from",
    "group",
    "having",
    "in",
    "intersect",
    "into",
    "is",
    "join",
    "like",
    "limit",
    "not",
    "on",
    "or",
    "order",
    "select",
    "set",
    "then",
    "union",
    "using",
    "when",
    "where",
    "with",
];

/// Follow an expression or a table, so they are no alias without `as`.
const NO_ALIASES: &[&str] =
    &["asc", "cross", "desc", "full", "inner", "left", "natural", "nulls", "offset", "qualify", "returning", "right", "window"];

const MYSQL_NO_ALIASES: &[&str] = &["force", "ignore", "lock", "partition", "procedure", "straight_join", "use"];

impl<'a> Reader<'a> {
    pub fn new(dialect: Dialect, sql: &'a str, tokens: &'a [Token<'a>]) -> Self {
        Self { dialect, sql, tokens, at: 0, depth: 0, is_limited: OnceCell::new(), reads: Reads::default(), common_tables: Vec::new() }
    }

    pub fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    pub fn is_postgresql(&self) -> bool {
        self.dialect == Dialect::Postgresql
    }

    pub fn is_mysql(&self) -> bool {
        self.dialect == Dialect::Mysql
    }

    pub fn peek(&self) -> Token<'a> {
        self.ahead(0)
    }

    /// The token so many places on; the end where there is none.
    pub fn ahead(&self, places: usize) -> Token<'a> {
        self.tokens[(self.at + places).min(self.tokens.len() - 1)]
    }

    pub fn advance(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// The token that was read last.
    pub fn before(&self) -> Token<'a> {
        self.tokens[self.at.saturating_sub(1)]
    }

    pub fn place(&self) -> usize {
        self.at
    }

    /// The byte of the text in that place.
    pub fn byte(&self, at: usize) -> u8 {
        self.sql.as_bytes()[at]
    }

    pub fn since(&self, place: usize) -> &'a [Token<'a>] {
        &self.tokens[place..self.at]
    }

    /// Whether the text says anywhere how many rows it wants.
    pub fn is_limited(&self) -> bool {
        *self.is_limited.get_or_init(|| self.tokens.iter().any(|token| token.is_any_word(&["limit", "fetch"])))
    }

    pub fn is(&self, word: &str) -> bool {
        self.peek().is_word(word)
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        self.peek().is_any_word(words)
    }

    pub fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        if found {
            self.advance();
        }
        found
    }

    pub fn take_any(&mut self, words: &[&str]) -> bool {
        let found = self.is_any(words);
        if found {
            self.advance();
        }
        found
    }

    pub fn is_phrase(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(place, word)| self.ahead(place).is_word(word))
    }

    /// All of the words, or none.
    pub fn take_phrase(&mut self, words: &[&str]) -> bool {
        let found = self.is_phrase(words);
        if found {
            self.at += words.len();
        }
        found
    }

    pub fn expect(&mut self, word: &str) -> Read {
        if self.take(word) { Ok(()) } else { Err(self.instead_of(word)) }
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        self.peek().is_sign(sign)
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.advance();
        }
        found
    }

    pub fn expect_sign(&mut self, sign: &str) -> Read {
        if self.take_sign(sign) { Ok(()) } else { Err(self.instead_of(sign)) }
    }

    pub fn expect_text(&mut self) -> Read {
        if self.peek().kind != Kind::Text {
            return Err(self.instead_of("a string"));
        }
        self.advance();
        Ok(())
    }

    /// One or more, with commas between them.
    pub fn list(&mut self, mut one: impl FnMut(&mut Self) -> Read) -> Read {
        one(self)?;
        while self.take_sign(",") {
            one(self)?;
        }
        Ok(())
    }

    pub fn in_brackets(&mut self, inner: impl FnOnce(&mut Self) -> Read) -> Read {
        self.expect_sign("(")?;
        self.deeper(inner)?;
        self.expect_sign(")")
    }

    /// Bounds how deep the grammar calls itself.
    pub fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Read) -> Read {
        if self.depth >= MAX_DEPTH {
            return self.refuse(format!("nesting deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let read = inner(self);
        self.depth -= 1;
        read
    }

    /// A name that stands where only a name can.
    pub fn name(&mut self) -> Read<Token<'a>> {
        let token = self.peek();
        match token.kind {
            Kind::Name | Kind::EscapedName => Ok(self.advance()),
            Kind::Word if !token.is_any_word(NO_NAMES) => Ok(self.advance()),
            // SQLite takes a string for a name, and MySQL for an alias.
            Kind::Text if !self.is_postgresql() => Ok(self.advance()),
            _ => Err(self.instead_of("a name")),
        }
    }

    pub fn path(&mut self) -> Read<Path<'a>> {
        let mut path = Path { schema: None, last: self.name()? };
        while self.is_sign(".") && !self.ahead(1).is_sign("*") {
            self.advance();
            path.schema = Some(path.last);
            // Behind a point every word is a name.
            path.last = if self.peek().kind == Kind::Word { self.advance() } else { self.name()? };
        }
        Ok(path)
    }

    pub fn names_in_brackets(&mut self) -> Read {
        self.in_brackets(|reader| reader.list(|reader| reader.name().map(drop)))
    }

    /// Whether a name stood here that another thing can be called by.
    pub fn alias(&mut self) -> Read<bool> {
        if self.take("as") {
            // Behind `as` every word is a name.
            let token = self.advance();
            return match token.kind {
                Kind::Word | Kind::Name | Kind::EscapedName => Ok(true),
                Kind::Text if !self.is_postgresql() => Ok(true),
                _ => Err(Refusal::at(self.sql, token.at, "an `as` without a name")),
            };
        }
        let token = self.peek();
        let found = match token.kind {
            Kind::Word => !token.is_any_word(NO_NAMES) && !token.is_any_word(NO_ALIASES) && !self.is_no_alias_here(token),
            Kind::Name | Kind::EscapedName => true,
            Kind::Text => !self.is_postgresql(),
            _ => false,
        };
        if found {
            self.advance();
        }
        Ok(found)
    }

    fn is_no_alias_here(&self, token: Token<'_>) -> bool {
        match self.dialect {
            Dialect::Sqlite => token.is_word("indexed"),
            Dialect::Postgresql => token.is_word("tablesample"),
            Dialect::Mysql => token.is_any_word(MYSQL_NO_ALIASES),
        }
    }

    pub fn refuse<T>(&self, construct: impl Into<String>) -> Read<T> {
        self.refuse_at(self.peek(), construct)
    }

    pub fn refuse_at<T>(&self, token: Token<'_>, construct: impl Into<String>) -> Read<T> {
        Err(Refusal::at(self.sql, token.at, construct))
    }

    /// What stands here belongs to no query that is known to only read.
    pub fn unexpected<T>(&self) -> Read<T> {
        Err(self.instead_of(""))
    }

    fn instead_of(&self, wanted: &str) -> Refusal {
        let token = self.peek();
        let wanted = match wanted {
            "" => String::new(),
            "a name" | "a string" => format!("; {wanted} belongs here"),
            wanted => format!("; `{wanted}` belongs here"),
        };
        let construct = match token.kind {
            Kind::End => format!("the text ends too early{wanted}"),
            _ if token.is_sign(";") && self.ahead(1).kind != Kind::End => "more than one statement; give one at a time".to_owned(),
            _ if token.is_any_word(WRITES) => format!("`{}`, which is not a read", token.text.to_lowercase()),
            _ if token.is_word("into") => "`select … into`, which writes; leave `into` out".to_owned(),
            _ if token.is_any_word(&["for", "lock"]) => "a lock such as `for update`; read without one".to_owned(),
            _ if token.is_sign(":=") => "`:=`, which sets a variable".to_owned(),
            _ => format!("`{}`, which is not known here as a part of a read{wanted}", clip(&self.sql[token.at..token.end])),
        };
        Refusal::at(self.sql, token.at, construct)
    }
}

/// Verbs that need no guess.
pub const WRITES: &[&str] = &[
    "alter",
    "analyze",
    "attach",
    "begin",
    "call",
    "commit",
    "copy",
    "create",
    "delete",
    "detach",
    "do",
    "drop",
    "execute",
    "grant",
    "insert",
    "load",
    "lock",
    "merge",
    "prepare",
    "reindex",
    "rename",
    "replace",
    "revoke",
    "rollback",
    "savepoint",
    "set",
    "truncate",
    "update",
    "use",
    "vacuum",
];

impl Token<'_> {
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// A name as it was meant: a quote within quotes is written twice.
    pub fn unquoted(&self) -> String {
        self.text.replace("\"\"", "\"").replace("``", "`")
    }

    pub fn is_any_word(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

fn clip(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(60).chain("…".chars()).collect() }
}
