//! A claim as columns of a row, and back. The columns stand in one order everywhere.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::domain::{Confidence, EntryStatus, EntryWrite, Layer, Provenance, TaskId};
use crate::store::Error;
use crate::store::settle::Claim;
use crate::store::sqlite::rows::Rows;

/// What `layer` is in a row; harvests come first in lists.
pub fn layer_number(layer: Layer) -> i64 {
    match layer {
        Layer::Harvest => 0,
        Layer::Finding => 1,
    }
}

pub fn layer(number: i64) -> Result<Layer, Error> {
    match number {
        0 => Ok(Layer::Harvest),
        1 => Ok(Layer::Finding),
        other => Err(Error::Corrupt(format!("the layer `{other}` of an entry"))),
    }
}

/// at, author, run, task, step, model, status, confidence, tags, links, evidence, document
pub fn write(claim: &Claim, row: &mut Rows) {
    let (write, from) = (&claim.write, &claim.write.provenance);
    row.number(claim.at)
        .add(&from.author)
        .add(from.run)
        .add(from.task.map(|task| task.0))
        .add(&from.step)
        .add(&from.model)
        .add(write.status.name())
        .add(write.confidence.value())
        .add(list(&write.tags))
        .add(list(&write.links))
        .add(list(&write.evidence))
        .long(&write.document.to_string());
}

/// The opposite of [`write`]: the twelve columns from `first` on.
pub fn read(row: &SqliteRow, first: usize, layer: Layer, kind: String, key: String) -> Result<Claim, Error> {
    let unreadable = |what: &str| Error::Corrupt(format!("the {what} of entry `{key}`"));
    let columns = Columns { row, first };
    let claim = (|| {
        let run: Option<&str> = columns.get(2)?;
        let status: &str = columns.get(6)?;
        Ok::<_, sqlx::Error>((
            columns.get::<i64>(0)?,
            Provenance {
                author: columns.get(1)?,
                run: run.map(str::parse).transpose().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                task: columns.get::<Option<u32>>(3)?.map(TaskId),
                step: columns.get(4)?,
                model: columns.get(5)?,
            },
            EntryStatus::from_name(status),
            columns.get::<f64>(7)?,
        ))
    })();
    let (at, provenance, status, confidence) = claim.map_err(|error| unreadable(&format!("claim ({error})")))?;
    let json = |column: usize, what: &str| columns.get::<&str>(column).map_err(|_| unreadable(what));
    let list = |column: usize, what: &str| {
        let text = json(column, what)?;
        if text == "[]" { Ok(Vec::new()) } else { serde_json::from_str(text).map_err(|_| unreadable(what)) }
    };
    let write = EntryWrite {
        layer,
        document: serde_json::from_str(json(11, "document")?).map_err(|_| unreadable("document"))?,
        tags: list(8, "tags")?,
        links: list(9, "links")?,
        confidence: Confidence::clamped(confidence),
        status: status.ok_or_else(|| unreadable("status"))?,
        evidence: list(10, "evidence")?,
        provenance,
        kind,
        key,
    };
    Ok(Claim { write, at })
}

struct Columns<'r> {
    row: &'r SqliteRow,
    first: usize,
}

impl<'r> Columns<'r> {
    fn get<T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(&self, column: usize) -> Result<T, sqlx::Error> {
        self.row.try_get(self.first + column)
    }
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "[]".to_owned() } else { serde_json::to_string(items).expect("texts always serialise") }
}
