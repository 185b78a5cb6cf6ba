//! A database behind a remote server that offers tools: ProxySQL's query endpoint, another Fathom. It is harvested and read through these.
//!
//! Invariants: what is sent has passed the guard here, in the dialect of the database behind the server; how servers are spoken to is
//! another room's business, which stands behind [`Peer`].

mod answer_rows;
mod answers;
mod harvest;
mod line;
mod outline;
mod peer;
mod place;
mod reading;
mod shapes;
mod value;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

pub use peer::{NoPeers, Peer, PeerError, PeerTool, Peers};
pub use place::{Address, Form, Place, is_name};

use self::line::Line;
use self::reading::{Known, RUN_SQL, Reader};
use super::guard::{self, Dialect, ReadQuery};
use super::port::{Error, ReadLimits, Source};
use super::progress::Progress;
use super::settings::Settings;
use super::stream::{Consumer, Kept, Streamed};
use crate::domain::{Cell, Snapshot, SourceKey};

pub struct RemoteSource {
    key: SourceKey,
    line: Line,
    dialect: Dialect,
    /// As the server says it.
    version: String,
    at_once: usize,
    settings: Settings,
    known: Known,
}

/// Rows of the database's own catalog in one schema.
const CATALOG_ROWS: usize = 1_000_000;

impl RemoteSource {
    /// Asks the server for its tools, and what kind of database stands behind it.
    pub async fn open(place: &Place, settings: &Settings, peers: &dyn Peers) -> Result<Self, Error> {
        let failed = |reason: String| Error::CannotOpen { source_text: place.shown(), reason };
        let peer = peers.find(place).map_err(failed)?;
        let time = Duration::from_millis(settings.harvest_time_ms);
        let opening = async {
            let line = Line::open(peer, place.target.clone()).await.map_err(|error| reading::failed(error, time))?;
            for needed in [&RUN_SQL[..], &["list_schemas", "schemas.list"], &["list_tables", "tables.list"]] {
                if !line.has(needed) {
                    let why = format!(
                        "the server has no tool `{}`, without which its database cannot be discovered; another Fathom offers it at `/mcp?tools=all`",
                        needed[0]
                    );
                    return Err(failed(why));
                }
            }
            let (dialect, version) = engine(&line, place.target.as_deref()).await.map_err(|error| match error {
                PeerError::Refused(why) => failed(format!("nothing tells what kind of database stands behind the server: {why}")),
                other => reading::failed(other, time),
            })?;
            Ok((line, dialect, version))
        };
        let (line, dialect, version) = match tokio::time::timeout(time, opening).await {
            Ok(opened) => opened?,
            Err(_) => return Err(Error::TimedOut(time)),
        };
        let (key, at_once) = (SourceKey(place.shown()), settings.pool.max(1));
        Ok(Self { key, line, dialect, version, at_once, settings: settings.clone(), known: Known::default() })
    }

    fn failed(&self, error: PeerError) -> Error {
        reading::failed(error, Duration::from_millis(self.settings.harvest_time_ms))
    }

    fn reader(&self) -> Reader<'_> {
        Reader { line: &self.line, dialect: self.dialect, known: &self.known }
    }

    /// For servers without a tool for it.
    async fn explained_by_sql(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let words = if self.dialect == Dialect::Sqlite { "explain query plan" } else { "explain" };
        let plan = guard::check(self.dialect, &format!("{words} {}", query.sql())).map_err(|refusal| Error::Refused(refusal.construct))?;
        let rows = self.read(&plan, &self.settings.read_limits()).await?.rows;
        Ok(rows.into_iter().map(|row| line_of(&Value::Array(row))).collect())
    }

    /// Rows of the database's own catalog, as texts.
    async fn texts(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
        let query = guard::check(self.dialect, sql).expect("our own words pass the guard, which a test keeps");
        let time = Duration::from_millis(self.settings.harvest_time_ms);
        let limits = ReadLimits { max_rows: CATALOG_ROWS, max_bytes: usize::MAX, time };
        let mut kept = Kept::default();
        let streamed = self.reader().stream(&query, &limits, &mut |cells: &[Cell<'_>]| kept.keep(cells)).await?;
        let text = |value: Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            other => Some(other.to_string()),
        };
        Ok(kept.rows(streamed).rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect())
    }
}

#[async_trait]
impl Source for RemoteSource {
    fn key(&self) -> &SourceKey {
        &self.key
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }

    async fn harvest_telling(&self, progress: &Progress) -> Result<Snapshot, Error> {
        let time = Duration::from_millis(self.settings.harvest_time_ms);
        let found = match tokio::time::timeout(time, harvest::harvest(self, progress)).await {
            Ok(found) => found?,
            Err(_) => return Err(Error::TimedOut(time)),
        };
        self.known.learn(&found);
        Ok(found)
    }

    async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        self.reader().stream(query, limits, consumer).await
    }

    async fn explain(&self, query: &ReadQuery) -> Result<Vec<String>, Error> {
        let time = Duration::from_millis(self.settings.read_time_ms);
        let calling = self.line.call(&["explain_sql", "sql.explain"], json!({"sql": query.sql()}));
        let answer = match tokio::time::timeout(time, calling).await {
            Err(_) => return Err(Error::TimedOut(time)),
            Ok(Err(PeerError::NoSuchTool(_))) => return self.explained_by_sql(query).await,
            Ok(answer) => answer.map_err(|error| reading::failed(error, time))?,
        };
        let plan = answer.get("plan").cloned().unwrap_or(answer);
        Ok(match &plan {
            Value::String(text) => text.lines().map(str::to_owned).collect(),
            other => answers::items(other, &["lines"]).iter().map(line_of).collect(),
        })
    }
}

/// A line of a plan: a text, or the values of a row beside each other.
fn line_of(item: &Value) -> String {
    match item {
        Value::Array(values) => values.iter().filter_map(answers::text).collect::<Vec<_>>().join(" | "),
        other => answers::text(other).unwrap_or_else(|| other.to_string()),
    }
}

/// What kind of database it is: said by a tool, else by the database.
async fn engine(line: &Line, target: Option<&str>) -> Result<(Dialect, String), PeerError> {
    if let Ok(answer) = line.call(&["list_schemas", "schemas.list"], json!({"limit": 1, "page_size": 1})).await
        && let Some(dialect) = answers::text_of(&answer, &["engine", "dialect"]).and_then(|name| dialect_of(&name))
    {
        return Ok((dialect, String::new()));
    }
    if line.has(&["list_targets"])
        && let Ok(answer) = line.call(&["list_targets"], json!({})).await
        && let Some(dialect) = of_targets(&answer, target)
    {
        return Ok((dialect, String::new()));
    }
    // With a `from`, which some servers want in every query.
    match asked(line, "select version() as version from (select 1 as one) as asked").await {
        Ok(version) if version.contains("PostgreSQL") => Ok((Dialect::Postgresql, version)),
        Ok(version) => Ok((Dialect::Mysql, version)),
        Err(error @ PeerError::Refused(_)) => {
            let version = asked(line, "select sqlite_version() as version from (select 1 as one) as asked").await;
            version.map(|version| (Dialect::Sqlite, version)).map_err(|_| error)
        }
        Err(error) => Err(error),
    }
}

async fn asked(line: &Line, sql: &str) -> Result<String, PeerError> {
    let answer = line.call(&RUN_SQL, json!({"sql": sql, "max_rows": 1, "timeout_sec": 5})).await?;
    let first = answers::items(&answer, &["rows"]).first().and_then(|row| answers::name(row, &["version", "sqlite_version()"]));
    first.ok_or_else(|| PeerError::Refused("it answers without a version".to_owned()))
}

fn of_targets(answer: &Value, target: Option<&str>) -> Option<Dialect> {
    let targets = answers::items(answer, &["targets"]);
    let looking_into = answers::text_of(answer, &["looking_into", "default_target_id", "default_target"]);
    let wanted = target.map(str::to_owned).or_else(|| looking_into.clone());
    let is_wanted = |item: &&Value| answers::text_of(item, &["target_id", "name"]) == wanted;
    let found = targets.iter().find(is_wanted).or_else(|| targets.first().filter(|_| wanted.is_none()));
    let word = found.and_then(|item| answers::text_of(item, &["engine", "dialect", "protocol", "where"])).or(looking_into)?;
    dialect_of(word.split(':').next().unwrap_or_default())
}

fn dialect_of(name: &str) -> Option<Dialect> {
    match name.to_ascii_lowercase().as_str() {
        "pgsql" => Some(Dialect::Postgresql),
        "csv" => Some(Dialect::Sqlite),
        name => Dialect::from_name(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_that_is_meant_says_what_it_is() {
        let proxysql = json!({"targets": [{"target_id": "a", "protocol": "mysql"}, {"target_id": "b", "protocol": "pgsql"}]});
        assert_eq!(of_targets(&proxysql, Some("b")), Some(Dialect::Postgresql));
        assert_eq!(of_targets(&proxysql, None), Some(Dialect::Mysql));
        assert_eq!(of_targets(&proxysql, Some("c")), None);
        let fathom = json!({"looking_into": "shop", "targets": [{"target_id": "x", "where": "mysql://h/x"}, {"target_id": "shop", "where": "sqlite:/s.db"}]});
        assert_eq!(of_targets(&fathom, None), Some(Dialect::Sqlite));
        assert_eq!(of_targets(&json!({"looking_into": "csv:/data", "targets": []}), None), Some(Dialect::Sqlite));
    }

    #[test]
    fn what_is_asked_first_passes_the_guard() {
        for dialect in [Dialect::Mysql, Dialect::Postgresql] {
            guard::check(dialect, "select version() as version from (select 1 as one) as asked").unwrap();
        }
        guard::check(Dialect::Sqlite, "select sqlite_version() as version from (select 1 as one) as asked").unwrap();
    }
}
