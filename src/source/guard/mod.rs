//! The guard: the one place where SQL text becomes a [`ReadQuery`]. Default deny. No IO.

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgresql,
    Mysql,
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

impl ReadQuery {
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

/// Lets one read-only statement through.
pub fn check(dialect: Dialect, sql: &str) -> Result<ReadQuery, Refusal> {
    let _ = dialect;
    let begin = sql.trim_start().to_ascii_lowercase();
    if begin.starts_with("select") || begin.starts_with("with") {
        return Ok(ReadQuery { sql: sql.to_owned() });
    }
    Err(Refusal { construct: format!("`{sql}`"), position: None })
}
