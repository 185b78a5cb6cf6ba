//! Text into tokens by each engine's own rules, so that guard and database cannot disagree about where a string, a name or a comment ends.
//!
//! Invariant: comments become blanks in what is executed, too, so their rules decide nothing; what only looks blank is refused.

use std::ops::Range;

use super::{Dialect, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A keyword, or a name without quotes.
    Word,
    /// A name in quotes; `text` is what stands between them.
    Name,
    /// PostgreSQL's `U&"…"`, whose real letters are not seen here.
    EscapedName,
    /// A string, of whatever form; `text` is what stands between its quotes.
    Text,
    Number,
    /// MySQL's `@x` and `@@x`.
    Variable,
    /// An operator or a punctuation mark.
    Sign,
    /// Stands behind the last token.
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// The first byte in the text.
    pub at: usize,
    /// The byte behind the last.
    pub end: usize,
}

pub struct Lexed<'a> {
    /// Ends with [`Kind::End`].
    pub tokens: Vec<Token<'a>>,
    comments: Vec<Range<usize>>,
}

struct Lexer<'a> {
    dialect: Dialect,
    sql: &'a str,
    at: usize,
    lexed: Lexed<'a>,
}

type Lex<T = ()> = Result<T, Refusal>;

pub fn lex(dialect: Dialect, sql: &str) -> Lex<Lexed<'_>> {
    let (lexed, refused) = lex_as_far_as_possible(dialect, sql);
    refused.map_or(Ok(lexed), Err)
}

/// What was read before the first thing that is refused, and the refusal.
pub fn lex_as_far_as_possible(dialect: Dialect, sql: &str) -> (Lexed<'_>, Option<Refusal>) {
    let lexed = Lexed { tokens: Vec::with_capacity(sql.len() / 4 + 2), comments: Vec::new() };
    let mut lexer = Lexer { dialect, sql, at: 0, lexed };
    if let Some(at) = sql.find('\0') {
        return (lexer.lexed, Some(Refusal::at(sql, at, "a NUL character; leave it out")));
    }
    while let Some(first) = sql[lexer.at..].chars().next() {
        if let Err(refusal) = lexer.next(first) {
            return (lexer.lexed, Some(refusal));
        }
    }
    lexer.keep(Kind::End, sql.len()..sql.len(), sql.len()..sql.len());
    (lexer.lexed, None)
}

impl<'a> Lexed<'a> {
    /// The part of the text with each comment blanked out; positions stay true.
    pub fn without_comments(&self, sql: &str, part: Range<usize>) -> String {
        let mut bytes = sql.as_bytes()[part.clone()].to_vec();
        for comment in self.comments.iter().filter(|comment| part.start <= comment.start && comment.end <= part.end) {
            for byte in &mut bytes[comment.start - part.start..comment.end - part.start] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        String::from_utf8(bytes).expect("a comment ends where a character ends")
    }
}

impl<'a> Lexer<'a> {
    fn next(&mut self, first: char) -> Lex {
        let rest = &self.sql[self.at..];
        match first {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.at += 1,
            _ if self.comment(rest)? => {}
            '\'' => self.string(self.at, self.dialect == Dialect::Mysql)?,
            '"' if self.dialect == Dialect::Mysql => self.string(self.at, true)?,
            '"' => self.name('"', Kind::Name)?,
            '`' if self.dialect != Dialect::Postgresql => self.name('`', Kind::Name)?,
            '[' if self.dialect == Dialect::Sqlite => self.name(']', Kind::Name)?,
            '$' if self.dialect == Dialect::Postgresql => self.dollar_string(rest)?,
            '@' if self.dialect == Dialect::Mysql => self.variable(rest)?,
            '0'..='9' => self.number(rest)?,
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) && !self.touches_a_name() => self.number(rest)?,
            _ if self.is_word_start(first) => self.word(rest)?,
            _ => self.sign(first, rest)?,
        }
        Ok(())
    }

    fn keep(&mut self, kind: Kind, inner: Range<usize>, whole: Range<usize>) {
        self.at = whole.end;
        self.lexed.tokens.push(Token { kind, text: &self.sql[inner], at: whole.start, end: whole.end });
    }

    fn refuse<T>(&self, at: usize, construct: impl Into<String>) -> Lex<T> {
        Err(Refusal::at(self.sql, at, construct))
    }

    /// Whether a comment stood here, which is then passed.
    fn comment(&mut self, rest: &str) -> Lex<bool> {
        let length =
            if rest.starts_with("--") && self.is_line_comment(&rest[2..]) || self.dialect == Dialect::Mysql && rest.starts_with('#') {
                let ends = |sign: char| sign == '\n' || sign == '\r' && self.dialect == Dialect::Postgresql;
                rest.find(ends).unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                for sign in ["/*!", "/*M!", "/*m!"] {
                    if rest.starts_with(sign) {
                        return self.refuse(self.at, format!("`{sign}`, which some databases execute; leave it out"));
                    }
                }
                match block_comment(rest, self.dialect == Dialect::Postgresql) {
                    Some(length) => length,
                    // As SQLite reads it.
                    None if self.dialect == Dialect::Sqlite => rest.len(),
                    None => return self.refuse(self.at, "a comment without an end"),
                }
            } else {
                return Ok(false);
            };
        self.lexed.comments.push(self.at..self.at + length);
        self.at += length;
        Ok(true)
    }

    fn is_line_comment(&self, behind: &str) -> bool {
        self.dialect != Dialect::Mysql || behind.chars().next().is_none_or(|next| next.is_ascii_whitespace() || next.is_control())
    }

    /// From the opening quote, before which a prefix may have stood since `start`.
    fn string(&mut self, start: usize, escapes: bool) -> Lex {
        let bytes = self.sql.as_bytes();
        let quote = bytes[self.at];
        // Behind a line break PostgreSQL goes on with a string by the rules of its first part.
        let goes_on = |token: &Token<'_>| token.kind == Kind::Text && matches!(bytes[token.at], b'e' | b'E');
        if self.dialect == Dialect::Postgresql && self.lexed.tokens.last().is_some_and(goes_on) {
            return self.refuse(start, "a string right behind an `e'…'`; write it in one piece");
        }
        let mut at = self.at + 1;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' if escapes => at += 2,
                byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
                byte if byte == quote => {
                    self.keep(Kind::Text, self.at + 1..at, start..at + 1);
                    return Ok(());
                }
                _ => at += 1,
            }
        }
        self.refuse(start, "a string without an end")
    }

    fn name(&mut self, close: char, kind: Kind) -> Lex {
        let inner = self.at + 1;
        let mut at = inner;
        while let Some(length) = self.sql[at..].find(close) {
            at += length + 1;
            if close == ']' || !self.sql[at..].starts_with(close) {
                self.keep(kind, inner..at - 1, inner - 1..at);
                return Ok(());
            }
            at += 1;
        }
        self.refuse(inner - 1, "a quoted name without an end")
    }

    fn dollar_string(&mut self, rest: &str) -> Lex {
        let tag = rest[1..].find('$').map(|length| &rest[..length + 2]);
        let is_tag = |tag: &&str| {
            let word = &tag[1..tag.len() - 1];
            !word.starts_with(|first: char| first.is_ascii_digit()) && word.chars().all(|sign| sign.is_alphanumeric() || sign == '_')
        };
        let Some(tag) = tag.filter(is_tag) else { return self.refuse(self.at, "a placeholder; write the value itself") };
        let inner = self.at + tag.len();
        let Some(length) = self.sql[inner..].find(tag) else { return self.refuse(self.at, "a string without an end") };
        self.keep(Kind::Text, inner..inner + length, self.at..inner + length + tag.len());
        Ok(())
    }

    fn variable(&mut self, rest: &str) -> Lex {
        let signs = if rest.starts_with("@@") { 2 } else { 1 };
        let name = rest[signs..].find(|sign: char| !is_word_part(sign) && sign != '.').unwrap_or(rest.len() - signs);
        if name == 0 {
            return self.refuse(self.at, "a variable without a plain name");
        }
        let whole = self.at..self.at + signs + name;
        self.keep(Kind::Variable, whole.clone(), whole);
        Ok(())
    }

    fn number(&mut self, rest: &str) -> Lex {
        let bytes = rest.as_bytes();
        let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
        let based = bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        let mut end =
            if based { 2 + bytes[2..].iter().take_while(|byte| byte.is_ascii_hexdigit() || **byte == b'_').count() } else { digits(0) };
        if !based && bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if !based && matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        if rest[end..].starts_with(is_word_part) {
            // Only MySQL's names may begin with a digit.
            if self.dialect == Dialect::Mysql && rest[..end].bytes().all(|byte| byte.is_ascii_digit()) {
                return self.word(rest);
            }
            return self.refuse(self.at, "a number that letters follow");
        }
        self.keep(Kind::Number, self.at..self.at + end, self.at..self.at + end);
        Ok(())
    }

    fn word(&mut self, rest: &str) -> Lex {
        let length = rest.find(|sign: char| !is_word_part(sign)).unwrap_or(rest.len());
        let (start, word, behind) = (self.at, &rest[..length], &rest[length..]);
        if self.dialect == Dialect::Postgresql && word.eq_ignore_ascii_case("u") && behind.starts_with("&'") {
            self.at += 2;
            return self.string(start, false);
        }
        if self.dialect == Dialect::Postgresql && word.eq_ignore_ascii_case("u") && behind.starts_with("&\"") {
            self.at += 2;
            return self.name('"', Kind::EscapedName);
        }
        if behind.starts_with('\'') && self.is_prefix(word) {
            self.at += length;
            let digits = word.eq_ignore_ascii_case("x") || word.eq_ignore_ascii_case("b");
            self.string(start, self.dialect == Dialect::Mysql || word.eq_ignore_ascii_case("e"))?;
            let inner = self.lexed.tokens.last().map_or("", |token| token.text);
            if digits && !inner.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return self.refuse(start, "a string of digits with something else in it");
            }
            return Ok(());
        }
        self.keep(Kind::Word, start..start + length, start..start + length);
        Ok(())
    }

    fn is_prefix(&self, word: &str) -> bool {
        let prefixes: &[&str] = match self.dialect {
            Dialect::Sqlite => &["x"],
            Dialect::Postgresql => &["e", "b", "x", "n"],
            Dialect::Mysql => &["b", "x", "n"],
        };
        prefixes.iter().any(|prefix| prefix.eq_ignore_ascii_case(word))
    }

    fn is_word_start(&self, sign: char) -> bool {
        sign == '_' || sign.is_alphabetic() || sign == '$' && self.dialect == Dialect::Mysql
    }

    fn touches_a_name(&self) -> bool {
        self.lexed
            .tokens
            .last()
            .is_some_and(|token| token.end == self.at && matches!(token.kind, Kind::Word | Kind::Name | Kind::EscapedName))
    }

    fn sign(&mut self, first: char, rest: &str) -> Lex {
        let length = match self.dialect {
            Dialect::Sqlite => longest(rest, &["->>", "||", "<<", ">>", "<=", ">=", "==", "!=", "<>", "->"], "(),;.+-*/%&|~<>="),
            Dialect::Mysql => {
                let pairs = ["<=>", "->>", "||", "&&", "<<", ">>", "<=", ">=", "!=", "<>", ":=", "->"];
                longest(rest, &pairs, "(),;.+-*/%&|~<>=^!{}")
            }
            Dialect::Postgresql => match postgresql_operator(rest) {
                0 => longest(rest, &["::", ":="], "(),;.:[]"),
                length => length,
            },
        };
        if length > 0 {
            self.keep(Kind::Sign, self.at..self.at + length, self.at..self.at + length);
            return Ok(());
        }
        match first {
            '?' | ':' | '@' | '$' => self.refuse(self.at, "a placeholder; write the value itself"),
            sign if is_odd_blank(sign) => self.refuse(self.at, format!("the invisible character U+{:04X}; leave it out", sign as u32)),
            sign => self.refuse(self.at, format!("`{sign}`, which has no meaning outside of quotes")),
        }
    }
}

fn is_word_part(sign: char) -> bool {
    sign == '_' || sign == '$' || sign.is_alphanumeric()
}

fn block_comment(rest: &str, nests: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut depth = 1;
    let mut at = 2;
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            (b'/', b'*') if nests => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    None
}

fn longest(rest: &str, several: &[&str], single: &str) -> usize {
    match several.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => sign.len(),
        None => usize::from(rest.starts_with(|sign| single.contains(sign))),
    }
}

/// PostgreSQL reads the longest run of operator signs; it ends with `+` or `-` only if it holds one of some others.
fn postgresql_operator(rest: &str) -> usize {
    let is_comment = |at: usize| rest[at..].starts_with("--") || rest[at..].starts_with("/*");
    let mut length = 0;
    while rest[length..].starts_with(|sign| "+-*/<>=~!@#%^&|`?".contains(sign)) && !is_comment(length) {
        length += 1;
    }
    if !rest[..length].contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']) {
        while length > 1 && rest[..length].ends_with(['+', '-']) {
            length -= 1;
        }
    }
    length
}

/// White space to the eye or to one parser, and something else to another.
fn is_odd_blank(sign: char) -> bool {
    match sign {
        '\u{00a0}' | '\u{0085}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' => true,
        '\u{3000}' | '\u{feff}' => true,
        _ => sign.is_control(),
    }
}
