//! Rows through `run_sql_readonly`, page by page, because remote servers bound and cut their answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::answer_rows::AnswerRows;
use super::line::Line;
use super::outline::{Outline, page_of};
use super::peer::PeerError;
use super::value::{self, Expected};
use crate::domain::rows::RowColumn;
use crate::domain::{Cell, Snapshot};
use crate::source::guard::{Form, ReadQuery};
use crate::source::stream::{Consumer, Passage, Streamed};
use crate::source::{Dialect, Error, ReadLimits, guard};

pub const RUN_SQL: [&str; 3] = ["run_sql_readonly", "sql.run", "run_sql"];

/// Rows that are asked for at once, where the server sets no smaller bound.
const PAGE_ROWS: usize = 1_000;

/// Names and normalised types of a table's columns, in their order.
type Columns = Vec<(String, String)>;

/// What reading has to know of the database: the columns of its tables, by schema and name in small letters.
#[derive(Default)]
pub struct Known {
    tables: RwLock<Arc<HashMap<(String, String), Columns>>>,
    /// Some answer held more than texts: from this server a text is a text.
    has_types: AtomicBool,
}

pub struct Reader<'a> {
    pub line: &'a Line,
    pub dialect: Dialect,
    pub known: &'a Known,
}

/// One text that is sent, and which of its columns are wanted.
struct Asked<'q> {
    query: &'q ReadQuery,
    outline: Outline,
    /// The same rows, asked for with a star, for servers that refuse words within names; with the places of the wanted columns.
    star: Option<(String, Vec<usize>)>,
}

impl Known {
    pub fn learn(&self, snapshot: &Snapshot) {
        let tables = snapshot.tables.iter().map(|table| {
            let columns = table.columns.iter().map(|column| (column.name.clone(), column.r#type.clone())).collect();
            ((table.schema.to_lowercase(), table.name.to_lowercase()), columns)
        });
        *self.tables.write().expect("nothing panics while it holds the columns") = Arc::new(tables.collect());
    }

    fn columns_of(&self, query: &ReadQuery) -> Vec<Columns> {
        let tables = self.tables.read().expect("nothing panics while it holds the columns").clone();
        let of_relation = |path: &[crate::source::guard::relations::Name]| {
            let name = path.last()?.text.to_lowercase();
            match path.len().checked_sub(2).map(|at| path[at].text.to_lowercase()) {
                Some(schema) => tables.get(&(schema, name)).cloned(),
                None => tables.iter().find(|((_, known), _)| *known == name).map(|(_, columns)| columns.clone()),
            }
        };
        query.reads().relations.iter().filter_map(|relation| of_relation(&relation.path)).collect()
    }
}

impl Reader<'_> {
    pub async fn stream(&self, query: &ReadQuery, limits: &ReadLimits, consumer: &mut Consumer<'_>) -> Result<Streamed, Error> {
        let until = Instant::now() + limits.time;
        let columns = self.known.columns_of(query);
        let outline = Outline::of(self.dialect, query);
        let star = star_of(query, &outline, &columns);
        let mut asked = Asked { query, outline, star: None };
        let mut passage = Passage::new(consumer, limits);
        let most = self.line.maximum(&RUN_SQL, "max_rows").map_or(PAGE_ROWS, |most| most.clamp(1, PAGE_ROWS as u64) as usize);
        // Without an order, PostgreSQL may begin each page elsewhere.
        let mut ordered = self.dialect == Dialect::Postgresql && limits.max_rows > most;
        let (mut page, mut offset) = (most, 0);
        loop {
            let wanted = page.min(passage.rows_left());
            let answer = self.ask(&asked, ordered, wanted, offset, until, limits.time).await;
            let answer = match answer {
                Err(Error::Statement(_)) if ordered && offset == 0 => {
                    ordered = false;
                    continue;
                }
                // Its guard looks for words, and `created_at` holds one.
                Err(Error::Statement(why)) if asked.star.is_none() && star.is_some() && is_about_words(&why) => {
                    asked.star.clone_from(&star);
                    continue;
                }
                answer => answer?,
            };
            let got = answer.rows.len();
            let shown = self.pass(&asked, &answer, &columns, &mut passage);
            let has_more = answer.is_cut || got >= wanted;
            if passage.has_ended() || !has_more {
                return Ok(passage.streamed(shown));
            }
            if got == 0 || !asked.outline.takes_limit {
                // A part of the rows, which cannot be asked for the rest.
                let streamed = passage.streamed(shown);
                return Ok(Streamed { is_whole: streamed.is_whole && !answer.is_cut, ..streamed });
            }
            offset += got;
            // What the server cuts for its size it has read in vain.
            page = if answer.is_cut { (got + got / 8).clamp(1, most) } else { most };
        }
    }

    async fn ask(
        &self,
        asked: &Asked<'_>,
        ordered: bool,
        rows: usize,
        offset: usize,
        until: Instant,
        time: Duration,
    ) -> Result<AnswerRows, Error> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::TimedOut(time));
        }
        let sql = match &asked.star {
            Some((star, _)) => {
                let sql = format!("{star} limit {rows} offset {offset}");
                guard::check(self.dialect, &sql).map_err(|refusal| Error::Refused(refusal.construct))?.sql().to_owned()
            }
            None => {
                page_of(self.dialect, asked.query, &asked.outline, ordered, rows, offset).unwrap_or_else(|| asked.query.sql().to_owned())
            }
        };
        let longest = self.line.maximum(&RUN_SQL, "timeout_sec").unwrap_or(u64::MAX).max(1);
        let seconds = left.as_secs_f64().ceil().max(1.0) as u64;
        let args = json!({"sql": sql, "max_rows": rows, "timeout_sec": seconds.min(longest)});
        let answer = match tokio::time::timeout(left, self.line.call(&RUN_SQL, args)).await {
            Ok(answer) => answer.map_err(|error| failed(error, time))?,
            Err(_) => return Err(Error::TimedOut(time)),
        };
        let star = Outline::default();
        let outline = if asked.star.is_some() { &star } else { &asked.outline };
        AnswerRows::of(answer, outline).map_err(Error::Statement)
    }

    /// Hands the rows over; the answer is what their columns are.
    fn pass(&self, asked: &Asked<'_>, answer: &AnswerRows, tables: &[Columns], passage: &mut Passage<'_>) -> Vec<RowColumn> {
        let has_only_texts = answer.has_only_texts();
        if !has_only_texts || !answer.types.is_empty() {
            self.known.has_types.store(true, Ordering::Relaxed);
        }
        let only_texts = has_only_texts && !self.known.has_types.load(Ordering::Relaxed);
        let places: Vec<usize> = match &asked.star {
            Some((_, places)) => places.clone(),
            None => (0..answer.names.len()).collect(),
        };
        let described: Vec<(RowColumn, Expected)> = (0..places.len())
            .map(|at| {
                let output = asked.outline.columns.as_ref().and_then(|columns| columns.get(at));
                let told = answer.names.get(places[at]).filter(|name| !name.is_empty() && asked.star.is_none());
                let name = told.cloned().or_else(|| output?.name.clone()).unwrap_or_else(|| format!("column{}", at + 1));
                let of = output.map_or(Some(name.as_str()), |output| output.of.as_deref());
                let r#type = of.and_then(|of| type_of(tables, of));
                let told = answer.types.get(places[at]).cloned();
                let column = RowColumn { name, r#type: told.or_else(|| r#type.clone()).unwrap_or_default() };
                (column, Expected { r#type, only_texts })
            })
            .collect();
        for row in &answer.rows {
            let values: Vec<&Value> = places.iter().map(|place| row.get(*place).unwrap_or(&Value::Null)).collect();
            let texts: Vec<Option<String>> = values.iter().map(|value| value::text_of(value)).collect();
            let cells: Vec<Cell<'_>> = values
                .iter()
                .zip(&texts)
                .zip(&described)
                .map(|((value, text), (_, expected))| value::cell(value, text.as_deref(), expected))
                .collect();
            passage.pass(&cells);
            if passage.has_ended() {
                break;
            }
        }
        described.into_iter().map(|(column, _)| column).collect()
    }
}

pub fn failed(error: PeerError, time: Duration) -> Error {
    match error {
        PeerError::TimedOut => Error::TimedOut(time),
        PeerError::Refused(why) => Error::Statement(why),
        PeerError::NoSuchTool(_) | PeerError::Unavailable(_) => Error::Unavailable(error.to_string()),
    }
}

/// The type of a column of one of these tables, where they agree.
fn type_of(tables: &[Columns], column: &str) -> Option<String> {
    let mut found = tables.iter().flatten().filter(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, r#type)| r#type);
    let first = found.next()?;
    found.all(|other| other == first).then(|| first.clone())
}

/// All columns of the one relation that a plain query lists some of.
fn star_of(query: &ReadQuery, outline: &Outline, tables: &[Columns]) -> Option<(String, Vec<usize>)> {
    let (true, [columns], Form::Query) = (outline.is_plain, tables, query.form()) else { return None };
    let wanted = outline.columns.as_ref()?.iter().map(|output| {
        let of = output.of.as_deref()?;
        columns.iter().position(|(name, _)| name.eq_ignore_ascii_case(of))
    });
    let places: Vec<usize> = wanted.collect::<Option<_>>()?;
    let relation = &query.sql()[query.reads().relations.first()?.span.clone()];
    Some((format!("select * from {relation}"), places))
}

fn is_about_words(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["read-only", "readonly", "read only", "dangerous", "not allowed", "forbidden"].into_iter().any(|words| why.contains(words))
}
