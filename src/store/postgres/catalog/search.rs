//! Search over the words of entries, best hits first.

use sqlx::postgres::PgRow;

use super::frequencies::{self, Frequencies};
use super::lexemes;
use super::read::filtered;
use crate::domain::{Hit, SourceKey};
use crate::store::postgres::reader::Reader;
use crate::store::words::{self, Piece, Term};
use crate::store::{EntryFilter, Error, read};

/// Entries of one search that are ranked; of a word that more have, the best hits may be others.
const MOST_RANKED: i64 = 5_000;

const SEARCH: &str = concat!(
    include_str!("../sql/search.sql"),
    include_str!("../sql/names.sql"),
    include_str!("../sql/filters.sql"),
    include_str!("../sql/search_rank.sql")
);

pub async fn search(
    reader: &Reader,
    frequencies: &Frequencies,
    source: &SourceKey,
    text: &str,
    filter: &EntryFilter,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let limit = limit.min(words::MOST_HITS);
    let terms = words::terms(text);
    if terms.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let all: Vec<Piece<'_>> = terms.iter().flat_map(Term::pieces).collect();
    let common = frequencies.common(reader).await?;
    let mut rows = match words::rarest(&terms, words::room(limit), |prefix| frequencies::count(&common, &lexemes::folded(prefix))) {
        None => hits(reader, source, &all, filter, limit).await?,
        Some(rarest) => {
            let rows = hits(reader, source, &rarest, filter, limit).await?;
            if rows.len() < limit { hits(reader, source, &all, filter, limit).await? } else { rows }
        }
    };
    if rows.is_empty()
        && let Some(finest) = words::finest(&terms)
    {
        rows = hits(reader, source, &finest, filter, limit).await?;
    }
    rows.iter().map(|row| read::hit(row, text)).collect()
}

async fn hits(reader: &Reader, source: &SourceKey, pieces: &[Piece<'_>], filter: &EntryFilter, limit: usize) -> Result<Vec<PgRow>, Error> {
    let pieces: Vec<String> = pieces.iter().map(|piece| lexemes::query(piece)).collect();
    let query = filtered(SEARCH, source, filter).bind(pieces.join(" | ")).bind(pieces).bind(limit as i64).bind(MOST_RANKED);
    reader.fetch_all(query).await
}
