//! What stands beside entries: claims that do not stand, changes, and entries as they were.

use super::read::named;
use crate::domain::{Change, Layer, Rival, SourceKey};
use crate::store::pages::{self, LARGEST_PAGE};
use crate::store::past::{self, Portion, Was};
use crate::store::postgres::plain;
use crate::store::postgres::reader::Reader;
use crate::store::{Error, KindCount, Page, Paged, read};

pub async fn as_of(reader: &Reader, source: &SourceKey, portion: Portion<'_>) -> Result<Vec<Was>, Error> {
    let Portion { wanted, after: (layer, kind, key), limit } = portion;
    let sql = concat!(include_str!("../sql/past.sql"), include_str!("../sql/names.sql"), include_str!("../sql/past_changes.sql"));
    let query = named(sql, source, wanted.filter)
        .bind(wanted.key.map(plain))
        .bind(layer)
        .bind(plain(&kind))
        .bind(plain(&key))
        .bind(limit as i64)
        .bind(wanted.at);
    past::gathered(&reader.fetch_all(query).await?)
}

pub async fn rivals(reader: &Reader, source: &SourceKey, layer: Layer, kind: &str, key: &str) -> Result<Vec<Rival>, Error> {
    let query = sqlx::query(
        "select r.at, r.author, r.run, r.task, r.step, r.model, r.status, r.confidence, r.tags, r.links, r.evidence, r.document, r.stale
         from fathom.entries as e join fathom.rivals as r on r.entry = e.id
         where e.source = $1 and e.layer = $2 and e.kind = $3 and e.key = $4",
    )
    .bind(plain(&source.0))
    .bind(read::layer_number(layer))
    .bind(plain(kind))
    .bind(plain(key));
    let rows = reader.fetch_all(query).await?;
    let claims = rows.iter().map(|row| read::claim(row, 0, layer, kind.to_owned(), key.to_owned())).collect::<Result<_, _>>()?;
    Ok(past::rivals(claims))
}

pub async fn history(
    reader: &Reader,
    source: &SourceKey,
    layer: Layer,
    kind: &str,
    key: &str,
    page: &Page,
) -> Result<Paged<Change>, Error> {
    let limit = page.limit.clamp(1, LARGEST_PAGE);
    let query = sqlx::query(
        "select h.revision, h.standing,
                h.at, h.author, h.run, h.task, h.step, h.model, h.status, h.confidence, h.tags, h.links, h.evidence, h.document, h.stale
         from fathom.entries as e join fathom.history as h on h.entry = e.id
         where e.source = $1 and e.layer = $2 and e.kind = $3 and e.key = $4 and h.revision < $5
         order by h.revision desc limit $6",
    )
    .bind(plain(&source.0))
    .bind(read::layer_number(layer))
    .bind(plain(kind))
    .bind(plain(key))
    .bind(pages::revision_position(page)?)
    .bind(limit as i64 + 1);
    let rows = reader.fetch_all(query).await?;
    let changes = rows.iter().map(|row| read::change(row, layer, kind, key)).collect::<Result<_, _>>()?;
    Ok(pages::of_changes(changes, limit))
}

pub async fn counts(reader: &Reader, source: &SourceKey) -> Result<Vec<KindCount>, Error> {
    let query = sqlx::query(
        "select layer, kind, case when stale is null then status else 'stale' end, count(*)
         from fathom.entries where source = $1 and document <> 'null' group by 1, 2, 3 order by 1, 2, 3",
    );
    reader.fetch_all(query.bind(plain(&source.0))).await?.iter().map(read::kind_count).collect()
}
