//! Entries as they were at a moment, told from their history. The databases answer with the changes; which claim stood is decided here.

use super::columns::Columns;
use super::pages::{self, LARGEST_PAGE};
use super::settle::{self, Claim};
use super::{EntryFilter, Error, Page, Paged, read};
use crate::domain::{Author, Entry, Layer, Rival, Staleness};

/// Entries whose changes are read at once.
const PORTION: usize = 200;

/// What is asked for: entries of a filter, or the one of a key.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    pub filter: &'w EntryFilter,
    pub key: Option<&'w str>,
    pub at: i64,
}

/// The next entries whose names fit, in order of layer, kind and key.
pub struct Portion<'w> {
    pub wanted: Wanted<'w>,
    pub after: (i64, String, String),
    pub limit: usize,
}

/// An entry and its changes up to the moment, oldest first: the last claim of each author, and all marks.
pub struct Was {
    layer: Layer,
    kind: String,
    key: String,
    changes: Vec<Changed>,
}

struct Changed {
    revision: i64,
    standing: Option<Author>,
    /// Of a mark, the claim that stood.
    claim: Claim,
}

pub async fn one<'w, Reading>(wanted: Wanted<'w>, read: impl Fn(Portion<'w>) -> Reading) -> Result<Option<Entry>, Error>
where
    Reading: Future<Output = Result<Vec<Was>, Error>>,
{
    let found = read(Portion { wanted, after: pages::entry_position(&Page::default())?, limit: 1 }).await?;
    Ok(found.into_iter().next().and_then(Was::entry))
}

/// Reads on until the page is full, since what an entry was decides whether it is in.
pub async fn list<'w, Reading>(wanted: Wanted<'w>, page: &Page, read: impl Fn(Portion<'w>) -> Reading) -> Result<Paged<Entry>, Error>
where
    Reading: Future<Output = Result<Vec<Was>, Error>>,
{
    let mut after = pages::entry_position(page)?;
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let mut items = Vec::new();
    while items.len() <= limit {
        let portion = read(Portion { wanted, after: after.clone(), limit: PORTION }).await?;
        let is_last = portion.len() < PORTION;
        if let Some(last) = portion.last() {
            after = (read::layer_number(last.layer), last.kind.clone(), last.key.clone());
        }
        items.extend(portion.into_iter().filter_map(Was::entry).filter(|entry| fits(wanted.filter, entry)));
        if is_last {
            break;
        }
    }
    Ok(pages::of_entries(items, limit))
}

/// layer, kind, key, revision, standing, then a claim; no revision where the entry was not there yet. Changes of an entry follow each other.
pub fn gathered(rows: &[impl Columns]) -> Result<Vec<Was>, Error> {
    let unreadable = |error: sqlx::Error| Error::Corrupt(format!("a change of an entry: {error}"));
    let mut found: Vec<Was> = Vec::new();
    for row in rows {
        let layer = read::layer(row.number(0).map_err(unreadable)?)?;
        let (kind, key) = (row.text(1).map_err(unreadable)?, row.text(2).map_err(unreadable)?);
        if found.last().is_none_or(|last| (last.layer, last.kind.as_str(), last.key.as_str()) != (layer, kind, key)) {
            found.push(Was { layer, kind: kind.to_owned(), key: key.to_owned(), changes: Vec::new() });
        }
        if row.number_or_none(3).map_err(unreadable)?.is_some() {
            let (revision, standing) = read::revision(row, 3)?;
            let claim = read::claim(row, 5, layer, kind.to_owned(), key.to_owned())?;
            found.last_mut().expect("was pushed just now").changes.push(Changed { revision, standing, claim });
        }
    }
    Ok(found)
}

/// Claims that do not stand, the most certain first.
pub fn rivals(mut claims: Vec<Claim>) -> Vec<Rival> {
    claims.retain(|claim| !claim.write.is_withdrawn());
    claims.sort_by(|one, other| other.cmp_certainty(one));
    claims.into_iter().map(read::rival).collect()
}

impl Was {
    /// None where nothing had been claimed yet, or nothing was any more.
    fn entry(self) -> Option<Entry> {
        let standing = self.changes.last()?.standing.clone();
        let (marks, changes): (Vec<Changed>, Vec<Changed>) = self.changes.into_iter().partition(|change| change.claim.stale.is_some());
        let mut claims: Vec<Claim> = Vec::with_capacity(changes.len());
        for Changed { revision, mut claim, .. } in changes {
            let mark = marks.iter().find(|mark| mark.revision > revision).and_then(|mark| mark.claim.stale.clone());
            claim.stale = mark.map(|mark| Staleness { was: claim.write.status, ..mark });
            claims.push(claim);
        }
        if claims.is_empty() {
            return None;
        }
        // changes of the first days do not say whose claim stood
        let known = claims.iter().position(|claim| standing.as_ref() == Some(&claim.write.provenance.author));
        let stands = known.unwrap_or_else(|| settle::standing(&claims));
        let competing = settle::competing(&claims, stands);
        Some(claims.swap_remove(stands)).filter(|stands| !stands.write.is_withdrawn()).map(|stands| read::shown(stands, competing))
    }
}

/// What of a filter is not in an entry's name.
fn fits(filter: &EntryFilter, entry: &Entry) -> bool {
    let claim = &entry.claim;
    filter.tag.as_ref().is_none_or(|tag| claim.tags.contains(tag))
        && filter.run.is_none_or(|run| claim.provenance.run == Some(run))
        && filter.min_confidence.is_none_or(|least| claim.confidence.value() >= least)
        && filter.status.is_none_or(|status| claim.status == status)
        && filter.link.as_ref().is_none_or(|link| claim.links.contains(link))
}
