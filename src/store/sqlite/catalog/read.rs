//! Entries one by one and in lists.

use crate::domain::{Entry, EntryStatus, EntryWrite, Layer, SourceKey};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::sqlite::reader::Reader;
use crate::store::{EntryFilter, Error, Page, Paged, read};

pub async fn find(reader: &Reader, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, Error> {
    let query = sqlx::query(
        "select layer, kind, key, competing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale
         from entries where source = $1 and layer = $2 and kind = $3 and key = $4",
    )
    .bind(source.0.clone())
    .bind(read::layer_number(layer))
    .bind(kind.to_owned())
    .bind(key.to_owned());
    let found = reader.fetch_optional(query).await?.map(|row| read::entry(&row)).transpose()?;
    Ok(found.filter(|entry| !entry.claim.is_withdrawn()))
}

/// An author's own claim, be it the one that stands or a rival of it.
pub async fn claim_of(reader: &Reader, source: &SourceKey, kind: &str, key: &str, author: &str) -> Result<Option<EntryWrite>, Error> {
    let query = sqlx::query(include_str!("../sql/claim_of.sql"))
        .bind(source.0.clone())
        .bind(read::layer_number(Layer::Finding))
        .bind(kind.to_owned())
        .bind(key.to_owned())
        .bind(author.to_owned());
    let found = reader.fetch_optional(query).await?.map(|row| read::entry(&row)).transpose()?;
    Ok(found.map(|entry| entry.claim).filter(|claim| !claim.is_withdrawn()))
}

pub async fn list(reader: &Reader, source: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, Error> {
    let (layer, kind, key) = pages::entry_position(page)?;
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let query = sqlx::query(listing(filter))
        .bind(source.0.clone())
        .bind(filter.layer.map(read::layer_number))
        .bind(filter.kind.clone())
        .bind(filter.prefix.clone())
        .bind(filter.tag.clone())
        .bind(filter.run.map(String::from))
        .bind(filter.min_confidence)
        .bind(filter.status.map(EntryStatus::name))
        .bind(filter.link.clone())
        .bind(layer)
        .bind(kind)
        .bind(key)
        .bind(limit as i64 + 1);
    let rows = reader.fetch_all(query).await?;
    let items = rows.iter().map(read::entry).collect::<Result<_, _>>()?;
    Ok(pages::of_entries(items, limit))
}

/// The statement whose index fits the filter: entries of a run, entries below a path, or all of a source.
fn listing(filter: &EntryFilter) -> &'static str {
    macro_rules! listing {
        ($($from:literal),+) => {
            concat!(
                include_str!("../sql/list_entries.sql"),
                $($from),+,
                "\n  and e.document <> 'null'\n  and (e.layer, e.kind, e.key) > ($10, $11, $12)\n",
                include_str!("../sql/names.sql"),
                include_str!("../sql/filters.sql"),
                "order by e.layer, e.kind, e.key limit $13"
            )
        };
    }
    if filter.run.is_some() {
        listing!("where e.run = $6 and e.source = $1")
    } else if filter.prefix.is_some() {
        listing!("indexed by entries_by_path where e.source = $1 and e.path >= $4 and e.path < $4 || char(1114111)")
    } else {
        listing!("where e.source = $1")
    }
}
