//! Search over the words of entries, best hits first.

use sqlx::sqlite::SqliteRow;

use super::frequencies::Frequencies;
use crate::domain::{EntryStatus, Hit, SourceKey};
use crate::store::sqlite::reader::Reader;
use crate::store::words::{self, Piece, Term};
use crate::store::{EntryFilter, Error, read};

const SEARCH: &str = concat!(
    include_str!("../sql/search.sql"),
    include_str!("../sql/names.sql"),
    include_str!("../sql/filters.sql"),
    "order by search.rank limit $11"
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
    let all = any_of(terms.iter().flat_map(Term::pieces));
    let counts = frequencies.counts(reader, &terms).await?;
    let count = |prefix: &str| counts.get(prefix).copied().unwrap_or(0);
    let rows = match words::rarest(&terms, words::room(limit), count) {
        None => hits(reader, source, all, filter, limit).await?,
        Some(rarest) => {
            let rows = hits(reader, source, any_of(rarest), filter, limit).await?;
            if rows.len() < limit { hits(reader, source, all, filter, limit).await? } else { rows }
        }
    };
    rows.iter().map(|row| read::hit(row, text)).collect()
}

async fn hits(reader: &Reader, source: &SourceKey, words: String, filter: &EntryFilter, limit: usize) -> Result<Vec<SqliteRow>, Error> {
    let query = sqlx::query(SEARCH)
        .bind(source.0.clone())
        .bind(filter.layer.map(read::layer_number))
        .bind(filter.kind.clone())
        .bind(filter.prefix.clone())
        .bind(filter.tag.clone())
        .bind(filter.run.map(String::from))
        .bind(filter.min_confidence)
        .bind(filter.status.map(EntryStatus::name))
        .bind(filter.link.clone())
        .bind(words)
        .bind(limit as i64);
    reader.fetch_all(query).await
}

/// Any of the pieces is a hit.
fn any_of<'t>(pieces: impl IntoIterator<Item = Piece<'t>>) -> String {
    let pieces = pieces.into_iter().map(|piece| match piece {
        [word] => quoted(word),
        words => format!("({})", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" AND ")),
    });
    pieces.collect::<Vec<_>>().join(" OR ")
}

fn quoted(word: &str) -> String {
    if words::is_prefix(word) { format!("\"{word}\"*") } else { format!("\"{word}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_query_or_none() {
        for (text, expect) in [
            ("", ""),
            ("\" ' * ( ) ___ --", ""),
            ("c++", "\"c\""),
            ("Orders orders", "\"orders\"*"),
            ("a_b", "\"a_b\"* OR (\"a\" AND \"b\")"),
            ("shop.orders", "\"shop\"* OR \"orders\"*"),
        ] {
            assert_eq!(any_of(words::terms(text).iter().flat_map(Term::pieces)), expect, "{text}");
        }
    }
}
