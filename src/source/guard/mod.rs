//! The guard: the one place where SQL text becomes a [`ReadQuery`]. Default deny. No IO.
//!
//! It reads each engine's own grammar of reading, and that grammar alone: what no rule names is refused, and so is a function that no list
//! names. It is the first of several layers and never trusted alone: the session of each database refuses writes by itself.
//!
//! What it takes for granted: sessions of MySQL without `ANSI_QUOTES` and `NO_BACKSLASH_ESCAPES` in their `sql_mode`, and sessions of
//! PostgreSQL with `standard_conforming_strings` on; where strings end depends on these.

mod calls;
mod digest;
mod expr;
mod from;
mod functions;
pub(in crate::source) mod lex;
mod operators;
mod query;
mod reader;
pub mod relations;
mod statement;

pub use digest::{Digest, Trust, digest, even, names, words};
pub use functions::{is_allowed as is_function_allowed, postgresql::is_builtin_type, pragmas::is_allowed as is_pragma_allowed};

use lex::Kind;
use reader::Reader;
use relations::Reads;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgresql,
    Mysql,
}

/// What a checked text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Rows of a query; it may stand inside another and behind `explain`.
    Query,
    /// The plan of a query, as the database prints it.
    Plan,
    /// Metadata or settings: `show`, `describe`, `pragma`.
    Listing,
}

/// SQL that was checked to read only. Nothing but [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadQuery {
    /// Without comments, and without a semicolon behind it.
    sql: String,
    form: Form,
    /// Where the query begins whose plan is asked for.
    planned_from: usize,
    reads: Reads,
}

/// Why a text was not let through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {construct}{}", .position.as_ref().map(|at| format!(" at {at}")).unwrap_or_default())]
pub struct Refusal {
    /// The construct in words, with what is allowed instead.
    pub construct: String,
    /// `line:column`, where known.
    pub position: Option<String>,
}

/// A part of a query that a caller may give apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// One condition, as after `where`.
    Condition,
    /// One or more terms, as after `order by`.
    Ordering,
}

/// Longer texts are refused unread: the cost of reading is bounded by it.
pub const MAX_SQL_BYTES: usize = 256 * 1024;

/// Deeper nesting is refused, because it would use up the stack.
const MAX_DEPTH: usize = 120;

impl Dialect {
    /// The dialect of that name, or of the engine that is called so.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sqlite" => Some(Self::Sqlite),
            "postgresql" | "postgres" => Some(Self::Postgresql),
            "mysql" | "mariadb" => Some(Self::Mysql),
            _ => None,
        }
    }
}

impl Form {
    /// Why it was let through.
    pub fn why(self) -> &'static str {
        match self {
            Self::Query => "one query that only reads",
            Self::Plan => "the plan of one query that only reads",
            Self::Listing => "a look at metadata or settings",
        }
    }
}

impl ReadQuery {
    pub fn sql(&self) -> &str {
        &self.sql
    }

    pub fn form(&self) -> Form {
        self.form
    }

    /// The query itself, where the text asks for its plan.
    pub fn planned(&self) -> Self {
        match self.form {
            Form::Query | Form::Listing => self.clone(),
            Form::Plan => Self {
                sql: self.sql[self.planned_from..].to_owned(),
                form: Form::Query,
                planned_from: 0,
                reads: self.reads.from(self.planned_from),
            },
        }
    }

    /// What it reads, by name and place.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Only to show in tests that the layers below the guard hold by themselves.
    #[cfg(test)]
    pub(in crate::source) fn unchecked(sql: &str) -> Self {
        Self { sql: sql.to_owned(), form: Form::Query, planned_from: 0, reads: Reads::default() }
    }
}

/// Lets one read-only statement through. What it gives is the text that it has read, and nothing else of it.
pub fn check(dialect: Dialect, sql: &str) -> Result<ReadQuery, Refusal> {
    let lexed = lex::lex(dialect, bounded(sql)?)?;
    let mut reader = Reader::new(dialect, sql, &lexed.tokens);
    let (form, planned) = reader.statement()?;
    if let Some(escaped) = lexed.tokens.iter().find(|token| token.kind == Kind::EscapedName) {
        reader.note_telling(*escaped);
    }
    let start = lexed.tokens[0].at;
    let reads = reader.reads.from(start);
    let last = lexed.tokens.iter().rev().find(|token| token.kind != Kind::End && !token.is_sign(";"));
    let end = last.map_or(start, |token| token.end);
    Ok(ReadQuery { sql: lexed.without_comments(sql, start..end), form, planned_from: lexed.tokens[planned].at - start, reads })
}

/// Checks that a fragment is whole by itself, so that it cannot close the bracket it will stand in.
pub fn check_fragment(dialect: Dialect, fragment: Fragment, text: &str) -> Result<(), Refusal> {
    let lexed = lex::lex(dialect, bounded(text)?)?;
    let mut reader = Reader::new(dialect, text, &lexed.tokens);
    match fragment {
        Fragment::Condition => reader.expr()?,
        Fragment::Ordering => reader.list(Reader::ordering)?,
    }
    let rest = reader.peek();
    match rest.kind {
        Kind::End => Ok(()),
        _ => reader.refuse(format!("`{}` after the end of the {}", rest.text, fragment.name())),
    }
}

/// The query in a statement that gives it a name: what stands behind the first `as` outside of brackets.
pub fn behind_as(dialect: Dialect, statement: &str) -> Option<&str> {
    let lexed = lex::lex(dialect, bounded(statement).ok()?).ok()?;
    let mut depth = 0;
    for token in &lexed.tokens {
        match token {
            token if token.is_sign("(") => depth += 1,
            token if token.is_sign(")") => depth -= 1,
            token if depth == 0 && token.is_word("as") => return Some(&statement[token.end..]),
            _ => {}
        }
    }
    None
}

impl Dialect {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
        }
    }
}

impl Fragment {
    fn name(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Ordering => "ordering",
        }
    }
}

impl Refusal {
    fn at(sql: &str, at: usize, construct: impl Into<String>) -> Self {
        let before = &sql[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Self { construct: construct.into(), position: Some(format!("{line}:{column}")) }
    }
}

fn bounded(sql: &str) -> Result<&str, Refusal> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(Refusal { construct: format!("a text of {} bytes; {MAX_SQL_BYTES} is the most", sql.len()), position: None });
    }
    Ok(sql)
}
