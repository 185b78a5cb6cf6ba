//! Writing entries: the claims that are there are laid on a desk, settled in memory, and what changed is written by the database at hand.

use std::borrow::Cow;
use std::collections::HashMap;

use super::settle::{self, Change, Claim, Manner};
use super::{snippet, words};
use crate::domain::{Author, EntryStatus, EntryWrite, Layer, Provenance, StaleMark, Staleness};

/// Who marks entries as stale, in their history.
const MARKS: &str = "harvest";

/// What names an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub source: String,
    pub layer: Layer,
    pub kind: String,
    pub key: String,
}

/// The entries of one group of writes, as they are on the desk until the group is stored.
#[derive(Debug)]
pub struct Desk<'w> {
    entries: HashMap<Identity, Open>,
    /// In order of arrival, so that ids are.
    order: Vec<Identity>,
    history: Vec<Past<'w>>,
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

/// A change of an entry: a claim that changed what its author says or who stands, or a mark.
#[derive(Debug)]
pub struct Past<'w> {
    pub id: i64,
    pub revision: i64,
    pub at: i64,
    pub write: Cow<'w, EntryWrite>,
    /// Whose claim stands from here on.
    pub standing: Author,
    /// Of a mark; the claim is then the one that stands.
    pub stale: Option<Staleness>,
}

/// An entry that is to be stored anew.
#[derive(Debug)]
pub struct Settled<'d> {
    pub id: i64,
    pub identity: &'d Identity,
    pub revision: i64,
    pub competing: u32,
    pub stands: &'d Claim,
    pub rivals: Vec<&'d Claim>,
    pub had_rivals: bool,
    pub is_new: bool,
    /// Whether its words are others than those that are stored.
    pub reworded: bool,
}

impl Identity {
    pub fn of(source: &str, write: &EntryWrite) -> Self {
        Self { source: source.to_owned(), layer: write.layer, kind: write.kind.clone(), key: write.key.clone() }
    }

    pub fn of_mark(source: &str, mark: &StaleMark) -> Self {
        Self { source: source.to_owned(), layer: mark.layer, kind: mark.kind.clone(), key: mark.key.clone() }
    }
}

impl<'w> Desk<'w> {
    /// `next_id` is the first number that no entry has.
    pub fn new(next_id: i64) -> Self {
        Self { entries: HashMap::new(), order: Vec::new(), history: Vec::new(), next_id }
    }

    /// Puts an entry on the desk, without its claims; one that is new has no revision yet.
    pub fn lay(&mut self, identity: Identity, id: i64, revision: i64) -> Laid<'_> {
        Laid(self.entries.entry(identity).or_insert_with_key(|identity| {
            self.order.push(identity.clone());
            Open::new(id, revision)
        }))
    }

    /// Takes a write in; equal to what is there, it changes nothing.
    pub fn write(&mut self, source: &str, write: &'w EntryWrite, at: i64, manner: Manner) {
        let open = self.entries.entry(Identity::of(source, write)).or_insert_with_key(|identity| {
            self.order.push(identity.clone());
            self.next_id += 1;
            Open::new(self.next_id - 1, 0)
        });
        let stood = (!open.claims.is_empty()).then(|| open.standing().write.provenance.author.clone());
        let change = settle::accept(&mut open.claims, write, at, manner);
        if change == Change::Nothing {
            return;
        }
        open.changed = true;
        let standing = open.standing().write.provenance.author.clone();
        // saying the same again is worth a line only where it decides between two
        if change == Change::Content || stood.as_ref() != Some(&standing) {
            open.revision += 1;
            self.history.push(Past { id: open.id, revision: open.revision, at, write: Cow::Borrowed(write), standing, stale: None });
        }
    }

    /// Marks the claims on an entry; one that is not there stays away.
    pub fn mark(&mut self, source: &str, mark: &StaleMark, at: i64) {
        let Some(open) = self.entries.get_mut(&Identity::of_mark(source, mark)) else { return };
        if !settle::mark(&mut open.claims, mark, at) {
            return;
        }
        open.changed = true;
        open.revision += 1;
        let stands = open.standing();
        let stale = Some(settle::staleness(mark, at, stands.write.status));
        let standing = stands.write.provenance.author.clone();
        let provenance = Provenance::of(MARKS);
        let write = EntryWrite { status: EntryStatus::Stale, provenance, evidence: vec![mark.snapshot.0.clone()], ..stands.write.clone() };
        self.history.push(Past { id: open.id, revision: open.revision, at, write: Cow::Owned(write), standing, stale });
    }

    pub fn next_id(&self) -> i64 {
        self.next_id
    }

    /// What is to be stored, in order of arrival.
    pub fn settled(&self) -> impl Iterator<Item = Settled<'_>> {
        self.order.iter().filter_map(|identity| {
            let open = &self.entries[identity];
            open.changed.then(|| open.settled(identity))
        })
    }

    pub fn history(&self) -> &[Past<'w>] {
        &self.history
    }
}

/// An entry on the desk whose claims are being laid beside it.
pub struct Laid<'d>(&'d mut Open);

impl Laid<'_> {
    pub fn claim(&mut self, claim: Claim, stands: bool) {
        let open = &mut *self.0;
        if open.claims.iter().any(|known| known.write.provenance.author == claim.write.provenance.author) {
            // the same entry was asked for twice
            return;
        }
        if stands {
            open.before = Some(claim.write.clone());
        } else {
            open.had_rivals = true;
        }
        open.claims.push(claim);
    }
}

impl Open {
    fn new(id: i64, revision: i64) -> Self {
        Self { id, revision, claims: Vec::new(), before: None, had_rivals: false, changed: false }
    }

    fn standing(&self) -> &Claim {
        &self.claims[settle::standing(&self.claims)]
    }

    fn settled<'d>(&'d self, identity: &'d Identity) -> Settled<'d> {
        let standing = settle::standing(&self.claims);
        let stands = &self.claims[standing];
        let same_words =
            self.before.as_ref().is_some_and(|before| before.document == stands.write.document && before.tags == stands.write.tags);
        Settled {
            id: self.id,
            identity,
            revision: self.revision,
            competing: settle::competing(&self.claims, standing),
            stands,
            rivals: self.claims.iter().enumerate().filter(|(position, _)| *position != standing).map(|(_, claim)| claim).collect(),
            had_rivals: self.had_rivals,
            is_new: self.before.is_none(),
            reworded: !same_words,
        }
    }
}

/// What of an entry is searched, in order of weight: its key, its kind and tags, its text.
pub fn words_of(claim: &EntryWrite) -> [String; 3] {
    let (mut key, mut label, mut text) = (String::new(), String::new(), String::new());
    if claim.is_withdrawn() {
        return [key, label, text];
    }
    words::to_index(path(&claim.key), &mut key);
    words::to_index(&claim.kind, &mut label);
    claim.tags.iter().for_each(|tag| words::to_index(tag, &mut label));
    words::to_index(&snippet::text(&claim.document), &mut text);
    [key, label, text]
}

/// The key without its first component, which says the kind: `main.orders` of `table/main.orders`.
pub fn path(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, path)| path)
}
