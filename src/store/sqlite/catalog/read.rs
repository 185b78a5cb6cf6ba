//! Entries one by one and in lists.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::claims;
use crate::domain::{Entry, Layer, SourceKey};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::sqlite::reader::Reader;
use crate::store::{EntryFilter, Error, Page, Paged};

const LIST: &str = "entries";

pub async fn find(reader: &Reader, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Option<Entry>, Error> {
    let query = sqlx::query(
        "select layer, kind, key, competing, at, author, run, task, step, model, status, confidence, tags, links, evidence, document
         from entries where source = $1 and layer = $2 and kind = $3 and key = $4",
    )
    .bind(source.0.clone())
    .bind(claims::layer_number(layer))
    .bind(kind.to_owned())
    .bind(key.to_owned());
    reader.fetch_optional(query).await?.map(|row| entry(&row)).transpose()
}

pub async fn list(reader: &Reader, source: &SourceKey, filter: &EntryFilter, page: &Page) -> Result<Paged<Entry>, Error> {
    let (layer, kind, key) = match &page.after {
        None => (-1, String::new(), String::new()),
        Some(token) => {
            let position = pages::position(LIST, token)?;
            serde_json::from_str::<(i64, String, String)>(&position).map_err(|_| Error::BadPageToken(token.clone()))?
        }
    };
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let query = sqlx::query(listing(filter))
        .bind(source.0.clone())
        .bind(filter.layer.map(claims::layer_number))
        .bind(filter.kind.clone())
        .bind(filter.prefix.clone())
        .bind(filter.tag.clone())
        .bind(filter.run.map(String::from))
        .bind(filter.min_confidence)
        .bind(layer)
        .bind(kind)
        .bind(key)
        .bind(limit as i64 + 1);
    let rows = reader.fetch_all(query).await?;
    let more = rows.len() > limit;
    let items = rows.iter().take(limit).map(entry).collect::<Result<Vec<_>, _>>()?;
    let next = items.last().filter(|_| more).map(|last| {
        let position = (claims::layer_number(last.claim.layer), &last.claim.kind, &last.claim.key);
        pages::token(LIST, &serde_json::to_string(&position).expect("a number and texts always serialise"))
    });
    Ok(Paged { items, next })
}

/// The statement whose index fits the filter: entries of a run, entries below a path, or all of a source.
fn listing(filter: &EntryFilter) -> &'static str {
    if filter.run.is_some() {
        concat!(
            include_str!("../sql/list_entries.sql"),
            "where e.run = $6 and e.source = $1\n",
            include_str!("../sql/list_entries_where.sql")
        )
    } else if filter.prefix.is_some() {
        concat!(
            include_str!("../sql/list_entries.sql"),
            "indexed by entries_by_path\nwhere e.source = $1 and e.path >= $4 and e.path < $4 || char(1114111)\n",
            include_str!("../sql/list_entries_where.sql")
        )
    } else {
        concat!(include_str!("../sql/list_entries.sql"), "where e.source = $1\n", include_str!("../sql/list_entries_where.sql"))
    }
}

fn entry(row: &SqliteRow) -> Result<Entry, Error> {
    let identity = (|| Ok::<_, sqlx::Error>((row.try_get::<i64, _>(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)))();
    let (layer, kind, key, competing) = identity.map_err(|error| Error::Corrupt(format!("an entry: {error}")))?;
    let claim = claims::read(row, 4, claims::layer(layer)?, kind, key)?;
    Ok(Entry { claim: claim.write, competing, at: claim.at })
}
