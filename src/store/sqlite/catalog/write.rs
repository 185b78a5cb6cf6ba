//! Writing entries: the claims that are there are read for the whole group, settled in memory, and what changed is written.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::claims;
use crate::domain::{EntryWrite, Layer};
use crate::store::settle::{self, Change, Claim};
use crate::store::sqlite::rows::{Rows, numbers};
use crate::store::{Error, snippet, words};

/// The columns that `sql/claims.sql` answers.
const CLAIM_COLUMNS: usize = 19;

type Identity = (String, Layer, String, String);

/// The entries of one group of writes, as they are on the desk until the group is stored.
#[derive(Debug)]
pub struct Desk {
    entries: HashMap<Identity, Open>,
    /// In order of arrival, so that ids are.
    order: Vec<Identity>,
    history: Rows,
    next_id: i64,
}

#[derive(Debug)]
struct Open {
    id: i64,
    revision: i64,
    claims: Vec<Claim>,
    /// What stood before the group; none where the entry is new.
    before: Option<EntryWrite>,
    had_rivals: bool,
    changed: bool,
}

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

impl Desk {
    /// `next_id` is the first number that no entry has.
    pub fn new(next_id: i64) -> Self {
        Self { entries: HashMap::new(), order: Vec::new(), history: Rows::new(), next_id }
    }

    /// Puts a stored claim on the desk.
    pub fn lay(&mut self, row: &SqliteRow) -> Result<(), Error> {
        let unreadable = |error: sqlx::Error| Error::Corrupt(format!("a claim: {error}"));
        let identity: Identity = (
            row.try_get(1).map_err(unreadable)?,
            claims::layer(row.try_get(2).map_err(unreadable)?)?,
            row.try_get(3).map_err(unreadable)?,
            row.try_get(4).map_err(unreadable)?,
        );
        let stands = row.try_get::<i64, _>(6).map_err(unreadable)? == 1;
        let claim = claims::read(row, 7, identity.1, identity.2.clone(), identity.3.clone())?;
        let (id, revision) = (row.try_get(0).map_err(unreadable)?, row.try_get(5).map_err(unreadable)?);
        let open = self.entries.entry(identity).or_insert_with_key(|identity| {
            self.order.push(identity.clone());
            Open { id, revision, claims: Vec::new(), before: None, had_rivals: false, changed: false }
        });
        if open.claims.iter().any(|known| known.write.provenance.author == claim.write.provenance.author) {
            // the same entry was asked for twice
            return Ok(());
        }
        if stands {
            open.before = Some(claim.write.clone());
        } else {
            open.had_rivals = true;
        }
        open.claims.push(claim);
        Ok(())
    }

    /// Takes a write in; equal to what is there, it changes nothing.
    pub fn write(&mut self, source: &str, write: &EntryWrite, at: i64) {
        let identity = (source.to_owned(), write.layer, write.kind.clone(), write.key.clone());
        let open = self.entries.entry(identity).or_insert_with_key(|identity| {
            self.order.push(identity.clone());
            self.next_id += 1;
            Open { id: self.next_id - 1, revision: 0, claims: Vec::new(), before: None, had_rivals: false, changed: false }
        });
        match settle::accept(&mut open.claims, write, at) {
            Change::Nothing => {}
            Change::Provenance => open.changed = true,
            Change::Content => {
                open.changed = true;
                open.revision += 1;
                let from = &write.provenance;
                self.history
                    .row()
                    .number(open.id)
                    .number(open.revision)
                    .number(at)
                    .add(&from.author)
                    .add(from.run)
                    .add(from.task.map(|task| task.0))
                    .add(write.status.name())
                    .add(write.confidence.value())
                    .long(&write.document.to_string());
            }
        }
    }

    pub fn next_id(&self) -> i64 {
        self.next_id
    }

    /// What is to be stored; none where nothing changed.
    pub fn close(self) -> Option<Written> {
        let (mut entries, mut rivals, mut indexed) = (Rows::new(), Rows::new(), Rows::new());
        let (mut with_rivals, mut unindexed) = (Vec::new(), Vec::new());
        let mut changed = false;
        for identity in &self.order {
            let open = &self.entries[identity];
            if !open.changed {
                continue;
            }
            changed = true;
            let standing = settle::standing(&open.claims);
            let current = &open.claims[standing];
            let (source, layer, kind, key) = identity;
            entries
                .row()
                .number(open.id)
                .add(source)
                .number(claims::layer_number(*layer))
                .add(kind)
                .add(key)
                .add(path(key))
                .number(i64::from(settle::competing(&open.claims, standing)))
                .number(open.claims.len() as i64 - 1)
                .number(open.revision);
            claims::write(current, &mut entries);
            if open.had_rivals || open.claims.len() > 1 {
                with_rivals.push(open.id);
                for (_, rival) in open.claims.iter().enumerate().filter(|(position, _)| *position != standing) {
                    rivals.row().number(open.id);
                    claims::write(rival, &mut rivals);
                }
            }
            let same_words =
                open.before.as_ref().is_some_and(|before| before.document == current.write.document && before.tags == current.write.tags);
            if !same_words {
                if open.before.is_some() {
                    unindexed.push(open.id);
                }
                index(open.id, &current.write, &mut indexed);
            }
        }
        changed.then(|| Written {
            entries: entries.finish(),
            with_rivals: numbers(&with_rivals),
            rivals: rivals.finish(),
            history: self.history.finish(),
            unindexed: numbers(&unindexed),
            words: indexed.finish(),
        })
    }
}

/// Tells the rows of `sql/claims.sql` from those of the fence.
pub fn is_claim(row: &SqliteRow) -> bool {
    row.len() == CLAIM_COLUMNS
}

fn index(id: i64, claim: &EntryWrite, into: &mut Rows) {
    let (mut key, mut label, mut text) = (String::new(), String::new(), String::new());
    words::to_index(path(&claim.key), &mut key);
    words::to_index(&claim.kind, &mut label);
    claim.tags.iter().for_each(|tag| words::to_index(tag, &mut label));
    words::to_index(&snippet::text(&claim.document), &mut text);
    into.row().number(id).add(&key).add(&label).long(&text);
}

/// The key without its first component, which says the kind: `main.orders` of `table/main.orders`.
fn path(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, path)| path)
}
