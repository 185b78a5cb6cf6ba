//! Entries one by one and in lists.

use crate::domain::{Entry, EntryStatus, EntryWrite, Layer, SourceKey};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::postgres::plain;
use crate::store::postgres::reader::{PoolQuery, Reader};
use crate::store::{EntryFilter, Error, Page, Paged, read};

pub async fn find(reader: &Reader, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, Error> {
    let query = sqlx::query(
        "select layer, kind, key, competing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document, stale
         from fathom.entries where source = $1 and layer = $2 and kind = $3 and key = $4",
    )
    .bind(plain(&source.0))
    .bind(read::layer_number(layer))
    .bind(plain(kind))
    .bind(plain(key));
    let found = reader.fetch_optional(query).await?.map(|row| read::entry(&row)).transpose()?;
    Ok(found.filter(|entry| !entry.claim.is_withdrawn()))
}

/// An author's own claim, be it the one that stands or a rival of it.
pub async fn claim_of(reader: &Reader, source: &SourceKey, kind: &str, key: &str, author: &str) -> Result<Option<EntryWrite>, Error> {
    let query = sqlx::query(include_str!("../sql/claim_of.sql"))
        .bind(plain(&source.0))
        .bind(read::layer_number(Layer::Finding))
        .bind(plain(kind))
        .bind(plain(key))
        .bind(plain(author));
    let found = reader.fetch_optional(query).await?.map(|row| read::entry(&row)).transpose()?;
    Ok(found.map(|entry| entry.claim).filter(|claim| !claim.is_withdrawn()))
}

pub async fn list(reader: &Reader, source: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, Error> {
    let (layer, kind, key) = pages::entry_position(page)?;
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let list = concat!(
        include_str!("../sql/list_entries.sql"),
        include_str!("../sql/names.sql"),
        include_str!("../sql/filters.sql"),
        "order by e.layer, e.kind, e.key limit $13"
    );
    let query = filtered(list, source, filter).bind(layer).bind(plain(&kind)).bind(plain(&key)).bind(limit as i64 + 1);
    let items = reader.fetch_all(query).await?.iter().map(read::entry).collect::<Result<_, _>>()?;
    Ok(pages::of_entries(items, limit))
}

/// With $1 to $9 bound; planned for the filter at hand.
pub fn filtered(sql: &'static str, source: &SourceKey, filter: &EntryFilter) -> PoolQuery {
    named(sql, source, filter)
        .bind(filter.tag.as_ref().map(read::json_text))
        .bind(filter.run.map(String::from))
        .bind(filter.min_confidence)
        .bind(filter.status.map(EntryStatus::name))
        .bind(filter.link.as_ref().map(read::json_text))
}

/// With $1 to $4 bound, which ask of an entry's name only.
pub fn named(sql: &'static str, source: &SourceKey, filter: &EntryFilter) -> PoolQuery {
    sqlx::query(sql)
        .persistent(false)
        .bind(plain(&source.0))
        .bind(filter.layer.map(read::layer_number))
        .bind(filter.kind.as_deref().map(plain))
        .bind(filter.prefix.as_deref().map(plain))
}
