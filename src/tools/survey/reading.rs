//! Reads tables for a survey, several at once, within one time for all.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::Extent;
use crate::domain::{Cell, Column, Table};
use crate::evidence::glance::Glance;
use crate::evidence::infer::{FirstRows, Question, Subject, Tuples, rows};
use crate::evidence::{ColumnSketch, Precision};
use crate::source::{self, Dialect, ReadLimits, guard};
use crate::tools::port::Failure;
use crate::tools::reading::{quoted, quoted_table, source_failure};
use crate::tools::workspace::Workspace;

/// Digests that tell whether combinations are found in another table.
const DIGESTS: usize = 65_536;

/// What was read of a table.
#[derive(Clone, Debug, Serialize)]
pub struct TableRead {
    pub table: String,
    pub rows: u64,
    /// Every row was read.
    pub complete: bool,
    /// Of its columns, in their order; of what is masked nothing is seen.
    #[serde(skip)]
    pub glances: Vec<Glance>,
}

pub struct Reader<'a> {
    workspace: &'a Workspace,
    extent: Extent,
    until: Instant,
}

impl<'a> Reader<'a> {
    pub fn new(workspace: &'a Workspace, extent: Extent) -> Self {
        Self { workspace, extent, until: Instant::now() + extent.time }
    }

    pub fn at_once(&self) -> usize {
        self.extent.at_once
    }

    /// In the order of the tables.
    pub async fn subjects<'t>(&self, tables: &[&'t Table]) -> Result<Vec<(Subject<'t>, TableRead)>, Failure> {
        let mut places: Vec<usize> = (0..tables.len()).collect();
        // Small ones first: where time ends, most of the tables are known.
        places.sort_by_key(|place| (tables[*place].row_count.unwrap_or(u64::MAX), *place));
        let reading = places.into_iter().map(|place| async move { self.subject(tables[place]).await.map(|read| (place, read)) });
        let mut read: Vec<(usize, (Subject<'t>, TableRead))> =
            futures::stream::iter(reading).buffer_unordered(self.extent.at_once).try_collect().await?;
        read.sort_by_key(|(place, _)| *place);
        Ok(read.into_iter().map(|(_, read)| read).collect())
    }

    pub async fn keys(&self, tables: &[&Table], asked: Vec<Question>) -> Result<Vec<(Question, Tuples)>, Failure> {
        self.answers(tables, asked, Tuples::of_key).await
    }

    pub async fn references(&self, tables: &[&Table], asked: Vec<Question>) -> Result<Vec<(Question, Tuples)>, Failure> {
        self.answers(tables, asked, || Tuples::of_reference(DIGESTS)).await
    }

    async fn subject<'t>(&self, table: &'t Table) -> Result<(Subject<'t>, TableRead), Failure> {
        let width = table.columns.len();
        let precision = Precision::of_columns(width);
        let mut sketches: Vec<ColumnSketch> = table.columns.iter().map(|column| ColumnSketch::new(&column.r#type, precision)).collect();
        let (mut first, mut rows) = (FirstRows::new(width), 0_u64);
        let everything: Vec<usize> = (0..width).collect();
        let complete = self
            .pass(table, &everything, &mut |cells| {
                rows += 1;
                first.add(cells);
                sketches.iter_mut().zip(cells).for_each(|(sketch, cell)| sketch.add(cell));
                ControlFlow::Continue(())
            })
            .await?;
        first.is_whole &= complete;
        // Of what is masked a constant was read.
        let unseen = |at: usize| ColumnSketch::new(&table.columns[at].r#type, precision);
        let traits = sketches.iter().enumerate().map(|(at, sketch)| match table.columns[at].masked {
            true => unseen(at).traits(),
            false => sketch.traits(),
        });
        let subject = Subject { table, traits: traits.collect(), first, rows, complete };
        let glances = sketches.iter().zip(&table.columns).map(|(sketch, column)| match column.masked || rows == 0 {
            true => Glance::default(),
            false => Glance::of(&sketch.figures(&column.name, 0)),
        });
        Ok((subject, TableRead { table: table.full_name(), rows, complete, glances: glances.collect() }))
    }

    /// Each table that is asked about is read once for all that is asked of it.
    async fn answers(&self, tables: &[&Table], asked: Vec<Question>, new: impl Fn() -> Tuples) -> Result<Vec<(Question, Tuples)>, Failure> {
        let mut by_table: BTreeMap<usize, Vec<Question>> = BTreeMap::new();
        for question in asked {
            by_table.entry(question.table).or_default().push(question);
        }
        let new = &new;
        let reading = by_table.into_iter().map(|(table, questions)| async move {
            let mut columns: Vec<usize> = questions.iter().flat_map(|question| question.columns.iter().copied()).collect();
            columns.sort_unstable();
            columns.dedup();
            let place = |column: &usize| columns.binary_search(column).expect("is among the columns of all questions");
            let mut answers: Vec<(Vec<usize>, Tuples)> =
                questions.iter().map(|question| (question.columns.iter().map(place).collect(), new())).collect();
            let mut digests = Vec::with_capacity(columns.len());
            let complete = self
                .pass(tables[table], &columns, &mut |cells| {
                    digests.clear();
                    digests.extend(cells.iter().map(rows::digest));
                    for (places, tuples) in &mut answers {
                        tuples.add(places.iter().map(|place| digests[*place]));
                    }
                    // Where all are answered, the rows that are left say nothing more.
                    if answers.iter().all(|(_, tuples)| tuples.is_settled()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
                .await?;
            let is_settled = answers.iter().all(|(_, tuples)| tuples.is_settled());
            // What is found in some rows says nothing of all of them.
            let answers = answers.into_iter().map(|(_, tuples)| tuples);
            Ok::<_, Failure>(if complete || is_settled { questions.into_iter().zip(answers).collect::<Vec<_>>() } else { Vec::new() })
        });
        let answered: Vec<Vec<(Question, Tuples)>> = futures::stream::iter(reading).buffered(self.extent.at_once).try_collect().await?;
        Ok(answered.into_iter().flatten().collect())
    }

    /// Whether every row was read, until `take` has enough. What cannot be read is told as not read; only a source that is gone ends the survey.
    pub(super) async fn pass(
        &self,
        table: &Table,
        columns: &[usize],
        take: &mut (dyn FnMut(&[Cell<'_>]) -> ControlFlow<()> + Send),
    ) -> Result<bool, Failure> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let dialect = self.workspace.source.dialect();
        let listed = columns.iter().map(|column| compared(dialect, &table.columns[*column])).collect::<Vec<_>>().join(", ");
        let sql = format!("select {listed} from {}", quoted_table(dialect, table));
        let Ok(query) = guard::check(dialect, &sql) else { return Ok(false) };
        let limits = ReadLimits { max_rows: self.extent.rows, max_bytes: usize::MAX, time: left.max(Duration::from_millis(1)) };
        match self.workspace.source.stream(&query, &limits, take).await {
            Ok(streamed) => Ok(streamed.is_whole),
            Err(source::Error::TimedOut(_) | source::Error::Statement(_) | source::Error::Refused(_)) => Ok(false),
            Err(error) => Err(source_failure(error)),
        }
    }
}

/// A column as its values are compared: what pads a text of fixed length is no part of it.
fn compared(dialect: Dialect, column: &Column) -> String {
    let name = quoted(dialect, &column.name);
    let is_padded = dialect == Dialect::Postgresql && column.declared_type.starts_with("character(") && column.declared_type.ends_with(')');
    if is_padded { format!("{name}::text") } else { name }
}
