//! `fathom source`: databases that have a name here.

use std::io::Read;

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, UsageError};
use super::global::Global;
use super::target::Target;
use super::{grid, out};
use crate::api::sources::{NewSource, SourceItem, SourceTested};
use crate::app::Resume;
use crate::domain::Egress;
use crate::source::Limits;
use crate::source::rules::{ColumnPattern, TablePattern};

const EXAMPLES: &str = "\
Examples:
  fathom source add shop postgres://reader:secret@db.example/shop
  pass show shop-dsn | fathom source add shop -
  fathom source add shop postgres://reader:secret@db.example/shop --deny '*.secrets' --mask customers.email
  fathom source add hr postgres://reader:secret@db.example/hr --egress statistics
  fathom source test shop
  fathom run shop

A DSN is kept encrypted and never shown again. Forms: postgres://, postgresql://, mysql://, mariadb://, sqlite:PATH,
the path of a .db, .sqlite, .sqlite3 or .db3 file, csv:FOLDER, or the path of a folder of .csv and .tsv files; mcp+http://:TOKEN@host/mcp for
a database behind another server (?target= names one of several), mcp:NAME for a server of the configuration.";

/// Give databases a name, with limits that hold whoever asks
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum Source {
    Add(Add),
    /// List the registered sources
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Open a source and read its structure
    Test {
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a source; what was found in it stays
    Remove {
        name: String,
    },
}

/// Register a source, and try it
#[derive(Debug, Args)]
pub struct Add {
    /// Small letters, digits, `-` and `_`
    pub name: String,
    /// The DSN, or `-` to read it from standard input, where other users of the machine do not see it
    pub dsn: String,
    /// Connections at once
    #[arg(long, value_name = "N")]
    pub pool: Option<usize>,
    /// Rows of one query at most
    #[arg(long, value_name = "N")]
    pub max_rows: Option<usize>,
    /// Bytes of one query's values at most
    #[arg(long, value_name = "N")]
    pub max_bytes: Option<usize>,
    /// Milliseconds of one query at most
    #[arg(long, value_name = "MS")]
    pub read_time_ms: Option<u64>,
    /// Milliseconds of one harvest at most
    #[arg(long, value_name = "MS")]
    pub harvest_time_ms: Option<u64>,
    /// Show and read only these: `schema`, `table` or `schema.table`, `*` for any part of a name; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub allow: Vec<TablePattern>,
    /// Neither show nor read these, whatever `--allow` says; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub deny: Vec<TablePattern>,
    /// Never give out the values of these: `column`, `table.column` or `schema.table.column`; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub mask: Vec<ColumnPattern>,
    /// What a language model may be shown: schema, statistics, masked or full [default: the server's, `masked` unless configured]
    #[arg(long, value_name = "LEVEL")]
    pub egress: Option<Egress>,
    /// Register it without trying it
    #[arg(long)]
    pub untested: bool,
}

impl Source {
    pub async fn carry_out(&self, global: &Global) -> anyhow::Result<Exit> {
        let target = Target::find(global, Resume::No).await?;
        let done = self.ask(&target).await;
        target.close_after(done).await
    }

    async fn ask(&self, target: &Target) -> anyhow::Result<Exit> {
        let client = &target.client;
        match self {
            Self::Add(add) => return add.carry_out(target).await,
            Self::List { json } => {
                let items: Vec<SourceItem> = client.list(&["sources"], &[], 10_000).await?;
                if *json {
                    items.iter().try_for_each(|item| anyhow::Ok(out::line(serde_json::to_string(item)?)?))?;
                } else if items.is_empty() {
                    out::note("no source has a name yet; give one with `fathom source add NAME DSN`");
                } else {
                    let rows: Vec<_> = items
                        .iter()
                        .map(|item| {
                            vec![
                                item.name.clone(),
                                out::harmless(&item.shown, 120),
                                item.egress.to_string(),
                                out::harmless(&lists(&item.limits), 200),
                            ]
                        })
                        .collect();
                    grid::print(&["name", "where", "egress", "lists"].map(str::to_owned), &rows, &[])?;
                }
            }
            Self::Test { name, json } => {
                let tested: SourceTested = client.post(&["sources", name, "test"], &json!({})).await?;
                if *json { out::json(&tested)? } else { out::line(told(name, &tested))? }
            }
            Self::Remove { name } => {
                client.delete(&["sources", name]).await?;
                out::note(format!("the source `{name}` is not registered any more"));
            }
        }
        Ok(Exit::Done)
    }
}

impl Add {
    async fn carry_out(&self, target: &Target) -> anyhow::Result<Exit> {
        let limits = Limits {
            pool: self.pool,
            max_rows: self.max_rows,
            max_bytes: self.max_bytes,
            read_time_ms: self.read_time_ms,
            harvest_time_ms: self.harvest_time_ms,
            egress: self.egress,
            allow: self.allow.clone(),
            deny: self.deny.clone(),
            mask: self.mask.clone(),
        };
        let request = NewSource { name: self.name.clone(), dsn: target.words_of(&self.words()?), limits };
        let added: SourceItem = target.client.post(&["sources"], &request).await?;
        out::line(format!("`{}` is {}", added.name, out::harmless(&added.shown, 200)))?;
        if self.untested {
            return Ok(Exit::Done);
        }
        match target.client.post(&["sources", &added.name, "test"], &json!({})).await {
            Ok(tested) => out::line(told(&added.name, &tested))?,
            Err(error) => {
                out::note(format!("it is registered, but could not be opened; mend it and run: fathom source test {}", added.name));
                return Err(error.into());
            }
        }
        Ok(Exit::Done)
    }

    fn words(&self) -> anyhow::Result<String> {
        if self.dsn != "-" {
            return Ok(self.dsn.clone());
        }
        let mut text = String::new();
        std::io::stdin().lock().take(16 * 1024).read_to_string(&mut text)?;
        let words = text.trim();
        if words.is_empty() {
            return Err(UsageError("standard input holds no DSN".to_owned()).into());
        }
        Ok(words.to_owned())
    }
}

/// What a source hides, in a line.
fn lists(limits: &Limits) -> String {
    let list = |name: &str, patterns: Vec<String>| if patterns.is_empty() { None } else { Some(format!("{name} {}", patterns.join(", "))) };
    let tables = |patterns: &[TablePattern]| patterns.iter().map(ToString::to_string).collect();
    let lists = [
        list("allow", tables(&limits.allow)),
        list("deny", tables(&limits.deny)),
        list("mask", limits.mask.iter().map(ToString::to_string).collect()),
    ];
    lists.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn told(name: &str, tested: &SourceTested) -> String {
    let engine = format!("{} {}", tested.engine, tested.engine_version);
    let schemas: Vec<String> = tested.schemas.iter().take(10).map(|schema| out::harmless(schema, 60)).collect();
    let mut text = format!(
        "`{name}` answers: {}, {} in {} ({})",
        engine.trim(),
        out::count(tested.tables, "table"),
        out::count(tested.schemas.len(), "schema"),
        schemas.join(", ")
    );
    for said in tested.warnings.iter().chain(tested.unread.iter().take(5)) {
        text.push_str(&format!("\n  {}", out::harmless(said, 300)));
    }
    text
}
