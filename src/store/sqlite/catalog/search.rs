//! Search over the words of entries, best hits first.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;

use super::frequencies::{Frequencies, Spellings};
use crate::domain::{EntryStatus, Hit, SourceKey};
use crate::store::sqlite::reader::Reader;
use crate::store::words::{self, Piece, Term};
use crate::store::{EntryFilter, Error, read};

/// Entries of one search that are ranked; of a word that more have, the best hits may be others.
const MOST_RANKED: i64 = 4_000;

const SEARCH: &str = concat!(
    include_str!("../sql/search.sql"),
    include_str!("../sql/names.sql"),
    include_str!("../sql/filters.sql"),
    "order by best.score desc, best.id limit $11"
);

/// What a search goes by, whatever it looks for.
struct Searching<'s> {
    reader: &'s Reader,
    source: &'s SourceKey,
    filter: &'s EntryFilter,
    limit: usize,
    spellings: HashMap<String, Arc<Spellings>>,
}

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
    let spellings = frequencies.spellings(reader, &terms).await?;
    let searching = Searching { reader, source, filter, limit, spellings };
    let count = |prefix: &str| Some(searching.spellings.get(prefix).map_or(0, |spellings| spellings.count()));
    let mut rows = match words::rarest(&terms, words::room(limit), count) {
        None => Vec::new(),
        Some(rarest) => searching.hits(&rarest).await?,
    };
    if rows.len() < limit {
        rows = searching.hits(&terms.iter().flat_map(Term::pieces).collect::<Vec<_>>()).await?;
    }
    if rows.is_empty()
        && let Some(finest) = words::finest(&terms)
    {
        rows = searching.hits(&finest).await?;
    }
    rows.iter().map(|row| read::hit(row, text)).collect()
}

impl Searching<'_> {
    /// The best of the entries that have any of the pieces.
    async fn hits(&self, pieces: &[Piece<'_>]) -> Result<Vec<SqliteRow>, Error> {
        let rows = self.best_of(&any_of(pieces, &self.spellings), MOST_RANKED).await?;
        if rows.len() == self.limit || !self.are_more(pieces) {
            return Ok(rows);
        }
        // The filter, or other sources, may have left nothing of those that were ranked, and something of the others.
        self.best_of(&any_of(pieces, &HashMap::new()), -1).await
    }

    /// Whether more entries than are ranked may have one of the pieces; of a word that was not counted nobody knows.
    fn are_more(&self, pieces: &[Piece<'_>]) -> bool {
        let count = |word: &String| self.spellings.get(word).filter(|spellings| spellings.are_all).map(|spellings| spellings.count());
        let most = |piece: &Piece<'_>| piece.iter().filter_map(count).min();
        let all: Option<i64> = pieces.iter().map(most).sum();
        all.is_none_or(|all| all == 0 || all > MOST_RANKED)
    }

    async fn best_of(&self, words: &str, ranked: i64) -> Result<Vec<SqliteRow>, Error> {
        let filter = self.filter;
        let query = sqlx::query(SEARCH)
            .bind(self.source.0.clone())
            .bind(filter.layer.map(read::layer_number))
            .bind(filter.kind.clone())
            .bind(filter.prefix.clone())
            .bind(filter.tag.clone())
            .bind(filter.run.map(String::from))
            .bind(filter.min_confidence)
            .bind(filter.status.map(EntryStatus::name))
            .bind(filter.link.clone())
            .bind(words.to_owned())
            .bind(self.limit as i64)
            .bind(ranked);
        self.reader.fetch_all(query).await
    }
}

/// Any of the pieces is a hit.
fn any_of(pieces: &[Piece<'_>], spellings: &HashMap<String, Arc<Spellings>>) -> String {
    let looked_for = |word: &String| looked_for(word, spellings.get(word).map(Arc::as_ref));
    let pieces = pieces.iter().map(|piece| match piece {
        [word] => looked_for(word),
        words => format!("({})", words.iter().map(looked_for).collect::<Vec<_>>().join(" AND ")),
    });
    pieces.collect::<Vec<_>>().join(" OR ")
}

/// The word as a beginning; where many words begin so, as the first of them, which are the shortest.
fn looked_for(word: &str, spellings: Option<&Spellings>) -> String {
    match spellings.filter(|spellings| !spellings.are_all || spellings.count() > MOST_RANKED) {
        Some(spellings) if words::is_prefix(word) => {
            let mut hits = 0;
            let first = spellings.words.iter().take_while(|(_, count)| {
                let fits = hits == 0 || hits + count <= MOST_RANKED;
                hits += count;
                fits
            });
            format!("({})", first.map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(" OR "))
        }
        _ if words::is_prefix(word) => format!("\"{word}\"*"),
        _ => format!("\"{word}\""),
    }
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
            ("a_b", "\"a_b\"* OR \"ab\"* OR (\"a\" AND \"b\")"),
            ("shop.orders", "\"shop\"* OR \"orders\"*"),
        ] {
            let terms = words::terms(text);
            assert_eq!(any_of(&terms.iter().flat_map(Term::pieces).collect::<Vec<_>>(), &HashMap::new()), expect, "{text}");
        }
    }

    #[test]
    fn a_beginning_of_many_words_is_the_first_of_them() {
        let spelled = |are_all: bool, words: &[(&str, i64)]| {
            let words = words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
            looked_for("t1", Some(&Spellings { words, are_all }))
        };
        assert_eq!(spelled(true, &[("t1", 20), ("t10", 20)]), "\"t1\"*");
        assert_eq!(spelled(false, &[("t1", 20), ("t10", 20)]), "(\"t1\" OR \"t10\")");
        assert_eq!(spelled(true, &[("t1", 3_000), ("t10", 2_000), ("t11", 1)]), "(\"t1\")");
        assert_eq!(spelled(true, &[("t1", 1_000_000), ("t10", 2_000)]), "(\"t1\")");
        assert_eq!(spelled(true, &[]), "\"t1\"*");
    }
}
