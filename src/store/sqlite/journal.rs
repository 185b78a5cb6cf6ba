//! Appends as rows: the fence that lets them in, and what they leave behind.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::rows::Rows;
use crate::domain::RunId;
use crate::store::appends::{Fence, Fences};
use crate::store::{Append, Error, read};

/// A run that let its appends in.
#[derive(Debug)]
pub struct Head {
    pub no: i64,
    pub source: Option<String>,
    status: String,
    changed: bool,
}

/// What is bound to `sql/journal.sql`, in its order.
#[derive(Debug)]
pub struct Journaled {
    pub events: (String, Vec<u8>),
    pub steps: (String, Vec<u8>),
    pub consumed: String,
    pub moved: String,
}

/// run_id, epoch, first_seq, next_seq, at, summary
pub fn fence_rows(fences: &Fences<'_>) -> Rows {
    let mut rows = Rows::new();
    for fence in fences.iter() {
        let Fence { first, last } = fence;
        rows.row()
            .add(first.run)
            .number(first.epoch)
            .number(first.first_seq.cast_signed())
            .number(fence.next_seq().cast_signed())
            .number(last.at)
            .long(&read::json_text(&last.summary));
    }
    rows
}

impl Head {
    /// A row of `sql/fence.sql`.
    pub fn read(row: &SqliteRow) -> Result<(RunId, Self), Error> {
        let columns = (|| Ok::<_, sqlx::Error>((row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)))();
        let (no, status, source) = columns.map_err(|error| Error::Corrupt(format!("a row of runs: {error}")))?;
        Ok((read::run_id(row)?, Self { no, source, status, changed: false }))
    }

    /// The append moves the run on.
    pub fn apply(&mut self, append: &Append) {
        if self.status != append.status.name() {
            append.status.name().clone_into(&mut self.status);
            self.changed = true;
        }
        if let Some(source) = &append.source
            && self.source.as_ref() != Some(&source.0)
        {
            self.source = Some(source.0.clone());
            self.changed = true;
        }
    }
}

/// What the appends that were let in leave behind.
pub fn journaled(appends: &[&Append], heads: &HashMap<RunId, Head>) -> Journaled {
    let (mut events, mut steps, mut consumed, mut moved) = (Rows::new(), Rows::new(), Rows::new(), Rows::new());
    let mut by_number: Vec<(i64, &Append)> = appends.iter().map(|append| (heads[&append.run].no, *append)).collect();
    // in the order of the primary key, so that neighbours are written together
    by_number.sort_by_key(|(no, append)| (*no, append.first_seq));
    for (no, append) in by_number {
        for record in &append.records {
            events.row().number(no << 32 | record.seq.cast_signed()).number(record.at).add(record.kind.name()).add(&record.message);
            events.long(&record.data);
        }
        for step in &append.steps {
            steps.row().number(no).number(i64::from(step.task.0)).add(&step.step).long(&step.result);
        }
        for command in &append.consumed {
            consumed.row().number(no).add(&command.command_id).add(&command.outcome);
        }
    }
    for head in heads.values().filter(|head| head.changed) {
        moved.row().number(head.no).add(&head.status).add(&head.source);
    }
    Journaled { events: events.finish(), steps: steps.finish(), consumed: consumed.finish().0, moved: moved.finish().0 }
}
