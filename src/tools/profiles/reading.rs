//! Reads a table once and feeds all of its columns' sketches.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::way::{Mode, Way, ways};
use super::{Seen, Settings};
use crate::domain::{Cell, Table};
use crate::evidence::{ColumnSketch, Precision};
use crate::source::spelling::{Sampling, ranges};
use crate::source::{self, ReadLimits, guard};
use crate::tools::port::Failure;
use crate::tools::reading::{quoted, quoted_table, source_failure};
use crate::tools::{Workspace, reading};

/// Ranges of a key that a sample is taken from.
const RANGES: u64 = 32;

/// How much longer than its own time a reading may take to be ended by the database.
const GRACE: Duration = Duration::from_millis(500);

/// A statement, and what it shows of the table.
struct Query {
    sql: String,
    max_rows: usize,
    /// Without an end before its time, it gives all rows of the table.
    is_whole: bool,
    method: &'static str,
    how: String,
}

/// What ended a reading before the last row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Rows,
    Time,
    /// Limits that the source was registered with.
    Limits,
}

pub async fn read(workspace: &Workspace, table: &Table, mode: Mode, settings: &Settings) -> Result<(Seen, Vec<ColumnSketch>), Failure> {
    let mut last_failure = Failure::Mendable(format!("`{}` cannot be read", table.full_name()));
    for way in ways(workspace.source.dialect(), table, mode, settings.quick_rows) {
        let reading = async {
            let query = query(workspace, table, way, settings).await?;
            pass(workspace, table, query, mode, settings).await
        };
        match reading.await {
            Ok(read) => return Ok(read),
            Err(Failure::Mendable(why)) => last_failure = Failure::Mendable(why),
            Err(broken) => return Err(broken),
        }
    }
    Err(last_failure)
}

async fn query(workspace: &Workspace, table: &Table, way: Way, settings: &Settings) -> Result<Query, Failure> {
    let dialect = workspace.source.dialect();
    let columns = table.columns.iter().map(|column| quoted(dialect, &column.name)).collect::<Vec<_>>().join(", ");
    let name = quoted_table(dialect, table);
    let all = |max_rows: usize, limit: String| Query {
        sql: format!("select {columns} from {name}{limit}"),
        max_rows,
        is_whole: true,
        method: "scan",
        how: "all rows".to_owned(),
    };
    let first = |rows: u64| all(usize::try_from(rows).unwrap_or(usize::MAX), format!(" limit {}", rows.saturating_add(1)));
    Ok(match way {
        Way::All => all(usize::MAX, String::new()),
        Way::First(rows) => first(rows),
        Way::Sample(Sampling::From { from, method, how }) => {
            Query { sql: format!("select {columns} from {from}"), max_rows: usize::MAX, is_whole: false, method, how }
        }
        Way::Sample(Sampling::Ranges { key }) => {
            let wanted = settings.quick_rows;
            let Some(ends) = ends(workspace, &name, &key, settings).await? else { return Ok(first(wanted)) };
            if (ends.1 as i128) - (ends.0 as i128) < i128::from(wanted) {
                return Ok(first(wanted));
            }
            Query {
                sql: ranges(&columns, &name, &key, ends, RANGES, wanted.div_ceil(RANGES)),
                max_rows: usize::MAX,
                is_whole: false,
                method: "key_ranges",
                how: format!("the first rows of each of {RANGES} ranges that divide the key {key} evenly"),
            }
        }
    })
}

/// None where the table is empty or the key is no number after all.
async fn ends(workspace: &Workspace, table: &str, key: &str, settings: &Settings) -> Result<Option<(i64, i64)>, Failure> {
    // Both in one `select` would read the whole table on SQLite.
    let sql = format!("select (select min({key}) from {table}), (select max({key}) from {table})");
    let rows = reading::read(workspace, &sql, &settings.read_limits(1)).await?;
    let row = rows.rows.first().map_or(&[][..], Vec::as_slice);
    Ok(match row {
        [low, high] => low.as_i64().zip(high.as_i64()),
        _ => None,
    })
}

async fn pass(
    workspace: &Workspace,
    table: &Table,
    query: Query,
    mode: Mode,
    settings: &Settings,
) -> Result<(Seen, Vec<ColumnSketch>), Failure> {
    let guarded = guard::check(workspace.source.dialect(), &query.sql).map_err(|refusal| Failure::Mendable(refusal.to_string()))?;
    let precision = Precision::of_columns(table.columns.len());
    let mut sketches: Vec<ColumnSketch> = table.columns.iter().map(|column| ColumnSketch::new(&column.r#type, precision)).collect();
    let own_time = match mode {
        Mode::Quick => Duration::from_millis(settings.quick_time_ms),
        Mode::Full => Duration::from_millis(settings.full_time_ms),
    };
    // What gives no row for long, such as a view that sorts, gets the time of any statement.
    let limits = ReadLimits {
        max_rows: query.max_rows,
        max_bytes: usize::MAX,
        time: (own_time + GRACE).max(Duration::from_millis(settings.read_time_ms)),
    };
    let started = Instant::now();
    let (mut rows, mut is_late) = (0_u64, false);
    let mut feed = |cells: &[Cell<'_>]| {
        for (sketch, cell) in sketches.iter_mut().zip(cells) {
            sketch.add(cell);
        }
        rows += 1;
        is_late = started.elapsed() >= own_time;
        if is_late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let streamed = workspace.source.stream(&guarded, &limits, &mut feed).await;
    let ended = match streamed {
        Ok(streamed) if streamed.is_whole => None,
        Ok(_) if is_late => Some(Ended::Time),
        Ok(_) if rows >= query.max_rows as u64 => Some(Ended::Rows),
        Ok(_) => Some(Ended::Limits),
        // What was seen until then is as good as any other first rows.
        Err(source::Error::TimedOut(_)) if rows > 0 => Some(Ended::Time),
        Err(error) => return Err(source_failure(error)),
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok((seen(table, query, rows, ended, elapsed_ms), sketches))
}

fn seen(table: &Table, query: Query, rows: u64, ended: Option<Ended>, elapsed_ms: u64) -> Seen {
    let complete = query.is_whole && ended.is_none();
    let until = match ended {
        None => "",
        Some(Ended::Rows) => "as many as a quick profile looks at",
        Some(Ended::Time) => "until the time was over",
        Some(Ended::Limits) => "as many as the source is registered with",
    };
    let (method, how) = match (query.is_whole, ended) {
        (_, None) => (query.method, query.how),
        (true, Some(_)) => ("first_rows", format!("the first rows, {until}")),
        (false, Some(_)) => (query.method, format!("{}, {until}", query.how)),
    };
    Seen {
        table: table.full_name(),
        method,
        how,
        rows,
        rows_estimated: if complete { Some(rows) } else { table.row_count.map(|count| count.max(rows)) },
        complete,
        elapsed_ms,
    }
}
