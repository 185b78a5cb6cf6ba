//! A survey: what the data of a source tells about its keys and references. Made by one reading of each table, and again only of what single
//! columns cannot tell.

pub mod inclusions;
mod pairs;
mod reading;
pub mod shown;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use serde::Serialize;

use super::port::Failure;
use super::workspace::Workspace;
use crate::domain::Table;
use crate::evidence::infer::{Declared, Inference, InferredKey, InferredPolymorphic, InferredReference, Study, Subject};
use crate::evidence::landscape::Landscape;
use reading::Reader;
pub use reading::TableRead;

use inclusions::Inclusions;

/// Rounds of questions about combinations of columns; each reads the tables that are asked about once.
const ROUNDS: usize = 3;

#[derive(Debug, Serialize)]
pub struct Survey {
    #[serde(flatten)]
    pub inference: Inference,
    pub tables: Vec<TableRead>,
    pub landscape: Landscape,
    pub elapsed_ms: u64,
}

/// How much of a source is read for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Time of all reading; tables that are not reached are judged by names alone.
    pub time: Duration,
    /// Rows of one table.
    pub rows: usize,
    /// Tables that are read at once.
    pub at_once: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { time: Duration::from_secs(120), rows: 5_000_000, at_once: 2 }
    }
}

/// The survey of one state of a source, made when somebody first asks. Who stops waiting does not stop it: the next who asks finds it further.
pub struct Surveys {
    extent: Extent,
    heeding: Mutex<Option<Making>>,
}

type Making = Shared<BoxFuture<'static, Result<Arc<Survey>, Failure>>>;

impl Surveys {
    pub fn new(extent: Extent) -> Self {
        Self { extent, heeding: Mutex::new(None) }
    }

    /// Around what is declared.
    pub async fn of(&self, workspace: &Workspace) -> Result<Arc<Survey>, Failure> {
        let making = self.begun(workspace);
        let made = making.clone().await;
        if made.is_err() {
            let mut slot = self.heeding.lock().unwrap_or_else(PoisonError::into_inner);
            // Another one may have been begun since.
            slot.take_if(|begun| begun.ptr_eq(&making));
        }
        made
    }

    fn begun(&self, workspace: &Workspace) -> Making {
        let mut slot = self.heeding.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = || {
            let (workspace, extent) = (workspace.clone(), self.extent);
            let working = tokio::spawn(async move { make(&workspace, extent, Declared::Heeded).await });
            async move { working.await.unwrap_or_else(|lost| Err(Failure::Broken(format!("the survey was lost: {lost}")))) }
                .boxed()
                .shared()
        };
        slot.get_or_insert_with(begin).clone()
    }

    /// Every inclusion between two columns; made anew for everyone who asks.
    pub async fn inclusions(&self, workspace: &Workspace) -> Result<Inclusions, Failure> {
        inclusions::find(workspace, self.extent).await
    }

    /// As if nothing were declared; made anew for everyone who asks.
    pub async fn blind(&self, workspace: &Workspace) -> Result<Arc<Survey>, Failure> {
        make(workspace, self.extent, Declared::Ignored).await
    }
}

async fn make(workspace: &Workspace, extent: Extent, declared: Declared) -> Result<Arc<Survey>, Failure> {
    let started = Instant::now();
    let reader = Reader::new(workspace, extent);
    let tables = surveyed(workspace);
    let (subjects, read): (Vec<Subject<'_>>, Vec<TableRead>) = reader.subjects(&tables).await?.into_iter().unzip();
    let mut study = Study::begin(subjects, declared);
    study.learn_values(inclusions::again(&reader, &tables, study.value_questions()).await?);
    let asked = study.pair_questions();
    study.learn_pairs(pairs::answers(&reader, &tables, asked).await?);
    for _ in 0..ROUNDS {
        let asked = study.key_questions();
        if asked.is_empty() {
            break;
        }
        study.learn_keys(reader.keys(&tables, asked).await?);
    }
    // A composite key that was found may be what others refer to.
    for _ in 0..2 {
        let asked = study.reference_questions();
        study.learn_references(reader.references(&tables, asked).await?);
    }
    let inference = study.conclude();
    let rows = read.iter().filter(|table| table.complete).map(|table| (table.table.clone(), table.rows)).collect();
    let landscape = Landscape::of(&workspace.snapshot.tables, &inference, &rows);
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Arc::new(Survey { inference, tables: read, landscape, elapsed_ms }))
}

/// Parts of a table are read with it; what is computed from other tables refers to nothing by itself.
fn surveyed(workspace: &Workspace) -> Vec<&Table> {
    let is_read = |table: &&Table| !table.kind.is_derived() && table.partition_of.is_none() && !table.columns.is_empty();
    workspace.snapshot.tables.iter().filter(is_read).collect()
}

impl Survey {
    /// References that stand.
    pub fn references(&self) -> impl Iterator<Item = &InferredReference> {
        self.inference.references.iter().filter(|reference| reference.rejected.is_none())
    }

    /// References of the table to one table or another.
    pub fn polymorphic_of(&self, table: &Table) -> impl Iterator<Item = &InferredPolymorphic> {
        self.inference.polymorphic.iter().filter(|pair| pair.child_schema == table.schema && pair.child_table == table.name)
    }

    /// The columns that identify a row of the table, declared or not.
    pub fn key_of(&self, table: &Table) -> Option<&InferredKey> {
        self.inference.keys.iter().find(|key| key.schema == table.schema && key.table == table.name)
    }
}
