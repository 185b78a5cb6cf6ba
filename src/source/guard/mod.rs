//! The guard: the one place where SQL text becomes a [`ReadQuery`]. Default deny. No IO.
//!
//! It is the first of several layers and never trusted alone: the session of each database refuses writes by itself.

mod functions;
mod lexed;
mod walk;

use std::ops::ControlFlow;

use sqlparser::ast::{Statement, Visit};
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

pub use functions::is_allowed as is_function_allowed;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgresql,
    Mysql,
}

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

/// What a checked text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Query,
}
impl Form {
    pub fn why(self) -> &'static str { "one query that only reads" }
}

/// SQL that was checked to read only. Nothing but [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadQuery {
    sql: String,
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

/// Longer texts are refused unread: the parser's cost is bounded by it.
pub const MAX_SQL_BYTES: usize = 256 * 1024;

/// Deeper nesting is refused by the parser, whose stack it would use up.
const MAX_DEPTH: usize = 60;

impl ReadQuery {
    pub fn sql(&self) -> &str {
        &self.sql
    }

    pub fn form(&self) -> Form { Form::Query }

    /// Only to show in tests that the layers below the guard hold by themselves.
    #[cfg(test)]
    pub(in crate::source) fn unchecked(sql: &str) -> Self {
        Self { sql: sql.to_owned() }
    }
}

/// Lets one read-only statement through.
pub fn check(dialect: Dialect, sql: &str) -> Result<ReadQuery, Refusal> {
    let text = lexed::without_comments(dialect, bounded(sql)?)?;
    // What the grammar cannot read but the engine can is taken out for the check alone; it holds nothing but keywords.
    let statements = match parser(dialect, &text).and_then(|mut parser| parser.parse_statements()) {
        Ok(statements) => statements,
        Err(error) => match lexed::simplified(&text) {
            Some(simpler) => parser(dialect, &simpler).and_then(|mut parser| parser.parse_statements()).map_err(unreadable)?,
            None => return Err(unreadable(error)),
        },
    };
    match statements.as_slice() {
        [] => Err(Refusal::of("an empty text; give one `select`")),
        [Statement::Query(query)] => {
            let mut walk = walk::Walk::new(dialect);
            match query.visit(&mut walk) {
                ControlFlow::Continue(()) => Ok(ReadQuery { sql: text.trim().trim_end_matches(';').trim_end().to_owned() }),
                ControlFlow::Break(refusal) => Err(*refusal),
            }
        }
        [other] => Err(Refusal::of(walk::describe_statement(other))),
        several => Err(Refusal::of(format!("{} statements in one text; give one `select` at a time", several.len()))),
    }
}

/// Checks that a fragment is whole by itself, so that it cannot close the bracket it will stand in.
pub fn check_fragment(dialect: Dialect, fragment: Fragment, text: &str) -> Result<(), Refusal> {
    let text = lexed::without_comments(dialect, bounded(text)?)?;
    let mut parser = parser(dialect, &text).map_err(unreadable)?;
    match fragment {
        Fragment::Condition => drop(parser.parse_expr().map_err(unreadable)?),
        Fragment::Ordering => drop(parser.parse_comma_separated(Parser::parse_order_by_expr).map_err(unreadable)?),
    }
    let rest = parser.peek_token();
    match rest.token {
        Token::EOF => Ok(()),
        other => Err(Refusal {
            construct: format!("`{}` after the end of the {}", clip(&other.to_string()), fragment.name()),
            position: walk::position(rest.span.start),
        }),
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
    fn of(construct: impl Into<String>) -> Self {
        Self { construct: construct.into(), position: None }
    }
}

fn bounded(sql: &str) -> Result<&str, Refusal> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(Refusal::of(format!("a text of {} bytes; {MAX_SQL_BYTES} is the most", sql.len())));
    }
    Ok(sql)
}

fn parser<'a>(dialect: Dialect, text: &str) -> Result<Parser<'a>, ParserError> {
    let grammar: &'static dyn Grammar = match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgresql => &PostgreSqlDialect {},
        Dialect::Mysql => &MySqlDialect {},
    };
    Parser::new(grammar).with_recursion_limit(MAX_DEPTH).try_with_sql(text)
}

/// The parser's own words, with the place taken out of them.
fn unreadable(error: ParserError) -> Refusal {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => return Refusal::of(format!("nesting deeper than {MAX_DEPTH} levels")),
    };
    let (words, position) = match text.rsplit_once(" at Line: ") {
        Some((words, at)) => (words.to_owned(), Some(at.replace(", Column: ", ":"))),
        None => (text, None),
    };
    Refusal { construct: format!("this is not a `select` that can be read: {}", clip(&words)), position }
}

fn clip(text: &str) -> String {
    if text.chars().count() <= 160 { text.to_owned() } else { text.chars().take(160).chain("…".chars()).collect() }
}
