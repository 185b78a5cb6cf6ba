//! All inclusions between columns of a source, by one reading of each table and a second one of the columns that samples do not settle.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::reading::Reader;
use super::{Extent, surveyed};
use crate::domain::{Cell, Table};
use crate::evidence::inclusions::{Candidates, ColumnValues, Gathered, Place, Sought};
use crate::tools::port::Failure;
use crate::tools::workspace::Workspace;

/// Every pair of columns of which the one's values are all found in the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Inclusions {
    pub inclusions: Vec<Inclusion>,
    /// Tables of which not every row was read; their columns are in no pair.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read_whole: Vec<String>,
    pub columns: usize,
    /// Left out where the same database is to give the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Inclusion {
    pub child_table: String,
    pub child_column: String,
    pub parent_table: String,
    pub parent_column: String,
    /// False only for columns of too many different values to compare them all.
    pub exact: bool,
}

pub async fn find(workspace: &Workspace, extent: Extent) -> Result<Inclusions, Failure> {
    let started = Instant::now();
    let reader = Reader::new(workspace, extent);
    let tables = surveyed(workspace);
    let mut columns: BTreeMap<Place, ColumnValues> = BTreeMap::new();
    let mut not_read_whole = Vec::new();
    let reading = (0..tables.len()).map(|at| first(&reader, &tables, at));
    let read: Vec<(usize, Option<Vec<ColumnValues>>)> =
        futures::stream::iter(reading).buffer_unordered(extent.at_once).try_collect().await?;
    for (table, values) in read {
        match values {
            Some(values) => columns.extend(values.into_iter().enumerate().map(|(column, values)| ((table, column), values))),
            None => not_read_whole.push(tables[table].full_name()),
        }
    }
    not_read_whole.sort();
    // Of what is masked a constant was read.
    columns.retain(|(table, column), _| !tables[*table].columns[*column].masked);
    let candidates = Candidates::among(&columns);
    let gathered = again(&reader, &tables, candidates.sought()).await?;
    let name = |(table, column): Place| (tables[table].full_name(), tables[table].columns[column].name.clone());
    let inclusions = candidates.settled(&gathered).into_iter().map(|one| {
        let ((child_table, child_column), (parent_table, parent_column)) = (name(one.child), name(one.parent));
        Inclusion { child_table, child_column, parent_table, parent_column, exact: one.is_exact }
    });
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).ok();
    Ok(Inclusions { inclusions: inclusions.collect(), not_read_whole, columns: columns.len(), elapsed_ms })
}

async fn first(reader: &Reader<'_>, tables: &[&Table], at: usize) -> Result<(usize, Option<Vec<ColumnValues>>), Failure> {
    let everything: Vec<usize> = (0..tables[at].columns.len()).collect();
    let mut values: Vec<ColumnValues> = everything.iter().map(|_| ColumnValues::default()).collect();
    let mut take = |cells: &[Cell<'_>]| {
        values.iter_mut().zip(cells).for_each(|(values, cell)| values.add(cell));
        ControlFlow::Continue(())
    };
    let complete = reader.pass(tables[at], &everything, &mut take).await?;
    Ok((at, complete.then_some(values)))
}

/// Reads columns again for what is sought in them; what could not be read to its end is left out.
pub async fn again(reader: &Reader<'_>, tables: &[&Table], sought: BTreeMap<Place, Sought>) -> Result<BTreeMap<Place, Gathered>, Failure> {
    let mut by_table: BTreeMap<usize, Vec<(usize, Sought)>> = BTreeMap::new();
    for ((table, column), what) in sought {
        by_table.entry(table).or_default().push((column, what));
    }
    let reading = by_table.into_iter().map(|(table, sought)| second(reader, tables, table, sought));
    let gathered: Vec<Vec<(Place, Gathered)>> = futures::stream::iter(reading).buffer_unordered(reader.at_once()).try_collect().await?;
    Ok(gathered.into_iter().flatten().collect())
}

async fn second(
    reader: &Reader<'_>,
    tables: &[&Table],
    at: usize,
    sought: Vec<(usize, Sought)>,
) -> Result<Vec<(Place, Gathered)>, Failure> {
    let columns: Vec<usize> = sought.iter().map(|(column, _)| *column).collect();
    let mut gathered: Vec<Gathered> = sought.into_iter().map(|(_, sought)| Gathered::new(sought)).collect();
    let mut take = |cells: &[Cell<'_>]| {
        gathered.iter_mut().zip(cells).for_each(|(gathered, cell)| gathered.add(cell));
        ControlFlow::Continue(())
    };
    // What is found in some rows says nothing of all of them.
    let complete = reader.pass(tables[at], &columns, &mut take).await?;
    Ok(if complete { columns.into_iter().map(|column| (at, column)).zip(gathered).collect() } else { Vec::new() })
}
