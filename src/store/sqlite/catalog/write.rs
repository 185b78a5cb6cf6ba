//! Entries of a group as rows: the claims that are laid on the desk, and what is written of it.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::fresh::Fresh;
use crate::domain::{EntryWrite, Staleness};
use crate::store::Error;
use crate::store::desk::{self, Desk, Identity};
use crate::store::read;
use crate::store::sqlite::rows::{Rows, numbers};

/// The columns that `sql/claims.sql` answers.
const CLAIM_COLUMNS: usize = 20;

/// What is bound to `sql/catalog.sql`, in its order.
#[derive(Debug)]
pub struct Written {
    pub entries: (String, Vec<u8>),
    pub with_rivals: String,
    pub rivals: (String, Vec<u8>),
    pub history: (String, Vec<u8>),
    pub unindexed: String,
    pub words: (String, Vec<u8>),
}

/// Tells the rows of `sql/claims.sql` from those of the fence.
pub fn is_claim(row: &SqliteRow) -> bool {
    row.len() == CLAIM_COLUMNS
}

/// Puts a stored claim on the desk.
pub fn lay(row: &SqliteRow, desk: &mut Desk<'_>) -> Result<(), Error> {
    let unreadable = |error: sqlx::Error| Error::Corrupt(format!("a claim: {error}"));
    let identity = Identity {
        source: row.try_get(1).map_err(unreadable)?,
        layer: read::layer(row.try_get(2).map_err(unreadable)?)?,
        kind: row.try_get(3).map_err(unreadable)?,
        key: row.try_get(4).map_err(unreadable)?,
    };
    let (id, revision) = (row.try_get(0).map_err(unreadable)?, row.try_get(5).map_err(unreadable)?);
    let stands = row.try_get::<i64, _>(6).map_err(unreadable)? == 1;
    let claim = read::claim(row, 7, identity.layer, identity.kind.clone(), identity.key.clone())?;
    desk.lay(identity, id, revision).claim(claim, stands);
    Ok(())
}

/// What is to be stored of the desk beside what is fresh; none where nothing else changed.
pub fn written(desk: &Desk<'_>, fresh: &Fresh<'_>) -> Option<Written> {
    let (mut entries, mut rivals, mut history, mut words) = (Rows::new(), Rows::new(), Rows::new(), Rows::new());
    let (mut with_rivals, mut unindexed) = (Vec::new(), Vec::new());
    let mut changed = false;
    for entry in desk.settled().filter(|entry| !fresh.has(entry.id)) {
        changed = true;
        let identity = entry.identity;
        entries
            .row()
            .number(entry.id)
            .add(&identity.source)
            .number(read::layer_number(identity.layer))
            .add(&identity.kind)
            .add(&identity.key)
            .add(desk::path(&identity.key))
            .number(i64::from(entry.competing))
            .number(entry.rivals.len() as i64)
            .number(entry.revision);
        write_claim(&entry.stands.write, entry.stands.at, entry.stands.stale.as_ref(), &mut entries);
        if entry.had_rivals || !entry.rivals.is_empty() {
            with_rivals.push(entry.id);
        }
        for rival in entry.rivals {
            rivals.row().number(entry.id);
            write_claim(&rival.write, rival.at, rival.stale.as_ref(), &mut rivals);
        }
        if entry.reworded {
            if !entry.is_new {
                unindexed.push(entry.id);
            }
            if entry.stands.write.is_withdrawn() {
                continue;
            }
            let [key, label, text] = desk::words_of(&entry.stands.write);
            words.row().number(entry.id).add(&key).add(&label).long(&text);
        }
    }
    for past in desk.history().iter().filter(|past| !fresh.has(past.id)) {
        history.row().number(past.id).number(past.revision).add(&past.standing);
        write_claim(&past.write, past.at, past.stale.as_ref(), &mut history);
    }
    changed.then(|| Written {
        entries: entries.finish(),
        with_rivals: numbers(&with_rivals),
        rivals: rivals.finish(),
        history: history.finish(),
        unindexed: numbers(&unindexed),
        words: words.finish(),
    })
}

/// The columns that `read::claim` reads.
fn write_claim(write: &EntryWrite, at: i64, stale: Option<&Staleness>, row: &mut Rows) {
    let from = &write.provenance;
    row.number(at)
        .add(&from.author)
        .add(from.run)
        .add(from.task.map(|task| task.0))
        .add(&from.step)
        .add(&from.model)
        .add(write.status.name())
        .add(write.confidence.value())
        .add(read::list_text(&write.tags))
        .add(read::list_text(&write.links))
        .add(read::list_text(&write.evidence))
        .long(&write.document.to_string())
        .add(stale.map(read::json_text));
}
