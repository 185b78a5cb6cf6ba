//! How common words are. Ranking a row costs FTS5 some microseconds a word, and a word that most entries have ranks nothing:
//! so a search looks at its rarest words first.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sqlx::Row;

use crate::store::Error;
use crate::store::sqlite::reader::Reader;
use crate::store::words::Term;

/// A count may be this old: a wrong one costs time, never a hit.
const LASTS: Duration = Duration::from_secs(10);
/// Words that are remembered.
const MOST_WORDS: usize = 4_096;

/// What was counted lately.
#[derive(Debug, Default)]
pub struct Frequencies {
    counted: Mutex<HashMap<String, (i64, Instant)>>,
}

impl Frequencies {
    /// In how many entries each name and part stands, as a prefix.
    pub async fn counts(&self, reader: &Reader, terms: &[Term]) -> Result<HashMap<String, i64>, Error> {
        let now = Instant::now();
        let mut counts = HashMap::new();
        let mut missing = Vec::new();
        {
            let counted = self.counted.lock().expect("nobody panics while counting");
            for prefix in terms.iter().flat_map(|term| std::iter::once(&term.name).chain(&term.parts)) {
                match counted.get(prefix) {
                    Some((count, at)) if now.duration_since(*at) < LASTS => {
                        counts.insert(prefix.clone(), *count);
                    }
                    _ => missing.push(prefix),
                }
            }
        }
        if missing.is_empty() {
            return Ok(counts);
        }
        let missing = serde_json::to_string(&missing).expect("texts always serialise");
        let query = sqlx::query(
            "select j.value, (select coalesce(sum(doc), 0) from search_words where term >= j.value and term < j.value || char(1114109))
             from json_each($1) as j",
        )
        .bind(missing);
        let rows = reader.fetch_all(query).await?;
        let mut counted = self.counted.lock().expect("nobody panics while counting");
        if counted.len() > MOST_WORDS {
            counted.clear();
        }
        for row in rows {
            let found = row.try_get::<String, _>(0).and_then(|prefix| Ok((prefix, row.try_get(1)?)));
            let (prefix, count) = found.map_err(|error| reader.failed(&error))?;
            counted.insert(prefix.clone(), (count, now));
            counts.insert(prefix, count);
        }
        Ok(counts)
    }
}
