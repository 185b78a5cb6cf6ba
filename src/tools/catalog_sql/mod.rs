//! `catalog_sql`: the catalog itself, read with SQL. It is written into a SQLite file of its own, which is read like any other source.

mod tables;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::port::{Call, Effect, Failure, Spec, Tool};
use super::settings::Settings;
use super::workspace::Workspace;
use super::{reading, schema};
use crate::domain::{SnapshotId, SourceKey};
use crate::source::guard::{self, Dialect};
use crate::source::sqlite::fresh;
use crate::source::{self, Dsn, Source};

/// Catalogs that are kept written; the one that was not asked for longest is written anew when it is.
const KEPT: usize = 4;
/// Findings that are read at once.
const PORTION: usize = 1_000;
const SECONDS: f64 = 5.0;

pub struct CatalogSql {
    settings: Settings,
    written: Mutex<Vec<Arc<Written>>>,
}

/// A catalog as it was at one moment.
struct Written {
    source_key: SourceKey,
    state: State,
    source: Arc<dyn Source>,
    /// Gone with the last who reads it.
    _folder: TempDir,
}

/// What tells one state of a catalog from another.
#[derive(PartialEq)]
struct State {
    snapshot: SnapshotId,
    findings: usize,
    last: Option<i64>,
    stale: usize,
}

#[derive(Deserialize)]
struct Args {
    sql: String,
    max_rows: usize,
}

impl CatalogSql {
    pub fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), written: Mutex::default() }
    }

    /// The catalog as it is now, written by the first who asks for it.
    async fn catalog(&self, workspace: &Workspace) -> Result<Arc<Written>, Failure> {
        let findings = tables::findings(workspace, PORTION).await.map_err(reading::store_failure)?;
        let state = State {
            snapshot: workspace.snapshot.id.clone(),
            findings: findings.len(),
            last: findings.iter().map(|entry| entry.at).max(),
            stale: findings.iter().filter(|entry| entry.stale.is_some()).count(),
        };
        // Held while it is written: who comes meanwhile wants the same.
        let mut written = self.written.lock().await;
        if let Some(at) = written.iter().position(|one| one.source_key == workspace.key && one.state == state) {
            let found = written.remove(at);
            written.push(found.clone());
            return Ok(found);
        }
        let lines = tables::of(workspace, &findings);
        let made = Arc::new(write(workspace.key.clone(), state, &lines).await?);
        written.retain(|one| one.source_key != workspace.key);
        if written.len() >= KEPT {
            written.remove(0);
        }
        written.push(made.clone());
        Ok(made)
    }
}

async fn write(source_key: SourceKey, state: State, lines: &[fresh::Table]) -> Result<Written, Failure> {
    let failed = |what: &dyn std::fmt::Display| Failure::Broken(format!("the catalog cannot be written for SQL: {what}"));
    let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
    let path = folder.path().join("catalog.db");
    fresh::make(&path, lines).await.map_err(|error| failed(&error))?;
    let dsn = Dsn::parse(&format!("sqlite:{}", path.display())).map_err(|error| failed(&error))?;
    let source = source::open(&dsn, &source::Settings::default()).await.map_err(|error| failed(&error))?;
    Ok(Written { source_key, state, source, _folder: folder })
}

#[async_trait]
impl Tool for CatalogSql {
    fn spec(&self) -> Spec {
        Spec {
            name: "catalog_sql",
            description: "Reads the catalog with one SQLite query, whatever the engine of the source. Tables: objects (key, type, schema, name, rows, bytes, columns, comment, definition), columns (key, \"table\", name, position, type, declared_type, nullable, in_primary_key, comment), relationships (key, child_table, child_columns, parent_table, parent_columns, known_from, confidence, status), findings (kind, key, text, document, confidence, status, author, evidence, tags). Tables are named `schema.table`; lists and documents are JSON.",
            args: schema::object(
                json!({
                    // Not in the source's dialect, so it is none of what rules and the digest look at.
                    "sql": {"type": "string", "minLength": 1, "maxLength": 20_000, "description": "One SELECT in SQLite's dialect."},
                    "max_rows": schema::integer(1, self.settings.max_rows as u64, 100.min(self.settings.max_rows as u64), "Rows to return at most.")
                }),
                &["sql"],
            ),
            output: schema::rows(),
            example: json!({"sql": "select name, rows from objects where type = 'table' order by rows desc", "max_rows": 20}),
            effect: Effect::Read,
            aliases: &[],
        }
    }

    async fn call(&self, Call { workspace, .. }: Call<'_>, args: Value) -> Result<Value, Failure> {
        let args: Args = reading::parsed(args)?;
        let query = guard::check(Dialect::Sqlite, &args.sql).map_err(|refusal| Failure::Mendable(refusal.to_string()))?;
        let catalog = self.catalog(workspace).await?;
        let mut limits = self.settings.read_limits(args.max_rows);
        limits.time = Duration::from_secs_f64(SECONDS);
        reading::to_value(catalog.source.read(&query, &limits).await.map_err(reading::source_failure)?)
    }
}
